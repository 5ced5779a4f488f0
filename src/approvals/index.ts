/**
 * Approvals: a request that needs people's consent waits here. A yes is bound to the request by hash and is redeemed as often as
 * its scope says, once if it says nothing; silence is a denial that says so. Kept over restarts, also the hard ones: what was
 * redeemed is on disk before anything is sent.
 */
import { randomBytes } from 'node:crypto';
import { Refusal } from '../errors.js';
import type { Trace } from '../gateway.js';
import type { Flight } from '../http/flights.js';
import { covers } from '../identity/kill.js';
import { ulids } from '../log/index.js';
import type { KillScope } from '../model.js';
import type { Allowed, Permit } from '../permit.js';
import { answer } from './answer.js';
import type { Answer, Approval, People } from './approval.js';
import { type Bindings, bindingsOf } from './binding.js';
import { Book, type BookOptions, endOf, entry, shown } from './book.js';
import { Precedents } from './difference.js';
import { type Held, isOpen } from './kept.js';
import { approvalFor } from './request.js';
import { leftOf } from './scope.js';

export type { Signed } from '../log/index.js';
export type * from './approval.js';

/** The approvals of this proxy. */
export interface Approvals {
  list(): Approval[];
  /** Throws `Fault` (missing). */
  find(id: string): Approval;
  /**
   * Answers one that is pending, or takes back (`refused`) one that stands. A yes that isn't enough is noted, and it stays
   * pending. Throws `Fault`: missing; refused to whoever may not say yes; usage for a scope that can't be; failed when it is no
   * longer pending.
   */
  answer(id: string, answer: Answer): Promise<Approval>;
  /**
   * Waits for the approval of this request up to the hold, and redeems it. Throws `Refusal`: `approval_pending` when the
   * hold is over, `approval_refused`, `approval_timeout`, `killed`, and what the log throws. `confirm` is asked before it
   * is redeemed, and throws if the policy has changed its mind meanwhile.
   */
  await(
    trace: Trace,
    flight: Flight,
    allowed: Omit<Allowed, 'evidence'>,
    confirm: () => Promise<void>,
  ): Promise<Permit>;
  /** Resolves with it once it is no longer pending, or `signal` aborts. Throws `Fault` (missing). */
  settled(id: string, signal: AbortSignal): Promise<Approval>;
  /** Calls `fn` with each approval that is requested, gets a yes or changes its state. Returns the way to stop that. */
  onChange(fn: (approval: Approval) => void): () => void;
  /** Ends what a kill, or the end of a run, grant or gateway covers. */
  stop(scope: KillScope): void;
  /** Forgets what was approved for a gateway that is no more. */
  forget(gateway: string): void;
  /** The proxy ends: clients that are cut off by that haven't gone away. */
  close(): void;
}

interface Options extends Omit<BookOptions, 'memory'> {
  readonly people: People;
  /** Account of the operator. */
  readonly owner: string;
  /** Milliseconds. */
  readonly hold: number;
  readonly expire: number;
  /** Most requests that wait for one gateway at a time. */
  readonly perGateway: number;
}

type Unevidenced = Omit<Allowed, 'evidence'>;

const retryAfter = 5;

/** Of a tunnel that isn't read, nothing but where to is judged by anybody. */
const isBindable = ({ request }: Trace): boolean =>
  request === null ||
  request.method === 'CONNECT' ||
  request.body.state === 'none' ||
  request.body.sha256 !== undefined;

export function openApprovals({ people, owner, hold, expire, perGateway, ...options }: Options): Approvals {
  const { state, log, now } = options;
  const book = new Book({ ...options, memory: expire });
  const { kept, waiters } = book;
  const precedents = new Precedents(state.shelf('approved'));
  const council = { book, people, precedents, owner, now };
  const nextId = ulids(now, randomBytes);
  /** What couldn't be recorded, and why: others may wait for it already. */
  const unwritten = new WeakMap<Held, unknown>();
  const standingFor = (bindings: Bindings, run: string): Held | undefined =>
    kept.standing(bindings, run, approval => book.answering(approval));

  async function request(trace: Trace, allowed: Unevidenced, bindings: Bindings): Promise<Held> {
    const { subject } = trace.question!;
    if (kept.all().filter(({ state, gateway }) => state === 'pending' && gateway === subject.id).length >= perGateway)
      throw new Refusal('overloaded', `${perGateway} requests of ${subject.id} wait for approval already.`);
    const time = { now: now(), expires: now() + expire };
    const approval = approvalFor(`apr_${nextId()}`, trace, allowed, bindings, time);
    approval.difference = precedents.of(approval);
    kept.add(approval);
    try {
      const { decided, expires_at, demands } = approval;
      await log.record(entry('approval.requested', approval, { decided, expires_at, demands }));
      kept.put(approval);
    } catch (error) {
      kept.drop(approval);
      approval.state = 'cancelled';
      unwritten.set(approval, error);
      waiters.wake(approval.id);
      throw error;
    }
    book.tell(approval);
    return approval;
  }

  /** Says which one this request waits for. */
  async function pending(trace: Trace, allowed: Unevidenced, bindings: Bindings): Promise<never> {
    const { id, expires_at } = kept.pending(bindings) ?? (await request(trace, allowed, bindings));
    const { action, also = [] } = trace.question!;
    const names = [...new Set([action.name, ...also.map(part => part.action.name)])].join(', ');
    throw new Refusal('approval_pending', `${names} ${also.length > 0 ? 'wait' : 'waits'} for approval (${id}).`, {
      retryAfter,
      members: { approval: { id, status_url: `tf approvals show ${id}`, expires_at } },
    });
  }

  /** Uses it. Nothing may come between the check that it stands and this: that is what makes it exactly once. */
  async function redeem(approval: Held, trace: Trace, allowed: Unevidenced): Promise<Permit> {
    approval.used += 1;
    const left = leftOf(approval);
    try {
      if (left === 0) book.settle(approval, 'redeemed');
      else if (left !== null) kept.put(approval);
    } catch (cause) {
      throw new Refusal('log_unavailable', "That the approval was used can't be written down.", { cause });
    }
    const draft = entry('approval.redeemed', approval, { decided: trace.evidence, used: approval.used });
    return (await log.allow(draft, allowed)).permit;
  }

  /** Nobody acts for a client that has gone; if it was the only one, nobody need be asked any more. */
  function left(approval: Held, { stopped, gone }: Flight): never {
    if (approval.state === 'pending' && !waiters.any(approval.id) && !book.answering(approval) && !book.closing)
      book.end(approval, 'cancelled', stopped ? 'It was stopped while it was held.' : 'Its client went away.');
    throw gone
      ? new Refusal('approval_timeout', 'The client went away while it waited for approval.')
      : new Refusal('killed', 'This request was stopped while it waited for approval.');
  }

  return {
    list() {
      book.sweep();
      return kept.all().map(shown);
    },
    find(id) {
      book.sweep();
      return shown(kept.find(id));
    },
    async answer(id, given) {
      book.sweep();
      const approval = kept.find(id);
      await answer(council, approval, given);
      return shown(approval);
    },
    async await(trace, flight, allowed, confirm) {
      // Bodies that can't be hashed can't be approved: nobody could say what was.
      if (!isBindable(trace))
        throw new Refusal(
          'denied',
          'It needs an approval, and its body is too large, or streams, and so can not be bound to one.',
        );
      const bindings = bindingsOf(trace, allowed);
      const { run } = trace.question!.subject;
      book.sweep();
      const approval =
        standingFor(bindings, run) ??
        kept.pending(bindings) ??
        kept.untold(bindings) ??
        (await request(trace, allowed, bindings));
      if (approval.state === 'pending')
        await waiters.hold(approval.id, flight, Math.min(trace.decision!.hold ?? hold, endOf(approval) - now()));
      if (standingFor(bindings, run) !== undefined) await confirm();
      book.sweep();
      if (unwritten.has(approval)) throw unwritten.get(approval);
      if (flight.stopped || flight.gone || approval.state === 'cancelled') return left(approval, flight);
      if (approval.state === 'refused' || approval.state === 'expired') {
        approval.told = true;
        kept.put(approval);
        const { by, reason } = approval;
        throw approval.state === 'expired'
          ? new Refusal('approval_timeout', 'Nobody approved this request in time.')
          : new Refusal('approval_refused', `The approval was refused by ${by}${reason ? `: ${reason}` : ''}.`);
      }
      const standing = standingFor(bindings, run);
      return standing === undefined ? pending(trace, allowed, bindings) : redeem(standing, trace, allowed);
    },
    settled: (id, signal) => book.settled(id, signal),
    onChange: fn => book.onChange(fn),
    stop(scope) {
      for (const approval of kept.all().filter(isOpen)) {
        const { subject, grants, action, scope: granted } = approval;
        const connector = action.connector;
        const to = { gateways: subject.chain, runs: subject.runs, grants, connector };
        // What isn't bound to its run may be asked for again by the next run of its gateway.
        if (!covers(scope, to) || (scope.kind === 'run' && granted?.run !== true)) continue;
        book.end(approval, 'cancelled', `It was stopped with its ${scope.kind === 'all' ? 'proxy' : scope.kind}.`);
      }
    },
    forget: gateway => precedents.forget(gateway),
    close: () => book.close(),
  };
}
