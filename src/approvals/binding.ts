/** Binding: what ties an approval to one request, however often it is sent again. */
import { createHash } from 'node:crypto';
import type { Trace } from '../gateway.js';
import { printAuthority, printTarget } from '../http/target.js';

// Clients change these when they try again; none of them changes what an API does.
const volatile =
  /^(accept|accept-encoding|accept-language|user-agent|date|idempotency-key|traceparent|tracestate|baggage|x-request-id|x-client-request-id|x-stainless-.*|x-stripe-client-.*)$/i;
const ownCredentials = /^(authorization|x-api-key)$/i;

/**
 * What an approval binds: everything that decides what the request does, and nothing that changes between retries. The
 * agent's own credentials don't count where ours replace them.
 */
export function bindingOf(trace: Trace, replaced: boolean): string {
  const { request, question, decision } = trace;
  const parts = [
    request!.method,
    request!.scheme,
    printAuthority(request!),
    printTarget(request!.path, request!.query),
    request!.body,
    request!.fields
      .filter(([name]) => !volatile.test(name) && !(replaced && ownCredentials.test(name)))
      .map(([name, value]) => `${name.toLowerCase()}: ${value}`)
      .sort(),
    question!.action,
    question!.resource,
    question!.also ?? [],
    question!.subject.id,
    decision!.policy_sha256,
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
