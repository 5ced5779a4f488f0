/** Where the state lives: TF_HOME, or ~/.tollfence; and the names of what is in it. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** The directory of all state, absolute. It may not exist yet. */
export const home = (): string => resolve(process.env.TF_HOME || join(homedir(), '.tollfence'));

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
});

/** All paths within a home. */
export type Paths = ReturnType<typeof paths>;

/** The key file of a new vault: not beside what it opens. */
export const vaultKeyFile = (root: string): string => {
  const config = process.env.XDG_CONFIG_HOME || join(homedir(), '.config');
  return join(config, 'tollfence', 'keys', `${Buffer.from(root).toString('base64url').slice(-48)}.key`);
};
