/** Where the state lives: TF_HOME, or ~/.tollfence; and the names of what is in it. */
import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { exitCode, Fault } from '../src/errors.js';

/** Bytes that the path of a unix socket may have (`sun_path` without its NUL): a longer one would be cut off in silence. */
const socketLimit = process.platform === 'linux' ? 107 : 103;

/** The directory of all state, absolute. It may not exist yet. Throws `Fault` if no control socket could be in it. */
export function home(): string {
  const root = resolve(process.env.TF_HOME || join(homedir(), '.tollfence'));
  const excess = Buffer.byteLength(join(root, 'control.sock')) - socketLimit;
  if (excess <= 0) return root;
  throw new Fault(
    exitCode.usage,
    `The path of TF_HOME is ${excess} bytes too long for the control socket in it: ${root}`,
    'Set TF_HOME to a directory with a shorter path.',
  );
}

/** The home can't be used, and why, for a person. */
export const unusable = (root: string, error: unknown): Fault =>
  new Fault(
    exitCode.failed,
    `TF_HOME can't be used: ${root} (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`,
    'It must be a directory in which you may write. Correct that, or set TF_HOME to another one.',
  );

/** Paths within {@link home}. */
export const paths = (root: string = home()) => ({
  root,
  config: join(root, 'config.yaml'),
  vault: join(root, 'vault.db'),
  ledger: join(root, 'ledger.db'),
  logKey: join(root, 'log.key'),
  state: join(root, 'state.db'),
  ca: join(root, 'ca'),
  operator: join(root, 'operator.key'),
  socket: join(root, 'control.sock'),
  run: join(root, 'run'),
  proxyLog: join(root, 'run', 'proxy.log'),
  port: join(root, 'run', 'port'),
  policy: join(root, 'policy.wasm'),
  prices: join(root, 'prices.yaml'),
});

/** All paths within a home. */
export type Paths = ReturnType<typeof paths>;

/** The key file of a new vault: not beside what it opens. */
export const vaultKeyFile = (root: string): string => {
  const config = process.env.XDG_CONFIG_HOME || join(homedir(), '.config');
  return join(config, 'tollfence', 'keys', `${createHash('sha256').update(root).digest('hex').slice(0, 32)}.key`);
};
