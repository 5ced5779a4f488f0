/** gRPC over HTTP/2 (grpc/grpc, doc/PROTOCOL-HTTP2.md): what is one of its calls, and how its clients are told of a refusal. */
import { type Code, type Refusal, refusalRow } from '../errors.js';
import type { Answer } from './problem.js';

/** Whether a request, with its fields as names and values in turn, is a call of gRPC. gRPC-Web is none: it is plain HTTP. */
export function isGrpc(method: string, fields: readonly string[]): boolean {
  if (method !== 'POST') return false;
  const at = fields.findIndex((name, i) => i % 2 === 0 && name.length === 12 && name.toLowerCase() === 'content-type');
  return at >= 0 && /^application\/grpc(\+[\w.-]+)?\s*(;|$)/i.test(fields[at + 1]!);
}

// grpc/grpc, doc/statuscodes.md.
const invalidArgument = 3;
const deadlineExceeded = 4;
const permissionDenied = 7;
const resourceExhausted = 8;
const internal = 13;
const unavailable = 14;
const unauthenticated = 16;

const statuses: Partial<Record<Code, number>> = {
  unauthenticated,
  malformed_request: invalidArgument,
  authority_mismatch: invalidArgument,
  denied: permissionDenied,
  killed: permissionDenied,
  approval_refused: permissionDenied,
  approval_timeout: permissionDenied,
  destination_prohibited: permissionDenied,
  rate_limited: resourceExhausted,
  budget_exceeded: resourceExhausted,
  upstream_timeout: deadlineExceeded,
};

/** Percent-encodes what grpc-message can't hold. */
const message = (text: string): string =>
  [...Buffer.from(text)]
    .map(byte =>
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
    )
    .join('');

/** The same answer as its clients read it: a head that is everything, HTTP status 200, and the status of the call in a field. */
export function grpcAnswer({ code, message: detail }: Refusal, { fields }: Answer): Answer {
  const kept = fields.filter(([name]) => !/^content-(type|length)$/i.test(name));
  return {
    status: 200,
    fields: [
      ['content-type', 'application/grpc'],
      ['grpc-status', String(statuses[code] ?? (refusalRow(code).retryable ? unavailable : internal))],
      ['grpc-message', message(detail)],
      ...kept,
    ],
    body: Buffer.alloc(0),
  };
}
