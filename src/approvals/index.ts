/**
 * Approvals: a request that needs a human waits here. An approval is bound to the exact request by hash and is redeemed
 * exactly once; silence is a denial that says so. Kept in memory: a restart forgets what waited, which denies it.
 */
import { randomBytes } from 'node:crypto';
import { exitCode, Fault, Refusal } from '../errors.js';
import type { Trace } from '../gateway.js';
import type { Flight } from '../http/flights.js';
import { type Log, ulids } from '../log/index.js';
import type { Action, Question, Resource, Subject } from '../model.js';
import type { Allowed, Permit } from '../permit.js';
import { bindingOf } from './binding.js';

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
  /** What else the request would do: it is approved as a whole. */
  readonly also?: Question['also'];
  /** Why the policy asks. */
  readonly why: string;
  readonly request: {
    readonly method: string;
    readonly host: string;
    readonly path: string;
    readonly body_sha256: string | null;
  };
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
   * hold is over, `approval_refused`, `approval_timeout`, `killed`, and what the log throws. `confirm` is asked before it
   * is redeemed, and throws if the policy has changed its mind meanwhile.
   */
  await(
    trace: Trace,
    flight: Flight,
    allowed: Omit<Allowed, 'evidence'>,
    confirm: () => Promise<void>,
  ): Promise<Permit>;
}

interface Options {
  readonly log: Log;
  readonly now: () => number;
  /** Milliseconds. */
  readonly hold: number;
  readonly expire: number;
  /** Most requests that wait for one gateway at a time. */
  readonly perGateway: number;
}

type Held = { -readonly [member in keyof Approval]: Approval[member] } & {
  expires: number;
  answering: boolean;
  /** Whether the agent has had its answer: the next such request is a new one, and this stays to be seen. */
  told: boolean;
  wake: Set<() => void>;
};

const retryAfter = 5;

export function openApprovals({ log, now, hold, expire, perGateway }: Options): Approvals {
  const held = new Map<string, Held>();
  const nextId = ulids(now, randomBytes);

  const shown = ({ expires: _, wake: __, answering: ___, told: ____, ...approval }: Held): Approval => ({
    ...approval,
  });
  const settle = (approval: Held, state: ApprovalState): void => {
    approval.state = state;
    for (const wake of approval.wake) wake();
  };
  /** Turns those whose time is over into expired ones, and forgets the old. */
  const sweep = (): void => {
    for (const approval of held.values()) {
      if (now() < approval.expires || approval.answering) continue;
      if (approval.state === 'pending' || approval.state === 'granted') {
        settle(approval, 'expired');
        log.note({ type: 'approval.expired', run: approval.run, gateway: approval.gateway, approval: approval.id });
      } else if (now() > approval.expires + expire) held.delete(approval.id);
    }
  };
  const find = (id: string): Held => {
    sweep();
    const approval = held.get(id);
    if (approval === undefined)
      throw new Fault(exitCode.missing, `There is no approval ${id}.`, 'List them with: tf approvals list');
    return approval;
  };

  async function request(trace: Trace, binding: string): Promise<Held> {
    const { subject, action, resource, also } = trace.question!;
    const waiting = [...held.values()].filter(({ state, gateway }) => state === 'pending' && gateway === subject.id);
    if (waiting.length >= perGateway)
      throw new Refusal('overloaded', `${perGateway} requests of ${subject.id} wait for approval already.`);
    const { method, host, path, body } = trace.request!;
    const approval: Held = {
      id: `apr_${nextId()}`,
      state: 'pending',
      gateway: subject.id,
      run: subject.run,
      subject,
      action,
      resource,
      ...(also && { also }),
      why: trace.decision!.reason,
      request: { method, host, path, body_sha256: body.sha256 ?? null },
      binding,
      decided: trace.evidence!,
      requested_at: new Date(now()).toISOString(),
      expires_at: new Date(now() + expire).toISOString(),
      by: null,
      reason: null,
      expires: now() + expire,
      answering: false,
      told: false,
      wake: new Set(),
    };
    held.set(approval.id, approval);
    try {
      await log.record({
        type: 'approval.requested',
        run: subject.run,
        gateway: subject.id,
        approval: approval.id,
        binding,
        decided: trace.evidence,
        expires_at: approval.expires_at,
      });
    } catch (error) {
      held.delete(approval.id);
      throw error;
    }
    return approval;
  }

  const pendingLike = (binding: string): Held | undefined =>
    [...held.values()].find(approval => approval.state === 'pending' && approval.binding === binding);

  /** Resolves when the state changes, the hold is over, or the client goes. */
  function wait(approval: Held, flight: Flight, milliseconds: number): Promise<void> {
    return new Promise(resolve => {
      if (flight.gone || flight.stopped) return resolve();
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
      if (approval.state !== 'pending')
        throw new Fault(exitCode.failed, `The approval ${id} is ${approval.state} already.`);
      if (approval.answering)
        throw new Fault(exitCode.failed, `The approval ${id} is being answered by somebody else.`);
      // On disk before it has effect; meanwhile nobody else can answer it.
      approval.answering = true;
      try {
        await log.record({
          type: `approval.${verdict}`,
          run: approval.run,
          gateway: approval.gateway,
          approval: id,
          binding: approval.binding,
          by,
          reason,
        });
      } finally {
        approval.answering = false;
      }
      approval.by = by;
      approval.reason = reason || null;
      settle(approval, verdict);
      return shown(approval);
    },
    async await(trace, flight, allowed, confirm) {
      const binding = bindingOf(trace, allowed.secret !== null);
      // Bodies that can't be hashed can't be approved: nobody could say what was.
      if (trace.request!.body.state === 'truncated')
        throw new Refusal('denied', 'It needs an approval, and its body is too large to be bound to one.');
      sweep();
      const same = [...held.values()].filter(
        approval => approval.binding === binding && approval.gateway === trace.question!.subject.id,
      );
      const approval =
        same.find(({ state }) => state === 'granted') ??
        same.find(({ state }) => state === 'pending') ??
        same.find(({ state, told }) => !told && (state === 'refused' || state === 'expired')) ??
        (await request(trace, binding));
      if (approval.state === 'pending')
        await wait(approval, flight, Math.min(trace.decision!.hold ?? hold, approval.expires - now()));
      if (approval.state === 'granted') await confirm();
      sweep();
      if (flight.stopped)
        throw new Refusal('killed', 'The kill switch stopped this request while it waited for approval.');
      if (flight.gone) throw new Refusal('approval_timeout', 'The client went away while it waited for approval.');
      const who = approval.by === null ? '' : ` by ${approval.by}`;
      switch (approval.state) {
        case 'granted':
          // Nothing may come between this check and this mark: that is what makes it exactly once.
          approval.state = 'redeemed';
          return (
            await log.allow(
              {
                type: 'approval.redeemed',
                run: approval.run,
                gateway: approval.gateway,
                approval: approval.id,
                binding,
                decided: trace.evidence,
              },
              allowed,
            )
          ).permit;
        case 'refused':
          approval.told = true;
          throw new Refusal(
            'approval_refused',
            `The approval was refused${who}${approval.reason ? `: ${approval.reason}` : ''}.`,
          );
        case 'expired':
          approval.told = true;
          throw new Refusal('approval_timeout', 'Nobody approved this request in time.');
        default: {
          // Redeemed by another one that is the same: this one waits for the next.
          const next =
            approval.state === 'pending' ? approval : (pendingLike(binding) ?? (await request(trace, binding)));
          const { action, also = [] } = trace.question!;
          const names = [action.name, ...also.map(part => part.action.name)];
          const what = [...new Set(names)].join(', ');
          throw new Refusal(
            'approval_pending',
            `${what} ${also.length > 0 ? 'wait' : 'waits'} for approval (${next.id}).`,
            {
              retryAfter,
              members: {
                approval: { id: next.id, status_url: `tf approvals show ${next.id}`, expires_at: next.expires_at },
              },
            },
          );
        }
      }
    },
  };
}
