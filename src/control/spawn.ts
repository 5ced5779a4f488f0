/**
 * Spawn: a run may start another one if its own permissions, grants and parents let it do `gateway.spawn`. It is an action as
 * any other: asked, recorded, perhaps approved. What the child may do is then limited by all of its parents.
 */
import { exitCode, Fault, Refusal } from '../errors.js';
import type { Run } from '../identity/runs.js';
import { type AllowedDeed, allow, type Deed } from './deed.js';
import { family } from './family.js';
import type { House } from './house.js';
import type { Call } from './server.js';

/** A chain of runs is at most this long, and a run has at most so many below it at a time. */
const longest = 8;
const most = 64;

const refused = (message: string, next: string): Fault => new Fault(exitCode.refused, message, next);

/** Finds the run that a call comes from. Throws `Fault`, recorded, when that can't be told. */
function parentOf({ house, standing }: Call): Run {
  const run = standing === null ? undefined : house.runs.find(standing.run);
  if (run !== undefined && standing!.sure) return run;
  const reason =
    run === undefined
      ? `This is inside a run that is no more (${standing?.run ?? 'unknown'}).`
      : 'This process may belong to several runs, and it can not be told to which.';
  house.log.note({ type: 'auth.rejected', run: run?.stored.id ?? null, at: 'control', request: 'POST /runs', reason });
  throw refused(reason, 'Start it from a process of the run itself.');
}

/** The limits of a family, so that no run can make runs without end. */
function roomFor(house: House, { stored }: Run): void {
  if (stored.runs.length >= longest)
    throw refused(`A chain of runs has at most ${longest} members.`, 'Start it further up.');
  if (family(house.runs.list(), stored.runs[0]!).length > most)
    throw refused(`A run has at most ${most} runs below it at a time.`, 'Wait until some of them have ended.');
}

/** The start of a child of this gateway. To make a gateway would be a change by the agent. */
const spawning = (house: House, parent: Run, child: string): Deed => ({
  action: {
    ...{ name: 'gateway.spawn', connector: 'gateway', access: 'permissions' },
    parameters: { gateway: child },
    unknown: [],
  },
  resource: { type: 'gateway', id: child },
  objection:
    house.gateways.find(child) === undefined ? { rule: 'gateway', reason: `There is no gateway ${child}.` } : null,
  possible: () => roomFor(house, parent),
});

/** It was started: whatever becomes of it, it counts. */
function count({ reserved }: AllowedDeed): void {
  const started = { status: null, error: null, bytesSent: 0, bytesReceived: 0, responseSha256: null, scrubbed: 0 };
  reserved?.settle(started, true);
}

/**
 * The parent of a run for the gateway `child` that is started from inside a run, if that may be. Throws `Fault` (refused)
 * with what to ask for; the decision is an entry by then.
 */
export async function spawn(call: Call, child: string): Promise<Run> {
  const { house, response } = call;
  call.asItself();
  const parent = parentOf(call);
  const { gateway, id } = parent.stored;
  const gone = new AbortController();
  const left = (): void => gone.abort();
  response.once('close', left);
  try {
    count(await allow(house, parent, spawning(house, parent, child), gone.signal));
    return parent;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const next =
      error.code === 'approval_pending'
        ? 'Run the same again once it is approved.'
        : error.code === 'denied'
          ? `Ask an operator for: tf permissions set --gateway ${gateway} --action gateway.spawn --resource gateway:${child} --effect allow`
          : (error.extra.next ?? '');
    throw refused(`${gateway} (${id}) may not start ${child}: ${error.message}`, next);
  } finally {
    response.off('close', left);
  }
}
