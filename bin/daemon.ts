/** The background proxy: found if one runs, started if not; several that start in one instant end up with one. */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { exitCode, Fault } from '../src/errors.js';
import { home, paths, unusable } from './home.js';

const patience = 20_000;
/** Names are looked up by half of these; one that nobody answers holds its thread for half a minute. */
const threads = '16';

/** Whether somebody answers at the control socket. */
export function answers(socketPath: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(socketPath);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** What the proxy may take over from the environment of whoever happened to start it. */
const inherited =
  /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_.*|TZ|TMPDIR|XDG_.*|TF_HOME|TF_MASTER_KEY|TF_PASSPHRASE|SSL_CERT_DIR|OPA_PATH|DBUS_SESSION_BUS_ADDRESS|SystemRoot)$/;

function start(): { exited: Promise<number | null> } {
  const at = paths();
  let output: number;
  try {
    mkdirSync(at.run, { recursive: true, mode: 0o700 });
    output = openSync(at.proxyLog, 'a', 0o600);
  } catch (error) {
    throw unusable(at.root, error);
  }
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => inherited.test(name)));
  // An agent of the same user must not open Node's inspector in the proxy with a signal.
  const flags = process.allowedNodeEnvironmentFlags.has('--disable-sigusr1') ? ['--disable-sigusr1'] : [];
  // Bulk fills the young generation with buffers; a small one costs requests nothing, and memory much less.
  flags.push('--max-semi-space-size=4');
  const child = spawn(
    process.execPath,
    [...flags, fileURLToPath(new URL('./tf.js', import.meta.url)), 'serve', '--background'],
    {
      cwd: at.root,
      // Without this every thread keeps memory of its own for what it once needed.
      env: { ...env, MALLOC_ARENA_MAX: '2', UV_THREADPOOL_SIZE: threads, TF_HOME: home() },
      detached: true,
      stdio: ['ignore', output, output],
    },
  );
  closeSync(output);
  child.unref();
  return {
    exited: new Promise(resolve => {
      child.once('exit', code => resolve(code));
      child.once('error', () => resolve(1));
    }),
  };
}

/** The last words of a proxy that didn't start. */
function lastWords(): string {
  try {
    const text = readFileSync(paths().proxyLog, 'utf8');
    return text
      .slice(text.lastIndexOf('error: '))
      .trim()
      .slice(0, 4_000)
      .replace(/^error: /, '');
  } catch {
    return '';
  }
}

/** Starts a proxy; null once one answers, else the code with which it ended. */
async function attempt(until: number): Promise<number | null> {
  const { socket } = paths();
  const { exited } = start();
  let code: number | null = null;
  void exited.then(result => {
    code = result ?? 1;
  });
  // The one before which it stepped back gets a moment to come up.
  for (let rounds = 20; rounds > 0 && Date.now() < until; rounds -= code === null ? 0 : 1) {
    if (await answers(socket)) return null;
    if (code !== null && code !== 0) break;
    await new Promise(resolve => setTimeout(resolve, 10));
  }
  return code ?? 1;
}

/** Returns once a proxy answers. Throws `Fault` (unreachable) with the reason when it doesn't come up. */
export async function ensureProxy(): Promise<void> {
  const { socket } = paths();
  if (await answers(socket)) return;
  const until = Date.now() + patience;
  let code: number | null = 0;
  // A proxy that finds another one steps back without a fault. That one is starting, or just ending: then it takes another.
  while (code === 0 && Date.now() < until) {
    code = await attempt(until);
    if (code === null) return;
  }
  const reason = lastWords();
  throw new Fault(
    exitCode.unreachable,
    `The proxy did not start.${reason ? `\n${reason}` : ''}`,
    `Its output is in ${paths().proxyLog}.`,
  );
}
