/**
 * Standing: in which run a process stands. By its ancestors; where those were lost (a daemon's double fork), by what it
 * still shares with a run; and by what is claimed, which only ever makes it stand further inside.
 */
import { type Ancestry, ancestry, type Place, type Processes, processes } from './processes.js';
import type { StoredRun } from './state.js';

/** Where somebody stands. */
export interface Standing {
  /** Id of the innermost run. It may have ended, when it is only claimed. */
  readonly run: string;
  /** `ancestry`: a process of that run started it. `remains`: it may be what that run left behind. `claim`: it says so. */
  readonly how: 'ancestry' | 'remains' | 'claim';
  /** False when it may stand in one of several runs, none of which was started from the other. */
  readonly sure: boolean;
}

/** What is known of a run that is alive. */
export type Inhabited = Pick<StoredRun, 'id' | 'pid' | 'starting' | 'runs' | 'footprint'>;

/** Whether `inner` is `outer` or was started from it. */
const within = (inner: Inhabited, outer: Inhabited): boolean => inner.runs.includes(outer.id);

/** The run of the nearest ancestor that is one's process: id and start must be the same. */
export function runAbove({ line }: Ancestry, runs: readonly Inhabited[]): Inhabited | null {
  let nearest: Inhabited | null = null;
  let distance = Number.POSITIVE_INFINITY;
  for (const run of runs) {
    const at = line.findIndex(
      ({ pid, started }) => pid === run.pid && (run.footprint === undefined || run.footprint.started === started),
    );
    // Until its agent is there, a run is known by its supervisor, which stands outside; what it starts doesn't.
    if (at < (run.starting ? 1 : 0) || at > distance) continue;
    // What a supervisor has started stands in its new run, not only in the one around it.
    if (at === distance && nearest !== null && within(nearest, run)) continue;
    nearest = run;
    distance = at;
  }
  return nearest;
}

/**
 * Whether a process without a run above it may be what this run left behind: it began later, in the same cgroup, and nothing
 * older leads to it but what adopts orphans. That is the first process, or (a service manager of one's own) a process in
 * another cgroup.
 */
function remains(
  { line, whole }: Ancestry,
  { footprint: run }: Inhabited,
  placeOf: (pid: number) => Place | null,
): boolean {
  if (run === undefined || line.length === 0) return false;
  let top = line[0]!;
  for (const process of line) {
    if (process.pid === 1) break;
    const same = placeOf(process.pid)?.cgroup === run.cgroup;
    if (!same && process === line[0]) return false;
    if (!same) break;
    if (process.started < run.started) return false;
    top = process;
  }
  // Entered from outside of the namespace (`docker exec`): the kernel gives orphans another parent than none.
  if (whole && top.parent === 0) return false;
  // Of somebody else, like a login: what this user runs can't have left it behind.
  const place = placeOf(top.pid);
  return place === null || place.user === run.user;
}

/** Where a process stands among these runs; `claim`: the run that it names by itself. Null: outside of all. */
export function standing(
  pid: number | null,
  claim: string | null,
  runs: readonly Inhabited[],
  table: Processes = processes,
): Standing | null {
  const above: Ancestry = pid === null || !table.known ? { line: [], whole: true } : ancestry(pid, table);
  const declared = above.line.map(({ pid: each }) => table.declaredRun(each));
  const claims = [...declared, claim].filter((name): name is string => name !== null && name !== '');
  /** Claims may lead further inside, and nowhere else. */
  const deepest = (from: Inhabited): Inhabited =>
    claims
      .flatMap(name => runs.find(({ id }) => id === name) ?? [])
      .reduce((inner, run) => (within(run, inner) ? run : inner), from);

  const proven = runAbove(above, runs);
  if (proven !== null) return { run: deepest(proven).id, how: 'ancestry', sure: true };

  const places = new Map<number, Place | null>();
  const placeOf = (each: number): Place | null => {
    if (!places.has(each)) places.set(each, table.place(each));
    return places.get(each)!;
  };
  const possible = runs.filter(run => remains(above, run, placeOf));
  if (possible.length > 0) {
    const inner = possible.reduce((deep, run) => (run.runs.length > deep.runs.length ? run : deep));
    const sure = possible.every(run => within(inner, run));
    return { run: deepest(inner).id, how: 'remains', sure };
  }
  const [first] = claims;
  return first === undefined ? null : { run: first, how: 'claim', sure: true };
}
