/** Call: how a program inside a run asks its proxy: HTTP to loopback, with the token that it was given. */
import { request } from 'node:http';

/** Why something is not done, or not known: what the proxy said, as it says it to any client. */
export class Refused extends Error {
  /** `denied`, `approval_pending`, `killed`, `unauthenticated` …: the codes of docs/sdk.md. */
  readonly code: string;
  readonly status: number;
  /** Id of the entry that records it, or null. */
  readonly evidenceId: string | null;
  /** Which rule decided, or null. */
  readonly rule: string | null;
  readonly retryable: boolean;
  /** Seconds after which it may be tried again, or null. */
  readonly retryAfter: number | null;
  /** What to do next, for a person. */
  readonly next: string;

  constructor(status: number, said: Readonly<Record<string, unknown>>, retryAfter: number | null) {
    const text = (name: string): string | null => (typeof said[name] === 'string' ? said[name] : null);
    super(text('detail') ?? `The proxy answered with ${status}.`);
    this.name = 'Refused';
    this.code = text('code') ?? 'unknown';
    this.status = status;
    this.evidenceId = text('evidence_id');
    this.rule = text('rule');
    this.retryable = said.retryable === true;
    this.retryAfter = retryAfter;
    this.next = text('next') ?? '';
  }
}

/** Where the proxy is, and with which token it is asked. */
export interface Gate {
  readonly origin: string;
  readonly token: string;
}

const outside =
  'There is no proxy in HTTPS_PROXY. Start the program with `tf run`, or with the proxy variables of a grant.';

/** The gate of this process. Throws an Error outside of a run. */
export function gateOf(environment: NodeJS.ProcessEnv = process.env): Gate {
  const proxy = environment.HTTPS_PROXY ?? environment.https_proxy ?? '';
  if (!/^http:\/\/[^@]+@/.test(proxy)) throw new Error(outside);
  const { hostname, port, password } = new URL(proxy);
  return { origin: `http://${hostname}:${port || '80'}`, token: decodeURIComponent(password) };
}

/** The same gate under another token. */
export const under = (gate: Gate, token: string): Gate => ({ ...gate, token });

const longest = 1 << 20;

/** Asks. Rejects `Refused` as the proxy refuses, and an Error when it is not there. */
export function call(
  { origin, token }: Gate,
  route: string,
  body: object,
  signal?: AbortSignal,
): Promise<Readonly<Record<string, unknown>>> {
  const text = JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const asking = request(`${origin}/_/tollfence/v1/${route}`, {
      method: 'POST',
      agent: false,
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(text),
        authorization: `Bearer ${token}`,
      },
      ...(signal && { signal }),
    });
    asking.once('error', reject);
    asking.once('response', answer => {
      let said = '';
      answer.setEncoding('utf8');
      answer.on('data', (piece: string) => {
        said += piece;
        if (said.length > longest) answer.destroy(new Error('The answer of the proxy is too long.'));
      });
      answer.once('error', reject);
      answer.once('end', () => {
        const status = answer.statusCode ?? 0;
        const value = parsed(said);
        if (status === 200 && value !== null) return resolve(value);
        const wait = Number(answer.headers['retry-after']);
        reject(new Refused(status, value ?? {}, Number.isFinite(wait) ? wait : null));
      });
    });
    asking.end(text);
  });
}

function parsed(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
