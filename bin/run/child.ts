/** The child: its stdio, terminal, signals and exit code are its own; `tf` only stands behind it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';

const hasTerminal = (): boolean => {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
};

const forwarded: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGHUP', 'SIGUSR2', 'SIGCONT', 'SIGWINCH'];
// The terminal sends these to the whole group; sent on as well, the child would get them twice.
const fromTerminal: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT'];

/**
 * Starts it with the streams of this process. Signals to this process are the child's from then on. Rejects with the error
 * of the system (ENOENT, EACCES …).
 */
export function startChild(
  [program, ...args]: readonly [string, ...string[]],
  env: Record<string, string>,
): Promise<ChildProcess> {
  const terminal = hasTerminal();
  // Before it is there: a signal that answers its first word must not find this process unprepared, and end it alone.
  for (const signal of forwarded) process.on(signal, () => child.kill(signal));
  for (const signal of fromTerminal) process.on(signal, () => (terminal ? undefined : child.kill(signal)));
  const child = spawn(program, args, { stdio: 'inherit', env });
  return new Promise((resolve, reject) => {
    child.once('spawn', () => resolve(child));
    child.once('error', reject);
  });
}

/** Resolves with its exit code, 128+n if signal n ended it. */
export const follow = (child: ChildProcess): Promise<number> =>
  new Promise(resolve => {
    child.once('exit', (code, signal) => resolve(code ?? 128 + (constants.signals[signal as NodeJS.Signals] ?? 0)));
  });

/** The processes below one, children before their own children (Linux; elsewhere only itself is known). */
function tree(pid: number): number[] {
  const children = new Map<number, number[]>();
  try {
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
        const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
        children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
      } catch {
        // it has ended meanwhile
      }
    }
  } catch {
    return [pid];
  }
  const all = [pid];
  for (let i = 0; i < all.length; i++) all.push(...(children.get(all[i]!) ?? []));
  return all;
}

const signal = (pids: readonly number[], name: NodeJS.Signals): void => {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch {
      // it has ended
    }
  }
};

/** Ends the child and everything below it: SIGTERM, then SIGKILL after five seconds. */
export function terminate(child: ChildProcess): void {
  if (child.pid === undefined) return;
  const pids = tree(child.pid);
  signal(pids, 'SIGTERM');
  setTimeout(
    () => signal([...new Set([...pids, ...(child.exitCode === null ? tree(child.pid!) : [])])], 'SIGKILL'),
    5_000,
  ).unref();
}
