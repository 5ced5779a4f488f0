/** OAuth 2 (RFC 6749): a refresh token (§6) or client credentials (§4.4) for an access token. */
import type { Field } from '../../model.js';
import type { Members } from '../structured.js';
import {
  basic,
  type Call,
  type Document,
  documentOf,
  form,
  formFields,
  type Gained,
  type Kind,
  type Meanings,
  NoToken,
  secondsIn,
  textOf,
  tokenIn,
} from './kind.js';

const wrongClient = [
  'does not accept client_id and client_secret',
  'Store the right ones with `tf secret rotate`.',
] as const;
const wrongGrant = [
  'does not accept the refresh token (any more)',
  'Authorise again, and store what that gives with `tf secret rotate`.',
] as const;

/** What refusals mean: RFC 6749 §5.2, and what GitHub and Slack say instead, with status 200. */
export const refusals: Meanings = {
  invalid_request: ['finds the request wrong'],
  invalid_client: wrongClient,
  invalid_grant: wrongGrant,
  unauthorized_client: ['does not let this client do so'],
  unsupported_grant_type: ['does not know this way to get a token'],
  invalid_scope: ['does not give these scopes', 'Store others with `tf secret rotate`.'],
  incorrect_client_credentials: wrongClient,
  bad_client_secret: wrongClient,
  invalid_client_id: wrongClient,
  bad_refresh_token: wrongGrant,
  invalid_refresh_token: wrongGrant,
};

/** Types of tokens that are used as bearer tokens: RFC 6750's, and Slack's names for them. */
const bearers: ReadonlySet<unknown> = new Set([undefined, 'bearer', 'bot', 'user']);

/** The token in a successful answer (RFC 6749 §5.1). Where it doesn't say how long it is good, five minutes. */
export function bearerIn(document: Document, call: Call): Gained {
  const { token_type: type, access_token: token, expires_in: seconds } = document;
  if (!bearers.has(typeof type === 'string' ? type.toLowerCase() : type))
    throw new NoToken(`${new URL(call.url).host} gave a token that is not a bearer token`);
  return { scheme: 'bearer', value: tokenIn(token, call), seconds: secondsIn(seconds, 300) };
}

/** How the client says who it is (RFC 6749 §2.3.1): as `basic`, or, if `client_auth` is `post`, in the body. */
function client(members: Members): { fields: readonly Field[]; body: Record<string, string> } {
  const id = textOf(members, 'client_id');
  const secret = textOf(members, 'client_secret');
  if (secret === '' || members.client_auth === 'post')
    return { fields: [], body: { client_id: id, client_secret: secret } };
  const encoded = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1);
  return { fields: [basic(encoded(id), encoded(secret))], body: {} };
}

export const oauth2: Kind = function* (members) {
  const url = textOf(members, 'token_url');
  const refresh = textOf(members, 'refresh_token');
  const { fields, body } = client(members);
  const call: Call = {
    step: 'token',
    method: 'POST',
    url,
    fields: [...formFields, ...fields],
    body: form({
      grant_type: refresh === '' ? 'client_credentials' : 'refresh_token',
      refresh_token: refresh,
      scope: textOf(members, 'scopes'),
      audience: textOf(members, 'audience'),
      ...body,
    }),
  };
  const document = documentOf(call, yield call, refusals);
  const gained = bearerIn(document, call);
  const next = document.refresh_token;
  // A client that used no refresh token must not get one (§4.4.3).
  if (refresh === '' || typeof next !== 'string' || next === '' || next === refresh) return gained;
  return { ...gained, rotated: { ...members, refresh_token: next } };
};
