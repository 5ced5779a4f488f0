/**
 * What every kind of exchange is made of. A kind is a generator: it yields the requests that it needs, is given their
 * answers, and returns what may be sent to the API, or throws {@link NoToken}. It sends nothing itself.
 */
import type { Field, Scheme } from '../../model.js';
import type { Members } from '../structured.js';

/** One request that an exchange needs. */
export interface Call {
  /** What it is, for the log: `token`, `challenge`, `login`, `read`, `revoke`. */
  readonly step: string;
  readonly method: string;
  readonly url: string;
  readonly fields: readonly Field[];
  readonly body: string | null;
  /** True if nothing depends on how it ends: it is then answered with status 0. */
  readonly optional?: boolean;
}

/** What came back. */
export interface Answer {
  readonly status: number;
  readonly fields: readonly Field[];
  /** Null if it was too long. */
  readonly body: Uint8Array | null;
}

/** What may be sent in place of the secret. */
export interface Gained {
  readonly scheme: Scheme;
  readonly value: Buffer;
  /** How long it is good for. */
  readonly seconds: number;
  /** The secret as it is from now on, if the server has changed it. */
  readonly rotated?: Members;
  /** What is to be sent when it is no longer used. */
  readonly after?: readonly Call[];
}

/** The request of the agent, as far as an exchange may depend on it. */
export interface Target {
  readonly method: string;
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly query: string;
}

/** What a kind may know besides the secret's members. */
export interface Wanted {
  readonly scheme: Scheme;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly target: Target;
}

export type Kind = (members: Members, wanted: Wanted) => Generator<Call, Gained, Answer>;

/** There is no token; the message is a clause for a person, and quotes neither the secret nor the answer. */
export class NoToken extends Error {
  /** What an operator can do about it. */
  readonly next: string | undefined;

  constructor(message: string, next?: string) {
    super(message);
    this.next = next;
  }
}

/** A member as one text; empty if there is none. */
export function textOf(members: Members, name: string): string {
  const member = members[name] ?? '';
  return typeof member === 'string' ? member : member.join(' ');
}

/** Percent-encoded as in a form (WHATWG URL, application/x-www-form-urlencoded). */
export const form = (fields: Readonly<Record<string, string>>): string =>
  new URLSearchParams(Object.entries(fields).filter(([, value]) => value !== '')).toString();

/** `Basic` credentials (RFC 7617). */
export const basic = (user: string, password: string): Field => [
  'authorization',
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
];

/** Fields of a request whose body is a form, or JSON. */
export const formFields: readonly Field[] = [
  ['accept', 'application/json'],
  ['content-type', 'application/x-www-form-urlencoded'],
];
export const jsonFields: readonly Field[] = [
  ['accept', 'application/json'],
  ['content-type', 'application/json'],
];

export type Document = { readonly [member: string]: unknown };

/** The JSON object in an answer, whatever its status; null if there is none. */
export function objectIn({ body }: Answer): Document | null {
  if (body === null) return null;
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Document) : null;
  } catch {
    return null;
  }
}

/** What refusals mean, by their `error` or status: a clause, and what to do about it. The server's own words aren't quoted. */
export interface Meanings {
  readonly [refusal: string | number]: readonly [clause: string, next?: string];
}

/** The JSON object in a successful answer; one that names an error of these is none. Throws `NoToken`. */
export function documentOf(call: Call, answer: Answer, meanings: Meanings = {}): Document {
  const { host } = new URL(call.url);
  const document = objectIn(answer);
  const { status } = answer;
  const good = status >= 200 && status <= 299;
  const error = document?.error;
  const refusal = [...(typeof error === 'string' ? [error] : []), ...(good ? [] : [String(status)])].find(name =>
    Object.hasOwn(meanings, name),
  );
  if (refusal !== undefined) {
    const [clause, next] = meanings[refusal]!;
    throw new NoToken(`${host} ${clause} (${refusal === error ? refusal : `status ${status}`})`, next);
  }
  if (!good) throw new NoToken(`${host} refused it with status ${status}`);
  if (document === null) throw new NoToken(`${host} answered with something that is not a JSON object`);
  return document;
}

/** A token that an answer names, as what a header can carry. Throws `NoToken`. */
export function tokenIn(value: unknown, call: Call): Buffer {
  const { host } = new URL(call.url);
  if (typeof value !== 'string' || value === '') throw new NoToken(`the answer of ${host} holds no token`);
  // RFC 6750 §2.1; longer ones would not fit into the head of a request.
  if (!/^[\x21-\x7e]{1,8192}$/.test(value))
    throw new NoToken(`${host} gave a token that can't be sent: it is too long, or no header can carry it`);
  return Buffer.from(value, 'latin1');
}

/** Seconds that an answer tells, as number or digits; else what is usual. */
export function secondsIn(value: unknown, usual: number): number {
  const seconds = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
  return typeof seconds === 'number' && Number.isFinite(seconds) && seconds > 0 ? seconds : usual;
}
