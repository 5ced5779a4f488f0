/**
 * Problem: a refusal as the answer that an agent and its SDK get (interface §3): RFC 9457 with members that SDKs look
 * for, and headers that scripts look for. Never HTML.
 */
import { type Refusal, refusalRow } from '../errors.js';
import type { Classified, Connector, Field } from '../model.js';

/** What is known about the refused request by then. */
export interface ProblemContext {
  readonly gateway: string | null;
  readonly meaning: Classified | null;
  /** The connector of the host: what shapes a refusal that came before its meaning was known. */
  readonly connector?: Connector | null;
  readonly rule: string | null;
  readonly evidence: string | null;
  readonly pendingStatus: number;
  /** The request came directly, so the client knows nothing of a proxy. */
  readonly direct?: boolean;
  /** The client's User-Agent, or empty: some SDKs show a reason only in their API's own shape. */
  readonly agent: string;
}

/** Status, header fields and body bytes of an answer of our own. */
export interface Answer {
  readonly status: number;
  readonly fields: readonly Field[];
  readonly body: Buffer;
}

/** Seconds for which an SDK waits by itself, as it is told. */
const patience = 60;

const decisionOf = (code: string): string =>
  code === 'approval_pending' || code === 'deferred'
    ? 'pending'
    : [
          'denied',
          'binding_void',
          'killed',
          'approval_refused',
          'approval_timeout',
          'rate_limited',
          'budget_exceeded',
          'destination_prohibited',
        ].includes(code)
      ? 'deny'
      : 'error';

/** What the request would do, each once. */
const namesOf = ({ action, also = [] }: Classified): string =>
  [...new Set([action.name, ...also.map(part => part.action.name)])].join(', ');

/** Prints a refusal. The connector may add members so that its API's own clients show the reason. */
export function problemAnswer(refusal: Refusal, context: ProblemContext): Answer {
  const row = refusalRow(refusal.code);
  // A client that knows of no proxy doesn't understand 407.
  const unknown = refusal.code === 'unauthenticated' && context.direct === true;
  const status = refusal.code === 'approval_pending' ? context.pendingStatus : unknown ? 401 : row.status;
  const detail = refusal.message;
  const retryAfter = refusal.extra.retryAfter ?? (row.retryable && status === 503 ? 5 : undefined);
  const long = retryAfter !== undefined && retryAfter > patience;
  const action = context.meaning?.action.name ?? null;
  const next =
    refusal.extra.next ??
    (unknown ? 'Send the token of the run as the key of the API: it is the password in HTTPS_PROXY.' : undefined) ??
    (refusal.code === 'denied' && action !== null && context.gateway !== null
      ? `Ask an operator to allow ${namesOf(context.meaning!)} for ${context.gateway}, or do without it.`
      : row.next);
  const connector = context.meaning?.connector ?? context.connector;
  const refused = {
    status,
    code: refusal.code,
    detail,
    next,
    action: action?.slice((connector?.name.length ?? 0) + 1) ?? '',
    ...(long && { long_wait: retryAfter }),
  };
  const shaped = connector?.refusal?.(refused, context.agent) ?? {};
  const resource = context.meaning?.resource;
  const document = {
    type: 'about:blank',
    title: unknown ? 'Authentication required' : row.title,
    status,
    code: refusal.code,
    detail,
    gateway: context.gateway,
    action,
    resource: resource ? (resource.id === '' ? resource.type : `${resource.type}:${resource.id}`) : null,
    rule: context.rule,
    evidence_id: context.evidence,
    retryable: row.retryable,
    next,
    ...refusal.extra.members,
    message: detail,
    error: { type: `tollfence_${refusal.code}`, code: refusal.code, message: detail },
    ...shaped.body,
  };
  const body = Buffer.from(shaped.instead?.text ?? `${JSON.stringify(document)}\n`);
  const fields: Field[] = [
    ['Content-Type', shaped.instead?.media_type ?? 'application/problem+json; charset=utf-8'],
    ['Content-Length', String(body.length)],
    ['Cache-Control', 'no-store'],
    ['Tf-Decision', decisionOf(refusal.code)],
    ['Proxy-Status', `tollfence; error=${row.proxyError}`],
  ];
  if (context.evidence !== null) fields.push(['Tf-Evidence-Id', context.evidence]);
  if (refusal.code === 'killed') fields.push(['Tf-Kill-Switch', 'active']);
  if (refusal.code === 'unauthenticated')
    fields.push([unknown ? 'WWW-Authenticate' : 'Proxy-Authenticate', 'Basic realm="tollfence"']);
  if (retryAfter !== undefined) fields.push(['Retry-After', String(retryAfter)]);
  // Most SDKs retry a 403 never, a 503 often; this says it to those that ask (openai, anthropic, stripe). Nor does any of
  // them wait for long: an hour becomes a second or two.
  if (!row.retryable || long) fields.push(['X-Should-Retry', 'false'], ['Stripe-Should-Retry', 'false']);
  for (const field of shaped.fields ?? []) fields.push(field);
  return { status: shaped.status ?? status, fields, body };
}
