/** Mail: a message goes to a command's standard input. The command is the operator's own, and runs with next to no environment. */
import { spawn } from 'node:child_process';
import { inert, Undelivered } from '../../../src/notify/index.js';

/** Of what the command complains about, this much is kept. */
const longest = 2_000;
/** Once it has failed, so long in milliseconds its last words may take: somebody else may hold its standard error. */
const lastWords = 1_000;

/** Runs the command with this message. Rejects `Undelivered` unless it ends with 0 within `limit` ms, and before `signal`. */
export function sendMail(
  command: readonly string[],
  message: string,
  limit: number,
  signal: AbortSignal,
): Promise<void> {
  const [program = '', ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: '/',
      env: {
        PATH: process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin',
        LANG: 'C.UTF-8',
        HOME: process.env.HOME ?? '/',
      },
      stdio: ['pipe', 'ignore', 'pipe'],
      // A group of its own, so that what it started ends with it.
      detached: true,
    });
    let said = '';
    let ended = false;
    const end = (): void => {
      ended = true;
      try {
        process.kill(-child.pid!, 'SIGKILL');
      } catch {
        // it has ended
      }
      child.stderr.destroy();
    };
    const timer = setTimeout(end, limit);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
    /** Its number may be somebody else's by now. */
    const spare = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
    };
    child.stderr.setEncoding('utf8').on('data', (piece: string) => {
      said = (said + piece).slice(-longest);
    });
    // A command that doesn't read says with its exit code whether that matters.
    child.stdin.on('error', () => {});
    child.once('error', error => {
      spare();
      reject(new Undelivered(`the command can't be started: ${inert((error as { code?: string }).code ?? 'unknown')}`));
    });
    child.once('exit', code => {
      spare();
      if (code === 0) resolve();
      setTimeout(() => child.stderr.destroy(), code === 0 ? 0 : lastWords).unref();
    });
    child.once('close', (code, cause) => {
      const how = ended
        ? `was ended after ${limit} ms`
        : code === null
          ? `was ended by ${cause}`
          : `ended with ${code}`;
      const words = inert(said.trim().split('\n').at(-1) ?? '', 200);
      reject(new Undelivered(`the command ${how}${words === '' ? '' : `: ${words}`}`));
    });
    child.stdin.end(message);
  });
}
