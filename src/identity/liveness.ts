/** Liveness: whether a process is still the one that it was (proc(5)). Elsewhere than on Linux, only whether there is one of that number. */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { processes } from './processes.js';

/** Id of this start of the system; null where there is none to be read. */
export function bootId(): string | null {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    return null;
  }
}

/** A process that is looked at again and again. */
export interface Watched {
  /** Whether it is still there, and runs: what has ended and waits for its parent is not. */
  lives(): boolean;
  close(): void;
}

const ended: Watched = { lives: () => false, close: () => {} };
const buffer = Buffer.alloc(128);

/**
 * Watches the process `pid` that started at `started` (clock ticks; null: whenever). What is open to it is the process itself and not its number, so that
 * another one with that number is never taken for it. A look costs some microseconds.
 */
export function watch(pid: number, started: number | null): Watched {
  if (!processes.known) return { lives: () => exists(pid), close: () => {} };
  let file: number;
  try {
    file = openSync(`/proc/${pid}/stat`, 'r');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return ended;
    throw error;
  }
  if (started !== null && processes.read(pid)?.started !== started) {
    closeSync(file);
    return ended;
  }
  return {
    lives() {
      try {
        const length = readSync(file, buffer, 0, buffer.length, 0);
        const state = buffer[buffer.lastIndexOf(0x29, length) + 2];
        return state !== zombie && state !== dead;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
        throw error;
      }
    },
    close: () => closeSync(file),
  };
}

const zombie = 'Z'.charCodeAt(0);
const dead = 'X'.charCodeAt(0);

/** Whether there is a process of this number. */
export function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
