/**
 * The one table of refusals: what Tollfence answers by itself (interface §3). A refusal is thrown where it is found and
 * becomes a problem document at the rim; its detail is a sentence for a person and never holds a secret.
 */

interface Row {
  readonly status: number;
  readonly title: string;
  /** `error` token of Proxy-Status (RFC 9209 §2.3). */
  readonly proxyError: string;
  readonly retryable: boolean;
  /** What to do next, unless whoever throws knows better. */
  readonly next: string;
}

const row = (status: number, title: string, proxyError: string, next: string, retryable = false): Row => ({
  status,
  title,
  proxyError,
  retryable,
  next,
});

const table = {
  unauthenticated: row(
    407,
    'Proxy authentication required',
    'http_request_denied',
    'Start the agent with `tf run`: it sets the proxy address with the token.',
  ),
  malformed_request: row(400, 'Malformed request', 'http_request_error', 'Send the request in one unambiguous form.'),
  authority_mismatch: row(
    421,
    'Authorities differ',
    'http_request_error',
    'Use one host name for the tunnel, TLS and the Host field.',
  ),
  denied: row(403, 'Denied by policy', 'http_request_denied', 'Ask an operator to allow it, or do without it.'),
  binding_void: row(403, 'The run is not what it was', 'http_request_denied', 'Start the agent anew with `tf run`.'),
  deferred: row(
    202,
    'Deferred',
    'http_request_denied',
    'It is done at `due_at` unless somebody takes it back with `tf undo`.',
  ),
  killed: row(
    403,
    'Stopped by the kill switch',
    'http_request_denied',
    'Stop. An operator can lift the switch with `tf resume`.',
  ),
  approval_pending: row(
    503,
    'Waiting for approval',
    'http_request_denied',
    'Send the same request again after the time in Retry-After.',
    true,
  ),
  approval_refused: row(403, 'Approval refused', 'http_request_denied', 'Do without it, or ask the approver why.'),
  approval_timeout: row(
    403,
    'Nobody approved in time',
    'http_request_denied',
    'Ask an operator, then send the request again.',
  ),
  rate_limited: row(429, 'Rate limited', 'http_request_denied', 'Wait for the time in Retry-After.', true),
  budget_exceeded: row(
    429,
    'Budget exceeded',
    'http_request_denied',
    'Wait for the time in Retry-After, or ask an operator.',
    true,
  ),
  credential_unavailable: row(
    502,
    'Credential unavailable',
    'proxy_internal_error',
    'Ask an operator to check it with `tf secret list`.',
  ),
  destination_prohibited: row(
    403,
    'Destination prohibited',
    'destination_ip_prohibited',
    'Use a public address, or ask an operator to add it to upstream.allow_private.',
  ),
  upstream_dns: row(502, 'Upstream name not resolved', 'dns_error', 'Check the host name.', true),
  upstream_unreachable: row(502, 'Upstream unreachable', 'destination_unavailable', 'Try again later.', true),
  upstream_tls: row(
    502,
    'Upstream TLS failed',
    'tls_certificate_error',
    'Check the certificate of the upstream; add its root with upstream.ca_file if it is your own.',
  ),
  upstream_reset: row(
    502,
    'Upstream closed the connection',
    'connection_terminated',
    'Find out whether it took effect before you try again.',
  ),
  upstream_protocol: row(
    502,
    'Upstream answer not understood',
    'http_protocol_error',
    'Find out whether it took effect before you try again.',
  ),
  upstream_timeout: row(
    504,
    'Upstream timed out',
    'http_response_timeout',
    'Find out whether it took effect before you try again.',
  ),
  log_unavailable: row(
    503,
    'Log unavailable',
    'proxy_internal_error',
    'Nothing was sent. An operator must look at the disk: `tf status`.',
    true,
  ),
  vault_locked: row(
    503,
    'Vault locked',
    'proxy_internal_error',
    'Nothing was sent. An operator must unlock the vault: `tf secret unlock`.',
    true,
  ),
  policy_unavailable: row(
    503,
    'Policy unavailable',
    'proxy_internal_error',
    'Nothing was sent. An operator must activate one that works: `tf policy activate`.',
    true,
  ),
  overloaded: row(
    503,
    'Too much at once',
    'proxy_internal_error',
    'Nothing was sent. Send fewer requests at the same time.',
    true,
  ),
  proxy_error: row(
    500,
    'Tollfence failed',
    'proxy_internal_error',
    'Nothing more is sent for this request. See `tf logs`, and report it.',
  ),
} satisfies Record<string, Row>;

/** Every code a refusal can have. */
export type Code = keyof typeof table;

/** The row of a code: status, title, token for Proxy-Status, and what to do next. */
export const refusalRow = (code: Code): Row => table[code];

/** What a refusal may carry besides its sentence. */
export interface RefusalExtra {
  readonly next?: string;
  /** Seconds. */
  readonly retryAfter?: number;
  /** Members to add to the problem document: `approval`, `defer`. */
  readonly members?: Readonly<Record<string, unknown>>;
  readonly rule?: string;
  /** Id of the entry that records it, when whoever throws has recorded it. */
  readonly evidence?: string | Promise<string>;
  /** What was caught, for the operator's diagnostics; never printed to the agent. */
  readonly cause?: unknown;
}

/** Thrown by any room to say no. Its message is the sentence for the person behind the agent. */
export class Refusal extends Error {
  readonly code: Code;
  readonly extra: RefusalExtra;

  constructor(code: Code, detail: string, extra: RefusalExtra = {}) {
    super(detail);
    this.name = 'Refusal';
    this.code = code;
    this.extra = extra;
  }
}

/** Exit codes of the command line (interface §1). */
export const exitCode = {
  done: 0,
  failed: 1,
  usage: 2,
  refused: 3,
  missing: 4,
  unreachable: 5,
  unverified: 6,
} as const;

/** An error of the command line: one sentence, what to do next, and the exit code. */
export class Fault extends Error {
  readonly exit: number;
  readonly hint: string;

  constructor(exit: number, message: string, hint = '') {
    super(message);
    this.name = 'Fault';
    this.exit = exit;
    this.hint = hint;
  }
}
