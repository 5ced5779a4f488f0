/** The child: its stdio, terminal, signals and exit code are its own; `tf` only stands behind it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync } from 'node:fs';
import { constants } from 'node:os';
import { type Process, processes } from '../../src/identity/processes.js';

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

/** Processes that are ended: each with its start, so that another one with its number is let alone. */
type Tree = Map<number, number>;

const lives = (pid: number, started: number): boolean => {
  const process = processes.read(pid);
  return process !== null && process.started === started && process.zombie !== true;
};

/** Adds what stands below those that are known (Linux; elsewhere only the child is), and returns it, parents first. */
function grow(tree: Tree): number[] {
  const children = new Map<number, Process[]>();
  for (const name of processes.known ? readdirSync('/proc') : []) {
    const process = /^\d+$/.test(name) ? processes.read(Number(name)) : null;
    if (process !== null) children.set(process.parent, [...(children.get(process.parent) ?? []), process]);
  }
  const added: number[] = [];
  for (const pid of tree.keys())
    for (const process of children.get(pid) ?? [])
      if (!tree.has(process.pid)) {
        tree.set(process.pid, process.started);
        added.push(process.pid);
      }
  return added;
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

/** How long processes may take to end by themselves, and how often it is looked, in milliseconds. */
const grace = 5_000;
const glance = 50;

/**
 * Ends the child and everything below it: SIGTERM, and SIGKILL for what is there after five seconds. Resolves when nothing of it
 * is left, or when five more seconds didn't help.
 */
export async function terminate(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return;
  const tree: Tree = new Map([[child.pid, processes.read(child.pid)?.started ?? 0]]);
  const ended = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const left = (): number[] =>
    processes.known
      ? [...tree].filter(([pid, started]) => lives(pid, started)).map(([pid]) => pid)
      : ended()
        ? []
        : [child.pid!];
  /** What is stopped starts nothing, and loses no child, between being seen and being ended. */
  const end = (name: NodeJS.Signals): void => {
    signal(left(), 'SIGSTOP');
    for (let added = grow(tree); added.length > 0; added = grow(tree)) signal(added, 'SIGSTOP');
    signal(left(), name);
    signal(left(), 'SIGCONT');
  };
  const since = Date.now();
  end('SIGTERM');
  for (let late = false; !ended() || left().length > 0; late = Date.now() >= since + grace) {
    if (Date.now() >= since + 2 * grace) return;
    if (late) end('SIGKILL');
    else signal(grow(tree), 'SIGTERM');
    await new Promise(resolve => setTimeout(resolve, glance));
  }
}
