/**
 * Signing for AWS: the agent's signature goes, ours takes its place. The scope is what the agent's signature named, if it
 * fits the host; the time is now. Content, and all fields that aren't credentials, stay as they were judged.
 */
import { Refusal } from '../errors.js';
import type { CanonicalRequest, Field } from '../model.js';
import type { Loaned } from './inject.js';
import { isField } from './scheme.js';
import {
  algorithm,
  emptyHash,
  encode,
  printScope,
  type Scope,
  type Signable,
  signature,
  signedFields,
  signingKey,
  stringToSign,
  timestamp,
} from './sigv4.js';
import { Chunks } from './sigv4-chunks.js';
import { toldBy } from './sigv4-host.js';
import { readOwn, withoutSignature } from './sigv4-own.js';
import { readMembers } from './structured.js';

/** What is signed in the query is good for so many seconds at most: it is sent at once, and redirects may show it. */
const longest = 60;
/** Services that take a path for what it says. */
const literally = new Set(['s3', 's3-object-lambda', 's3-outposts', 's3express']);
/** Fields that are covered besides Host and those of AWS; what is left out of a request later on can't be. */
const covered = new Set(['content-type', 'content-md5']);

/** Where and when. */
export interface Occasion {
  /** As it stands in the Host field. */
  readonly authority: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** A request that is signed. */
export interface Signed {
  readonly request: CanonicalRequest;
  /** Whether the agent's own signature was there. */
  readonly replaced: boolean;
  /** Signs the chunks of the body anew, if it has any that are signed. */
  readonly chunks: Chunks | null;
  /** True if no answer can have the secret in it: it isn't sent; or its session token is, to S3, which repeats nothing. */
  readonly hidden: boolean;
}

const unavailable = (detail: string, next?: string): never => {
  throw new Refusal('credential_unavailable', detail, next === undefined ? {} : { next });
};

/** Region and service: as the agent says, if that fits what the host tells; as the host tells, if it says nothing. */
function scopeOf(request: CanonicalRequest, own: ReturnType<typeof readOwn>): Omit<Scope, 'date'> {
  const told = toldBy(request.host);
  if (own !== null) {
    const { region, service } = own;
    const fault =
      told === null
        ? null
        : !told.services.includes(service)
          ? `for the service ${service}`
          : told.region !== null && told.region !== region
            ? `for the region ${region}`
            : null;
    return fault === null
      ? { region, service }
      : unavailable(`The request is signed ${fault}, and goes to ${request.host}.`, 'Let the SDK choose the endpoint.');
  }
  const [service] = told?.services ?? [];
  return service === undefined
    ? unavailable(
        `The request isn't signed, and ${request.host} doesn't tell the region and service to sign for.`,
        'Let an AWS SDK sign it with the placeholder.',
      )
    : { region: told!.region ?? 'us-east-1', service };
}

/** Hash of the body, or what stands for it. `literal`: the service is S3, which takes a body without one. */
function payloadOf({ fields, query, body }: CanonicalRequest, literal: boolean, presigned: boolean): string {
  const given = [
    ...fields.filter(field => isField(field, 'X-Amz-Content-Sha256')).map(([, value]) => value),
    ...new URLSearchParams(`&${query}`).getAll('X-Amz-Content-Sha256'),
  ];
  if (given.length > 1) throw new Refusal('malformed_request', 'X-Amz-Content-Sha256 is there more than once.');
  const actual = body.state === 'none' ? emptyHash : (body.sha256 ?? null);
  const [said] = given;
  if (said === undefined) {
    if (literal && (presigned || actual === null)) return 'UNSIGNED-PAYLOAD';
    return (
      actual ??
      unavailable(
        'The body is too long to be read before it is sent, and AWS wants its hash first.',
        'Send it in smaller parts, or with X-Amz-Content-Sha256.',
      )
    );
  }
  if (/^[0-9a-f]{64}$/.test(said)) {
    if (actual === null || actual === said) return said;
    throw new Refusal('malformed_request', 'X-Amz-Content-Sha256 is not the hash of the body that came.');
  }
  if (/ECDSA/.test(said)) return unavailable("Tollfence can't sign with Signature Version 4A.");
  if (/EVENTS/.test(said)) return unavailable("Tollfence can't sign streams of events.");
  return said;
}

/** The members of a secret. Throws if they can't be sent. */
function keysOf({ value }: Loaned): { id: string; secret: string; token: string | null } {
  const members = readMembers('sigv4', value);
  if (typeof members === 'string') return unavailable(`The secret can't be used: ${members}.`);
  const { access_key_id: id, secret_access_key: secret, session_token: token = null } = members;
  if (!/^[\w.+=@-]+$/.test(String(id))) unavailable("The secret can't be used: its access_key_id is no such id.");
  if (token !== null && !/^[\x21-\x7e]+$/.test(String(token)))
    unavailable("The secret can't be used: its session_token holds a character that a header can't carry.");
  return { id: String(id), secret: String(secret), token: token === null ? null : String(token) };
}

const isCovered = ([name]: Field): boolean => /^x-amz-/i.test(name) || covered.has(name.toLowerCase());

/** Signs a request. Throws `Refusal` if it can't be. */
export function signAws(request: CanonicalRequest, lease: Loaned, { authority, now }: Occasion): Signed {
  const own = readOwn(request);
  const scope = { ...scopeOf(request, own), date: timestamp(now).slice(0, 8) };
  const literal = literally.has(scope.service);
  const { request: bare, removed } = withoutSignature(request);
  const presigned = own?.form === 'query';
  const payload = payloadOf(bare, literal, presigned);
  const { id, secret, token } = keysOf(lease);
  const time = timestamp(now);
  const credential = `${id}/${printScope(scope)}`;

  const kept = bare.fields.filter(field => !isField(field, 'X-Amz-Date'));
  const fields: Field[] = [...kept];
  let { query } = bare;
  if (presigned) {
    const left = Math.ceil((own.ends! - now) / 1000);
    if (left <= 0)
      throw new Refusal('malformed_request', 'The time for which its AWS signature was made has passed.', {
        next: 'Sign it anew.',
      });
    query = [
      ...(query === '' ? [] : [query]),
      `X-Amz-Algorithm=${algorithm}`,
      `X-Amz-Credential=${encode(credential)}`,
      `X-Amz-Date=${time}`,
      `X-Amz-Expires=${Math.min(left, longest)}`,
      ...(token === null ? [] : [`X-Amz-Security-Token=${encode(token)}`]),
      `X-Amz-SignedHeaders=${encode(signedFields([['Host', authority], ...fields.filter(isCovered)]))}`,
    ].join('&');
  } else {
    fields.push(['X-Amz-Date', time]);
    if (token !== null) fields.push(['X-Amz-Security-Token', token]);
    if (literal && !kept.some(field => isField(field, 'X-Amz-Content-Sha256')))
      fields.push(['X-Amz-Content-Sha256', payload]);
  }

  const signable: Signable = {
    method: request.method,
    path: request.path,
    query,
    fields: [['Host', authority], ...fields.filter(isCovered)],
    payload,
    literal,
  };
  const key = signingKey(secret, scope);
  const made = signature(key, stringToSign(signable, time, scope));
  const chunked = /^STREAMING-AWS4-HMAC-SHA256-PAYLOAD(-TRAILER)?$/.exec(payload);
  const chunks = chunked && new Chunks({ key, time, scope, signature: made }, chunked[1] !== undefined);
  if (chunks === null) key.fill(0);
  const hidden = token === null || (scope.service === 's3' && toldBy(request.host) !== null);
  if (presigned) query += `&X-Amz-Signature=${made}`;
  else
    fields.push([
      'Authorization',
      `${algorithm} Credential=${credential}, SignedHeaders=${signedFields(signable.fields)}, Signature=${made}`,
    ]);
  return { request: { ...request, fields, query }, replaced: removed, chunks, hidden };
}
