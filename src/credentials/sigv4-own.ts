/** The agent's own AWS signature: the scope that it names, and the request without it. What it signed with counts for nothing. */
import { Refusal } from '../errors.js';
import type { CanonicalRequest } from '../model.js';
import { containsPlaceholder } from './placeholders.js';
import { isField, parameterName } from './scheme.js';
import { algorithm } from './sigv4.js';

/** What an agent's signature says. */
export interface OwnSignature {
  /** Where it stands, and where ours will. */
  readonly form: 'field' | 'query';
  readonly region: string;
  readonly service: string;
  /** When what is signed in the query ends, in milliseconds since the epoch; null in a field. */
  readonly ends: number | null;
}

/** Fields that act for somebody. */
const ownFields = ['Authorization', 'X-Amz-Security-Token', 'X-Amz-S3session-Token'];
/** Parameters that do, and what belongs to them; `AWSAccessKeyId` is that of version 2. */
const ownParameters = new Set([
  'x-amz-algorithm',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-expires',
  'x-amz-region-set',
  'x-amz-security-token',
  'x-amz-s3session-token',
  'x-amz-signature',
  'x-amz-signedheaders',
  'awsaccesskeyid',
]);

const isOwnParameter = (piece: string): boolean => ownParameters.has(parameterName(piece).toLowerCase());

/** The request without the agent's signature and session, and whether there was any of it. */
export function withoutSignature(request: CanonicalRequest): { request: CanonicalRequest; removed: boolean } {
  const fields = request.fields.filter(field => !ownFields.some(name => isField(field, name)));
  const pieces = request.query === '' ? [] : request.query.split('&');
  const kept = pieces.filter(piece => !isOwnParameter(piece));
  const removed = fields.length < request.fields.length || kept.length < pieces.length;
  return { request: removed ? { ...request, fields, query: kept.join('&') } : request, removed };
}

const refuse = (detail: string): never => {
  throw new Refusal('malformed_request', detail, { next: 'Let an AWS SDK sign the request with the placeholder.' });
};

const unsupported = (what: string): never => {
  throw new Refusal('credential_unavailable', `The request is signed with ${what}, which Tollfence can't sign with.`, {
    next: 'Use the endpoint of one region, and Signature Version 4.',
  });
};

/** `AKID/20130524/us-east-1/s3/aws4_request`, of which an access key id has no slash. */
function readCredential(text: string): { region: string; service: string } {
  const [, region, service] =
    /^[^/]+\/\d{8}\/([a-z0-9-]{1,64})\/([A-Za-z0-9._-]{1,64})\/aws4_request$/.exec(text) ?? [];
  return region === undefined || service === undefined
    ? refuse('The Credential of its AWS signature is not KEY/DATE/REGION/SERVICE/aws4_request.')
    : { region, service };
}

function readTime(text: string): number {
  const [, day, time] = /^(\d{8})T(\d{6})Z$/.exec(text) ?? [];
  const iso = `${day?.replace(/(....)(..)(..)/, '$1-$2-$3')}T${time?.replace(/(..)(..)(..)/, '$1:$2:$3')}Z`;
  const ms = Date.parse(iso);
  return Number.isNaN(ms) ? refuse('The X-Amz-Date of its AWS signature is not a time.') : ms;
}

/** Reads the agent's signature; null if there is none. Throws `Refusal` for one that can't be made anew, or read in one way. */
export function readOwn(request: CanonicalRequest): OwnSignature | null {
  const values = request.fields.filter(field => isField(field, 'Authorization')).map(([, value]) => value);
  const query = new URLSearchParams(`&${request.query}`);
  const one = (name: string): string => {
    const all = query.getAll(name);
    return all.length === 1 ? all[0]! : refuse(`Its AWS signature has ${name} ${all.length} times, not once.`);
  };
  if (query.has('X-Amz-Signature') || query.has('X-Amz-Credential')) {
    if (values.length > 0) refuse('It is signed for AWS twice, in Authorization and in the query.');
    const named = one('X-Amz-Algorithm');
    if (/^AWS4-ECDSA/.test(named)) unsupported('Signature Version 4A');
    if (named !== algorithm) unsupported('an unknown algorithm');
    const seconds = one('X-Amz-Expires');
    if (!/^\d{1,6}$/.test(seconds)) refuse('The X-Amz-Expires of its AWS signature is not a number of seconds.');
    const ends = readTime(one('X-Amz-Date')) + Number(seconds) * 1000;
    return { form: 'query', ...readCredential(one('X-Amz-Credential')), ends };
  }
  const [value = ''] = values;
  if (/^AWS4-ECDSA/i.test(value)) unsupported('Signature Version 4A');
  if (/^AWS\s/.test(value) || query.has('AWSAccessKeyId')) unsupported('Signature Version 2');
  if (!/^AWS4-HMAC-SHA256\s/i.test(value)) return null;
  const credential = /[\s,]Credential=([^,\s]+)/.exec(value)?.[1];
  return { form: 'field', ...readCredential(credential ?? ''), ends: null };
}

/** Whether the request is signed with a placeholder, which signs nothing anywhere. */
export function isSignedByPlaceholder({ fields, query }: CanonicalRequest): boolean {
  const inField = fields.some(
    field => isField(field, 'Authorization') && /^AWS4-/i.test(field[1]) && containsPlaceholder(field[1]),
  );
  return inField || new URLSearchParams(`&${query}`).getAll('X-Amz-Credential').some(containsPlaceholder);
}
