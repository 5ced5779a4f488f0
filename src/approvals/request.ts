/** Request: an approval as it is asked for, made from what is known of a request. */
import type { Trace } from '../gateway.js';
import type { Allowed } from '../permit.js';
import type { Bindings } from './binding.js';
import { demandsOf } from './demand.js';
import type { Held } from './kept.js';

/** Parameters of a query whose values may be credentials; they are nobody's to read. */
const secretive = /key|token|secret|passw|signature|credential|auth|^(sig|pwd|code|assertion)$/i;

const shownQuery = (query: string): string =>
  query
    .split('&')
    .map(pair => (secretive.test(pair.split('=', 1)[0]!) ? pair.replace(/=.*/s, '=…') : pair))
    .join('&');

/** What is kept of a request that needs consent. `expires` in milliseconds since the epoch. */
export function approvalFor(
  id: string,
  { caller, request, question, decision, evidence }: Trace,
  { secret }: Pick<Allowed, 'secret'>,
  bindings: Bindings,
  { now, expires }: { readonly now: number; readonly expires: number },
): Held {
  const { subject, grant, action, resource, also, context } = question!;
  return {
    id,
    state: 'pending',
    gateway: subject.id,
    run: subject.run,
    subject,
    grant,
    grants: [...new Set([...(caller?.grants ?? []), ...(grant === null ? [] : [grant])].map(one => one.id))],
    action,
    resource,
    ...(also && { also }),
    flags: context.flags,
    why: decision!.reason,
    rule: decision!.rule,
    request: request && {
      method: request.method,
      scheme: request.scheme,
      host: request.host,
      port: request.port,
      path: request.path,
      query: shownQuery(request.query),
      body: request.body,
    },
    secret,
    ...bindings,
    policy_sha256: decision!.policy_sha256,
    decided: evidence!,
    requested_at: new Date(now).toISOString(),
    expires_at: new Date(expires).toISOString(),
    demands: demandsOf(decision!),
    yes: [],
    scope: null,
    used: 0,
    difference: null,
    by: null,
    reason: null,
    told: false,
  };
}
