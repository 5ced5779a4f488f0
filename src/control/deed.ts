/**
 * Deed: something that an agent does by itself, or starts, and not by a request through the proxy. It is judged, counted, recorded
 * and perhaps approved as a request would be, by the same policy, and its entry is the same but for the request, which there isn't.
 */
import { createHash } from 'node:crypto';
import { Refusal } from '../errors.js';
import { openTrace, type Reserved, type Trace } from '../gateway.js';
import { Flight } from '../http/flights.js';
import { endOf } from '../identity/bearers.js';
import { refuseRemoved } from '../identity/gateways.js';
import { belonging } from '../identity/kill.js';
import type { Run } from '../identity/runs.js';
import type { Action, Classified, Decision, Question, Resource } from '../model.js';
import { loopSuspected, sameness, stillStands, withinGrants } from '../policy/index.js';
import { at, contextAt, grantOf, suspicionOf } from '../policy/question.js';
import type { House } from './house.js';

/** What is done, and to what. */
export interface Deed {
  readonly action: Action;
  readonly resource: Resource;
  /** What stands against it whatever the policy says, or null. */
  readonly objection?: { readonly rule: string; readonly reason: string } | null;
  /** Throws unless it can be done; asked before anything else, and again after people were. */
  possible?(): void;
}

/** A deed that may be done: the id of its entry, and what was set aside for it. */
export interface AllowedDeed {
  readonly evidence: string;
  readonly reserved: Reserved | null;
}

const questionOf = (house: House, caller: Run, { action, resource }: Deed): Question => {
  const { confidence, flags: suspected, found } = house.scanner.value(action.parameters);
  const { subject } = caller;
  const { repeats } = house.policy;
  const same = repeats.counted(subject.chain) ? sameness(subject.run, null, { action, resource }) : null;
  const counters = house.count(subject.id, same);
  const looping = same !== null && repeats.exceeded({ subject, action, resource }, counters);
  const flags = looping ? [...suspected, loopSuspected] : suspected;
  return {
    v: 1,
    subject,
    grant: grantOf(caller),
    action,
    resource,
    // It is no request to anywhere: an empty name can't be a host's.
    request: { method: 'POST', scheme: 'http', host: '', port: 0, path: '/', body: { state: 'none', bytes: 0 } },
    context: contextAt(house.now(), counters, flags, { confidence, found, timezone: house.config.timezone }),
  };
};

/** Throws `Refusal` once the caller may do nothing any more, and as the deed does. */
function mayGoOn(house: House, caller: Run, { action: { connector }, possible }: Deed): void {
  const end = endOf(caller, house.now());
  if (end !== null) throw new Refusal('unauthenticated', end);
  const belongs = { ...belonging(caller.subject, connector), grants: caller.grants.map(({ id }) => id) };
  house.kill.check(belongs);
  refuseRemoved(belongs, house.gateways.find);
  possible?.();
}

async function decide(house: House, caller: Run, question: Question, { objection }: Deed): Promise<Decision> {
  const said = withinGrants(await house.policy.decide(question), question, caller, house.gateways.find);
  if (said.effect === 'deny') return said;
  if (objection) return { ...said, effect: 'deny', ...objection };
  if (said.effect !== 'defer') return said;
  return { ...said, effect: 'deny', reason: `${said.reason} What an agent does by itself can't be deferred.` };
}

/**
 * Asks whether the caller may do it, and waits for people's consent if need be, until `gone` is aborted. Rejects `Refusal` as
 * the line does; by then the decision is an entry, and its id is the refusal's `evidence`.
 */
export async function allow(house: House, caller: Run, deed: Deed, gone: AbortSignal): Promise<AllowedDeed> {
  mayGoOn(house, caller, deed);
  const { action, resource } = deed;
  const question = questionOf(house, caller, deed);
  const decision = await decide(house, caller, question, deed);
  const meaning: Classified = { action, resource, connector: null, typed: true };
  const reserved = await house.reserve(decision, meaning);
  let evidence: string | undefined;
  try {
    const recorded = await house.log.record({
      type: 'action.decided',
      run: caller.subject.run,
      subject: caller.subject,
      grant: question.grant,
      action: question.action,
      resource: question.resource,
      request: null,
      ...suspicionOf(question.context),
      decision: { ...decision, secret: null },
    });
    evidence = recorded.id;
    if (decision.effect === 'deny') throw new Refusal('denied', decision.reason, { rule: decision.rule });
    if (decision.effect === 'require_approval') {
      const trace = { ...openTrace(caller), question, decision, evidence: recorded.id };
      await approved(house, caller, deed, trace, gone);
    }
    mayGoOn(house, caller, deed);
    return { evidence: recorded.id, reserved };
  } catch (error) {
    reserved?.release();
    if (!(error instanceof Refusal) || evidence === undefined) throw error;
    throw new Refusal(error.code, error.message, { rule: decision.rule, ...error.extra, evidence });
  }
}

/** Waits for people's consent, as a request does: for as long as a hold takes, and the same deed redeems it later. */
async function approved(house: House, caller: Run, deed: Deed, trace: Trace, gone: AbortSignal): Promise<void> {
  const flight = new Flight(
    'exchange',
    () => {},
    () => {},
  );
  flight.belongTo(caller);
  const leave = (): void => flight.leave();
  if (gone.aborted) leave();
  gone.addEventListener('abort', leave);
  const { action, resource } = deed;
  try {
    await house.approvals.await(
      trace,
      flight,
      {
        ...{ gateway: caller.subject.id, run: caller.subject.run, connector: action.connector, secret: null },
        ...{ host: '', port: 0, scheme: 'http' },
        request: createHash('sha256')
          .update(JSON.stringify([action, resource]))
          .digest('hex'),
      },
      async () => stillStands(trace.decision!, await decide(house, caller, at(trace.question!, house.now()), deed)),
    );
  } finally {
    gone.removeEventListener('abort', leave);
  }
}
