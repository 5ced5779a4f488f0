/** Voiding: a run that is not what it was is recorded, kept and told to all, once; what it still has open is ended. */
import { userEnd, userEnded } from '../identity/binding.js';
import type { Run, Runs } from '../identity/runs.js';
import type { Log } from '../log/index.js';
import type { KillScope } from '../model.js';

export interface VoidingParts {
  readonly runs: Pick<Runs, 'find' | 'void'>;
  readonly log: Pick<Log, 'record'>;
  changed(): Promise<void>;
  stop(scope: KillScope): Promise<unknown>;
}

/** The answer to the request that found it out has so long to leave, in milliseconds. */
const grace = 1_000;

/** Makes a run void, for this reason; the id of its entry. */
export type MakeVoid = (run: string, reason: string) => Promise<string>;

export function openVoiding({ runs, log, changed, stop }: VoidingParts): MakeVoid {
  const entries = new Map<string, Promise<string>>();
  async function record(id: string, reason: string): Promise<string> {
    const subject = runs.find(id)?.subject ?? null;
    const decision = { effect: 'deny', rule: 'binding', reason, secret: null, policy_sha256: null };
    const entry = {
      type: 'action.decided',
      run: id,
      subject,
      grant: null,
      action: null,
      resource: null,
      request: null,
      decision,
    } as const;
    const { id: evidence } = await log.record(entry);
    runs.void(id, { reason, evidence });
    await changed();
    setTimeout(() => void stop({ kind: 'run', name: id }).catch(() => {}), grace).unref();
    return evidence;
  }
  return async (id, reason) => {
    const known = runs.find(id)?.stored.void;
    if (known !== undefined) return known.evidence;
    let entry = entries.get(id);
    if (entry === undefined) {
      entry = record(id, reason);
      entries.set(id, entry);
      // A log that can't be written now is asked again by the next request.
      entry.catch(() => entries.delete(id));
    }
    return entry;
  };
}

/** Longest time between two looks at the clock, in milliseconds: a machine may have slept, and timers with it. */
const look = 60_000;

/** Makes a run void when the token of its user ends, also if it asks for nothing any more. Returns the way to stop that. */
export function voidInTime(
  { stored: { id, user } }: Run,
  { now, voided, stop }: Pick<VoidingParts, 'stop'> & { readonly now: () => number; readonly voided: MakeVoid },
): () => void {
  let timer: NodeJS.Timeout | undefined;
  const wait = (): void => {
    const left = userEnd(user) - now();
    if (left === Number.POSITIVE_INFINITY) return;
    if (left <= 0) return void voided(id, userEnded(user)).catch(unrecorded);
    arm(Math.min(left, look));
  };
  /** What is open ends all the same; that it did is written down as soon as that can be. */
  const unrecorded = (): void => {
    void stop({ kind: 'run', name: id }).catch(() => {});
    arm(look);
  };
  const arm = (time: number): void => {
    timer = setTimeout(wait, time).unref();
  };
  wait();
  return () => clearTimeout(timer);
}
