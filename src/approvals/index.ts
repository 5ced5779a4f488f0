/**
 * Approvals: a request that needs a human waits here. An approval is bound to the exact request by hash and is redeemed
 * exactly once; silence is a denial that says so. Kept in memory: a restart forgets what waited, which denies it.
 */
import { createHash, randomBytes } from 'node:crypto';
import { exitCode, Fault, Refusal } from '../errors.js';
import type { Decoded, Trace } from '../gateway.js';
import type { Flight } from '../http/flights.js';
import { printAuthority, printTarget } from '../http/target.js';
import { type Log, ulids } from '../log/index.js';
import type { Action, Resource, Subject } from '../model.js';
import type { Allowed, Permit } from '../permit.js';

export type ApprovalState = 'pending' | 'granted' | 'refused' | 'expired' | 'redeemed';

/** One request for approval, as people see it. */
export interface Approval {
  readonly id: string;
  readonly state: ApprovalState;
  readonly gateway: string;
  readonly run: string;
  readonly subject: Subject;
  readonly action: Action;
  readonly resource: Resource;
  readonly request: { readonly method: string; readonly host: string; readonly path: string; readonly body_sha256: string | null };
  /** Hex SHA-256 that binds it to the request. */
  readonly binding: string;
  readonly decided: string;
  readonly requested_at: string;
  readonly expires_at: string;
  readonly by: string | null;
  readonly reason: string | null;
}

/** The approvals of this proxy. */
export interface Approvals {
  list(): Approval[];
  /** Throws `Fault` (missing). */
  find(id: string): Approval;
  /** Answers one that is pending. Throws `Fault`: missing, or failed when it is no longer pending. */
  answer(id: string, verdict: 'granted' | 'refused', by: string, reason: string): Promise<Approval>;
  /**
   * Waits for the approval of this request up to the hold, and redeems it. Throws `Refusal`: `approval_pending` when the
   * hold is over, `approval_refused`, `approval_timeout`, `killed`, and what the log throws.
   */
  await(trace: Trace, decoded: Decoded, flight: Flight, allowed: Omit<Allowed, 'evidence'>): Promise<Permit>;
}

interface Options {
  readonly log: Log;
  readonly now: () => number;
  /** Milliseconds. */
  readonly hold: number;
  readonly expire: number;
}

type Held = { -readonly [member in keyof Approval]: Approval[member] } & { expires: number; wake: Set<() => void> };

/** Most requests that wait for one gateway at a time. */
const maxPending = 100;
const retryAfter = 5;

/** What an approval binds: everything that decides what the request does, and nothing that changes between retries. */
function bindingOf(trace: Trace): string {
  const { request, question, decision } = trace;
  const parts = [
    request!.method, request!.scheme, printAuthority(request!), printTarget(request!.path, request!.query), request!.body,
    question!.action, question!.resource, question!.subject.id, decision!.policy_sha256,
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

export function openApprovals({ log, now, hold, expire }: Options): Approvals {
  const held = new Map<string, Held>();
  const nextId = ulids(now, randomBytes);

  const shown = ({ expires: _, wake: __, ...approval }: Held): Approval => ({ ...approval });
  const settle = (approval: Held, state: ApprovalState): void => {
    approval.state = state;
    for (const wake of approval.wake) wake();
  };
  /** Turns those whose time is over into expired ones, and forgets the old. */
  const sweep = (): void => {
    for (const approval of held.values()) {
      if (now() < approval.expires) continue;
      if (approval.state === 'pending' || approval.state === 'granted') {
        settle(approval, 'expired');
        log.note({ type: 'approval.expired', run: approval.run, approval: approval.id });
      } else if (now() > approval.expires + expire) held.delete(approval.id);
    }
  };
  const find = (id: string): Held => {
    sweep();
    const approval = held.get(id);
    if (approval === undefined) throw new Fault(exitCode.missing, `There is no approval ${id}.`, 'List them with: tf approvals list');
    return approval;
  };

  async function request(trace: Trace, binding: string): Promise<Held> {
    const { subject, action, resource } = trace.question!;
    const waiting = [...held.values()].filter(({ state, gateway }) => state === 'pending' && gateway === subject.id);
    if (waiting.length >= maxPending) throw new Refusal('overloaded', `${maxPending} requests of ${subject.id} wait for approval already.`);
    const { method, host, path, body } = trace.request!;
    const approval: Held = {
      id: `apr_${nextId()}`, state: 'pending', gateway: subject.id, run: subject.run, subject, action, resource,
      request: { method, host, path, body_sha256: body.sha256 ?? null },
      binding, decided: trace.evidence!, requested_at: new Date(now()).toISOString(), expires_at: new Date(now() + expire).toISOString(),
      by: null, reason: null, expires: now() + expire, wake: new Set(),
    };
    held.set(approval.id, approval);
    await log.record({ type: 'approval.requested', run: subject.run, approval: approval.id, binding, decided: trace.evidence, expires_at: approval.expires_at });
    return approval;
  }

  /** Resolves when the state changes, the hold is over, or the client goes. */
  function wait(approval: Held, flight: Flight, milliseconds: number): Promise<void> {
    return new Promise(resolve => {
      const done = (): void => {
        clearTimeout(timer);
        approval.wake.delete(done);
        flight.onStop = null;
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      approval.wake.add(done);
      flight.onStop = done;
    });
  }

  return {
    list: () => {
      sweep();
      return [...held.values()].map(shown);
    },
    find: id => shown(find(id)),
    async answer(id, verdict, by, reason) {
      const approval = find(id);
      if (approval.state !== 'pending') throw new Fault(exitCode.failed, `The approval ${id} is ${approval.state} already.`);
      approval.by = by;
      approval.reason = reason || null;
      // On disk before it has effect; meanwhile nobody else can answer it.
      approval.state = verdict;
      await log.record({ type: `approval.${verdict}`, run: approval.run, approval: id, binding: approval.binding, by, reason });
      settle(approval, verdict);
      return shown(approval);
    },
    async await(trace, decoded, flight, allowed) {
      const binding = bindingOf(trace);
      // Bodies that can't be hashed can't be approved: nobody could say what was.
      if (decoded.request.body.state === 'truncated') throw new Refusal('denied', 'It needs an approval, and its body is too large to be bound to one.');
      sweep();
      const same = [...held.values()].filter(approval => approval.binding === binding && approval.gateway === trace.question!.subject.id);
      const approval = same.find(({ state }) => state === 'granted') ?? same.find(({ state }) => state === 'pending') ?? same.find(({ state }) => state === 'refused' || state === 'expired') ?? (await request(trace, binding));
      if (approval.state === 'pending') await wait(approval, flight, Math.min(trace.decision!.hold ?? hold, approval.expires - now()));
      sweep();
      if (flight.stopped) throw new Refusal('killed', 'The kill switch stopped this request while it waited for approval.');
      if (flight.gone) throw new Refusal('approval_timeout', 'The client went away while it waited for approval.');
      const who = approval.by === null ? '' : ` by ${approval.by}`;
      switch (approval.state) {
        case 'granted':
          // Nothing may come between this check and this mark: that is what makes it exactly once.
          approval.state = 'redeemed';
          return (await log.allow({ type: 'approval.redeemed', run: approval.run, approval: approval.id, binding, decided: trace.evidence }, allowed)).permit;
        case 'refused':
          held.delete(approval.id);
          throw new Refusal('approval_refused', `The approval was refused${who}${approval.reason ? `: ${approval.reason}` : ''}.`);
        case 'expired':
          held.delete(approval.id);
          throw new Refusal('approval_timeout', 'Nobody approved this request in time.');
        default:
          throw new Refusal('approval_pending', `${trace.question!.action.name} waits for approval (${approval.id}).`, {
            retryAfter,
            members: { approval: { id: approval.id, status_url: `tf approvals show ${approval.id}`, expires_at: approval.expires_at } },
          });
      }
    },
  };
}
