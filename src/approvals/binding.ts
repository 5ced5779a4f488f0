/** Binding: what ties an approval to one request, however often it is sent again. */
import { createHash } from 'node:crypto';
import { holdsPlaceholder, isSignedByPlaceholder, stripOwn } from '../credentials/index.js';
import type { Trace } from '../gateway.js';
import { printAuthority, printTarget } from '../http/target.js';
import type { CanonicalRequest } from '../model.js';
import type { Allowed } from '../permit.js';
import { demandsOf } from './demand.js';
import { withoutBoundary } from './form.js';

// Clients change these when they try again; none of them changes what an API does.
const volatile =
  /^(accept-encoding|accept-language|user-agent|date|x-amz-date|amz-sdk-invocation-id|amz-sdk-request|idempotency-key|traceparent|tracestate|baggage|x-request-id|x-client-request-id|x-stainless-.*|x-stripe-client-.*)$/i;

const hash = (parts: readonly unknown[]): string => createHash('sha256').update(JSON.stringify(parts)).digest('hex');

/** What an approval is for. */
export interface Bindings {
  /** Everything that decides what the request does, and nothing that changes between retries. */
  readonly binding: string;
  /** The same actions on the same resources at the same place, whatever they are sent with. */
  readonly resource_binding: string;
}

/** What is sent of a request, and is the same each time: a placeholder, and what is signed with one, stay here. */
function sentOf(request: CanonicalRequest): unknown {
  const own = isSignedByPlaceholder(request) ? stripOwn(request, 'sigv4').request : request;
  const { method, path, query } = own;
  const { body, fields } = withoutBoundary(own);
  const lasting = fields
    .filter(field => !volatile.test(field[0]) && !holdsPlaceholder(field))
    .map(([name, value]) => [name.toLowerCase(), value] as const);
  // In whatever order their names come; of several with one name the first, or the last, is what counts.
  const sorted = lasting.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return [method, printTarget(path, query), body, sorted];
}

/**
 * The bindings of a request; of the question alone where there is none. Both hold who asks (gateway, chain, grant and user), the
 * policy, what it demands of approvers, and the secret: an approval is worth nothing under others. By resource, what is suspicious
 * about one request isn't approved with another.
 */
export function bindingsOf({ request, question, decision }: Trace, { secret }: Pick<Allowed, 'secret'>): Bindings {
  const { subject, grant, action, resource, also = [], context } = question!;
  const { sub, issuer = null } = subject.user;
  const who = [subject.id, subject.chain, grant?.id ?? null, issuer, sub];
  const asker = [who, decision!.policy_sha256, demandsOf(decision!), secret];
  const place = request === null ? null : [request.scheme, printAuthority(request)];
  const sent = request === null ? null : sentOf(request);
  const whats = [{ action, resource }, ...also].map(part => [part.action.name, part.resource.type, part.resource.id]);
  return {
    binding: hash(['request', asker, place, sent, action, resource, also]),
    resource_binding: hash(['resource', asker, place, context.flags, whats.map(what => JSON.stringify(what)).sort()]),
  };
}
