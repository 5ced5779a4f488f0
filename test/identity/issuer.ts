/** Issuer: a real OpenID provider (`oidc-provider`), as a listener for whatever server a test puts it behind. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
  type JWTHeaderParameters,
  type JWTPayload,
  SignJWT,
} from 'jose';
import Provider from 'oidc-provider';

/** The client that ID tokens are for, and where it is sent back to. */
export const client = 'tollfence';
const back = 'https://client.example/back';

/** A user of the provider. */
export interface Account {
  readonly sub: string;
  readonly claims: { readonly [name: string]: unknown };
}

/** A pair of keys as a provider has it. */
export interface Key {
  readonly jwk: JWK;
  readonly kid: string;
}

export async function makeKey(alg = 'RS256'): Promise<Key> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = await exportJWK(privateKey);
  const kid = await calculateJwkThumbprint(jwk);
  return { jwk: { ...jwk, kid, alg, use: 'sig' }, kid };
}

/** Signs claims with a provider's key: tokens that no provider would make. */
export async function forge(key: Key, claims: JWTPayload, head: Partial<JWTHeaderParameters> = {}): Promise<string> {
  const header = { alg: key.jwk.alg!, kid: key.kid, ...head };
  return new SignJWT(claims).setProtectedHeader(header).sign(await importJWK(key.jwk, header.alg));
}

/** The provider at this issuer with this key, for one account that needs no password and agrees to everything. */
export function openIssuer(
  issuer: string,
  key: Key,
  account: Account,
): (request: IncomingMessage, response: ServerResponse) => void {
  const provider = new Provider(issuer, {
    jwks: { keys: [key.jwk as never] },
    clients: [
      {
        client_id: client,
        redirect_uris: [back],
        response_types: ['id_token'],
        grant_types: ['implicit'],
        token_endpoint_auth_method: 'none',
      },
    ],
    responseTypes: ['id_token'],
    conformIdTokenClaims: false,
    claims: { openid: ['sub', ...Object.keys(account.claims)] },
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, ...account.claims }) }),
    features: { devInteractions: { enabled: false } },
    cookies: { keys: ['one of a test'] },
    interactions: { url: () => '/interaction' },
    async loadExistingGrant(context) {
      const grant = new context.oidc.provider.Grant({ clientId: client, accountId: account.sub });
      grant.addOIDCScope('openid');
      await grant.save();
      return grant;
    },
  });
  const answer = provider.callback();
  return (request, response) => {
    if (request.url?.startsWith('/interaction') !== true) return void answer(request, response);
    void provider.interactionFinished(request, response, { login: { accountId: account.sub } });
  };
}

/** What a test sends to the provider: path in, status, place and cookies out. */
export type Visit = (
  path: string,
  cookies: string,
) => Promise<{ readonly location: string; readonly cookies: readonly string[] }>;

/** An ID token as a browser gets it: authorization, log-in, and back to the client with the token (OpenID Connect Core §3.2). */
export async function signIn(visit: Visit, nonce = 'the-nonce'): Promise<string> {
  const jar = new Map<string, string>();
  let at = `/auth?${new URLSearchParams({ client_id: client, redirect_uri: back, response_type: 'id_token', scope: 'openid', nonce })}`;
  for (let steps = 0; steps < 10; steps++) {
    const { location, cookies } = await visit(at, [...jar].map(([name, value]) => `${name}=${value}`).join('; '));
    for (const cookie of cookies) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      jar.set(name, value);
    }
    const token = /[#&]id_token=([^&]+)/.exec(location)?.[1];
    if (token !== undefined) return token;
    const { pathname, search } = new URL(location, 'http://issuer');
    at = pathname + search;
  }
  throw new Error('The provider gave no token.');
}
