/**
 * Approvals over the control socket: anybody may deny; the operator approves, or a registered approver by his signature, and never
 * from inside a run.
 */
import type { Answer, Approval, Scope, Signed } from '../../approvals/index.js';
import { exitCode, Fault } from '../../errors.js';
import type { Call, Route } from '../server.js';

/** Longest reason and name: both are kept, logged and told to the agent. */
const longest = 1_000;

/** Throws `Fault` (usage) for a text that is too long. */
function text(value: unknown, fallback = ''): string {
  if (typeof value !== 'string') return fallback;
  if (value.length <= longest) return value;
  throw new Fault(exitCode.usage, `A reason or a name is ${longest} characters long at most.`, 'Say it shorter.');
}

/** What a body says of how far a yes reaches. Throws `Fault` (usage). */
function scopeOf({ scope = {} }: Call['body']): Scope {
  if (typeof scope !== 'object' || scope === null) throw new Fault(exitCode.usage, 'The scope is not an object.');
  const { for_ms, count, run, resource, ...others } = scope as Record<string, unknown>;
  const good =
    Object.keys(others).length === 0 &&
    [for_ms, count].every(value => value === undefined || typeof value === 'number') &&
    [run, resource].every(value => value === undefined || value === true);
  if (!good) throw new Fault(exitCode.usage, 'The scope has members other than for_ms, count, run and resource.');
  return scope as Scope;
}

/** An answer with its signature, or undefined. Throws `Fault` (usage). */
function signedOf({ signed }: Call['body']): Signed | undefined {
  if (signed === undefined) return undefined;
  const { approver, key, statement, signature, via } = (signed ?? {}) as Record<string, unknown>;
  const texts = [approver, key, statement, signature];
  // The others are for those ways in which the proxy itself knows who answers.
  if (via !== 'cli' || texts.some(value => typeof value !== 'string'))
    throw new Fault(exitCode.usage, 'The signature is not one.');
  return signed as Signed;
}

function answerApproval(call: Call, verdict: Answer['verdict']): Promise<Approval> {
  const { house, params, body, by, inside } = call;
  const signed = signedOf(body);
  if (verdict === 'granted') {
    if (signed === undefined) call.asOperator();
    else call.asOutsider();
  }
  return house.approvals.answer(params.id!, {
    verdict,
    // Who stands inside a run doesn't sign for somebody else.
    by: inside === null ? (signed?.approver ?? text(body.by, by)) : by,
    reason: text(body.reason),
    scope: scopeOf(body),
    ...(signed && { signed }),
  });
}

/** Answered when somebody has answered it, or after so many milliseconds with how it is then. */
async function wait({ house, params, query, response }: Call): Promise<Approval> {
  const limit = Number(query.get('timeout') ?? 0);
  if (!Number.isInteger(limit) || limit < 0) throw new Fault(exitCode.usage, 'The timeout is not in milliseconds.');
  const over = new AbortController();
  const leave = (): void => over.abort();
  response.once('close', leave);
  const timer = limit === 0 ? undefined : setTimeout(leave, Math.min(limit, 2 ** 31 - 1));
  try {
    return await house.approvals.settled(params.id!, over.signal);
  } finally {
    clearTimeout(timer);
    response.off('close', leave);
  }
}

export const approvalRoutes: readonly Route[] = [
  { method: 'GET', path: '/approvals', authority: 'any', handle: ({ house }) => house.approvals.list() },
  {
    method: 'GET',
    path: '/approvals/:id',
    authority: 'any',
    handle: ({ house, params }) => ({
      ...house.approvals.find(params.id!),
      policy_changed: house.approvals.find(params.id!).policy_sha256 !== house.policy.digest,
    }),
  },
  { method: 'GET', path: '/approvals/:id/wait', authority: 'any', handle: wait },
  {
    method: 'POST',
    path: '/approvals/:id/approve',
    authority: 'any',
    handle: call => answerApproval(call, 'granted'),
  },
  { method: 'POST', path: '/approvals/:id/deny', authority: 'any', handle: call => answerApproval(call, 'refused') },
];
