/**
 * Remains: runs that have ended while processes of theirs go on, as when their supervisor was killed, or a daemon was left. Such a
 * process stands inside as before: else a run would only have to end for what it has started to become an operator.
 */
import { readdirSync } from 'node:fs';
import { ancestry, type Processes, processes } from './processes.js';
import { type Inhabited, standing } from './standing.js';
import type { Shelf, StoredRun } from './state.js';

/** A run that has ended, and where its processes are. */
export interface Left extends Inhabited {
  /** The start of the system in which that is so. */
  readonly boot: string | null;
}

/** Those of this proxy. They are kept over its restart. */
export interface Remains {
  list(): readonly Inhabited[];
  /** Notes a run that has ended, if processes of it are left. */
  add(run: StoredRun): void;
  close(): void;
}

/** Whether some process is, or may be, what this run has left. What this process has started is not. */
function inhabited(run: Inhabited, pids: readonly number[], table: Processes): boolean {
  const since = run.footprint?.started ?? Number.POSITIVE_INFINITY;
  return pids.some(pid => {
    const found = pid === 1 ? null : table.read(pid);
    if (found === null || found.zombie || found.started < since) return false;
    const how = standing(pid, null, [run], table)?.how;
    return how !== undefined && how !== 'claim' && ancestry(pid, table).line.every(above => above.pid !== process.pid);
  });
}

const allPids = (): number[] =>
  readdirSync('/proc')
    .map(Number)
    .filter(pid => pid > 0);

/** How long until it is looked again, in milliseconds: at first, and at most. */
const soon = 100;
const late = 10_000;

/** Opens what is kept on `shelf`; `boot` is the id of this start of the system. */
export function openRemains(shelf: Shelf<Left>, boot: string | null, table = processes, pids = allPids): Remains {
  const all = new Map<string, Left>();
  let wait = soon;
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    const there = pids();
    for (const run of all.values()) {
      if (run.boot === boot && inhabited(run, there, table)) continue;
      all.delete(run.id);
      shelf.remove(run.id);
    }
    clearTimeout(timer);
    if (all.size > 0) timer = setTimeout(look, wait).unref();
    wait = Math.min(wait * 2, late);
  };
  if (table.known) {
    for (const run of shelf.all()) all.set(run.id, run);
    look();
  }
  return {
    list: () => [...all.values()],
    add({ id, pid, starting, runs, footprint }) {
      const run: Left = { id, pid, runs, boot, ...(starting && { starting }), ...(footprint && { footprint }) };
      if (!table.known || !inhabited(run, pids(), table)) return;
      all.set(id, run);
      shelf.put(id, run);
      clearTimeout(timer);
      wait = soon;
      timer = setTimeout(look, wait).unref();
    },
    close: () => clearTimeout(timer),
  };
}
