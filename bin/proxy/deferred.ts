/** Deferred: how a request comes to be deferred, and how the proxy itself sends it when it is due. */
import { type Deferral, type Deferrals, Executor, type Packet, type Wanted } from '../../src/deferrals/index.js';
import type { Decoded, Trace } from '../../src/gateway.js';
import { type FrontDoor, sendThrough, unanswered } from '../../src/http/front-door.js';
import type { Gateways } from '../../src/identity/gateways.js';
import type { Grants } from '../../src/identity/grants.js';
import type { Internals } from '../../src/identity/internal.js';
import type { Decision, Grant } from '../../src/model.js';
import type { Allowed } from '../../src/permit.js';

/** What the deferrals are asked for: to keep this request, or to let it through; null if it is neither deferred nor due. */
export function deferralOf(trace: Trace, allowed: Omit<Allowed, 'evidence'>, { payload }: Decoded): Wanted | null {
  const { deferral = null, grants = [] } = trace.caller ?? {};
  if (trace.decision!.effect !== 'defer' && deferral === null) return null;
  const body = payload === null || Buffer.isBuffer(payload) ? payload : 'unread';
  return { trace, allowed, grants: grants.map(({ id }) => id), body, executes: deferral };
}

/** What is due goes the way of what is deferred, so that it is let through once, also where the policy allows it by now. */
export async function dueDecision(decision: Decision | Promise<Decision>): Promise<Decision> {
  const decided = await decision;
  return decided.effect === 'allow' ? { ...decided, effect: 'defer' } : decided;
}

/** What is needed to send it. */
export interface DueParts {
  readonly deferrals: Deferrals;
  readonly gateways: Pick<Gateways, 'find'>;
  readonly grants: Pick<Grants, 'find'>;
  readonly internals: Internals;
  readonly now: () => number;
  readonly late: number;
  ready(): boolean;
  /** Where this proxy listens. */
  door(): Omit<FrontDoor, 'token'>;
  /** Says that the internal runs have changed; resolves when that holds for every request. */
  changed(): Promise<void>;
  /** Lets go of connections that were opened for this run alone, if it has ended. */
  over(run: string): void;
  diagnose(error: unknown): void;
}

/** Opens what sends deferred requests; it doesn't look at the clock yet. */
export function openExecutor(parts: DueParts): Executor {
  const { deferrals, gateways, grants, internals, now, late, ready, diagnose } = parts;

  /** The grants that limited it, as far as they still hold: the end of their run ends none of them for what was promised in it. */
  const limiting = (deferral: Deferral): Grant[] =>
    deferral.grants.flatMap(id => {
      const grant = grants.find(id);
      const holds = grant !== undefined && (grant.state === 'live' || grant.state === 'over');
      return holds && Date.parse(grant.expires_at) > now() ? [grant] : [];
    });
  const objection = (deferral: Deferral, { run }: Packet): string | null => {
    // One that is made later under the same name is another.
    for (const name of run.chain) {
      const known = gateways.find(name);
      if (known === undefined || known.removed_at !== undefined || known.created_at > deferral.scheduled_at)
        return `The gateway ${name} was removed.`;
    }
    const held = limiting(deferral).map(({ id }) => id);
    const gone = deferral.grants.find(id => !held.includes(id));
    return gone === undefined ? null : `The grant ${gone}, under which it was asked for, was revoked or has expired.`;
  };

  async function send(deferral: Deferral, { run, request, body }: Packet) {
    const internal = internals.open(run, gateways.find(deferral.gateway)!, limiting(deferral), deferral.id);
    try {
      await parts.changed();
      const door = { ...parts.door(), token: internal.token };
      return await sendThrough(door, request, body === null ? null : Buffer.from(body, 'base64'));
    } catch (error) {
      return unanswered(error);
    } finally {
      internal.close();
      if (run.upstream !== undefined) parts.over(run.id);
      await parts.changed();
    }
  }
  return new Executor({ deferrals, now, late, ready, objection, send, diagnose });
}
