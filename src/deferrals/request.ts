/** Request: what is kept of a request that is deferred, whether it can be, and what its client is told. */
import { bindingsOf } from '../approvals/binding.js';
import { Refusal } from '../errors.js';
import { mostFields } from '../http/front-door.js';
import { type Deferral, namesOf } from './deferral.js';
import type { Wanted } from './index.js';

/** What was judged is what is kept: all of the body, or nothing. Throws `Refusal` (`denied`). */
export function admitted(trace: Wanted['trace'], body: Wanted['body']): Buffer | null {
  const { method, upgrade, fields, body: facts } = trace.request!;
  const no = (why: string): never => {
    throw new Refusal('denied', `The policy defers this, and ${why}.`);
  };
  if (upgrade !== null || method === 'CONNECT') no("a connection that both sides talk on can't be made later");
  if (fields.length > mostFields) no(`it has more than ${mostFields} header fields`);
  if (facts.state === 'truncated') no('its body is too large to be kept for that');
  if (facts.state === 'opaque' || body === 'unread') no('its body could not be read before it would be sent');
  return body === null || body === 'unread' ? null : Buffer.from(body);
}

/** What people see of it. An identical request is the same one, also under a policy that was changed meanwhile. */
export function draftOf(
  trace: Wanted['trace'],
  allowed: Wanted['allowed'],
  grants: readonly string[],
): Omit<Deferral, 'id' | 'state' | 'scheduled_at' | 'due_at'> {
  const { subject, action, resource, also } = trace.question!;
  const { method, host, path, body } = trace.request!;
  const decision = { ...trace.decision!, policy_sha256: '' };
  return {
    gateway: subject.id,
    run: subject.run,
    user: subject.user.sub,
    grants,
    action,
    resource,
    ...(also && { also }),
    why: trace.decision!.reason,
    request: { method, host, path, body_sha256: body.sha256 ?? null, bytes: body.bytes },
    binding: bindingsOf({ ...trace, decision }, allowed).binding,
    decided: trace.evidence!,
  };
}

/** The answer: when it will be done, and how it is taken back. */
export const refusalOf = (deferral: Deferral): Refusal =>
  new Refusal(
    'deferred',
    `${namesOf(deferral)} will be done at ${deferral.due_at}, unless somebody takes it back (${deferral.id}).`,
    {
      next: `Don't send it again. Until then it can be taken back with \`tf undo ${deferral.id}\`; \`tf defer show ${deferral.id}\` says how it ended.`,
      members: { defer: { id: deferral.id, due_at: deferral.due_at } },
    },
  );
