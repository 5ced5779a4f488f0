/** Tokens of identity providers: which are accepted, and what is said of those that aren't. The provider is a real one. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { exportSPKI, importJWK, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { parseConfig } from '../../src/config.js';
import { type Oidc, openOidc } from '../../src/identity/oidc/index.js';
import { client, forge, type Key, makeKey, openIssuer, signIn } from './issuer.js';

const account = {
  sub: 'ada',
  claims: { email: 'ada@example.com', email_verified: true, groups: ['engineering', 'on-call'] },
};

let server: Server;
let issuer: string;
let key: Key;
let provider: ReturnType<typeof openIssuer>;
/** What was asked of the provider. */
let fetched: string[] = [];
/** Milliseconds that the clock is ahead. */
let ahead = 0;

before(async () => {
  server = createServer((request, response) => provider(request, response));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  key = await makeKey();
  provider = openIssuer(issuer, key, account);
});
after(() => {
  server.closeAllConnections();
  server.close();
});

const get = async (url: string): Promise<string> => {
  fetched.push(new URL(url).pathname);
  return (await fetch(url)).text();
};

function open(more = ''): Oidc {
  fetched = [];
  ahead = 0;
  const roles = 'roles: {approver: [on-call, nobody], auditor: [finance]}';
  const { oidc } = parseConfig(`oidc: [{issuer: "${issuer}", audience: ${client}, ${roles}${more}}]`);
  return openOidc(oidc, get, () => Date.now() + ahead);
}

const visit = async (path: string, cookie: string) => {
  const answer = await fetch(issuer + path, { redirect: 'manual', headers: { cookie } });
  return { location: answer.headers.get('location') ?? '', cookies: answer.headers.getSetCookie() };
};

const seconds = (): number => Math.floor(Date.now() / 1_000);
const good = (): JWTPayload => ({ iss: issuer, aud: client, sub: 'ada', iat: seconds(), exp: seconds() + 600 });

/** The sentence with which a token is refused. */
async function refusal(oidc: Oidc, token: string, nonce?: string): Promise<string> {
  const error = await oidc.user(token, nonce).then(
    () => assert.fail('It was accepted.'),
    (caught: Error) => caught,
  );
  for (const part of token.split('.')) if (part.length > 8) assert.ok(!error.message.includes(part), error.message);
  return error.message;
}

test('the ID token that a provider gives at a log-in names the user, and groups become roles', async () => {
  const token = await signIn(visit);
  const { user, verified } = await open().user(token, 'the-nonce');
  const { expires_at, ...rest } = user;
  assert.deepEqual(rest, {
    sub: 'ada',
    issuer,
    email: 'ada@example.com',
    groups: ['engineering', 'on-call'],
    roles: ['approver'],
  });
  assert.ok(Date.parse(expires_at!) > Date.now());
  assert.deepEqual(verified, { issuer, audience: client, algorithm: 'RS256', key: key.kid });
});

test('a token is for one audience, of one issuer, and from now until its end', async () => {
  const oidc = open();
  const signed = (claims: JWTPayload): Promise<string> => forge(key, { ...good(), ...claims });
  assert.equal((await oidc.user(await signed({}))).user.sub, 'ada');
  assert.match(await refusal(oidc, await signed({ exp: seconds() - 60 })), /it has expired/);
  assert.match(await refusal(oidc, await signed({ nbf: seconds() + 300 })), /not valid yet/);
  assert.match(await refusal(oidc, await signed({ iat: seconds() + 300 })), /in the future/);
  assert.match(await refusal(oidc, await signed({ aud: 'somebody-else' })), /another audience/);
  assert.match(await refusal(oidc, await signed({ aud: [client, 'other'], azp: 'other' })), /made for another party/);
  assert.match(await refusal(oidc, await signed({ iss: 'https://evil.example' })), /not one that this proxy trusts/);
  assert.match(await refusal(oidc, await signed({ iss: `${issuer}/` })), /not one that this proxy trusts/);
  const { exp: _, ...endless } = good();
  assert.match(await refusal(oidc, await forge(key, endless)), /claim exp is missing/);
  assert.match(await refusal(oidc, await forge(key, good(), { typ: 'at+jwt' })), /another type/);
});

test('a signature that is not of a key of the issuer is none, whatever the token says of it', async () => {
  const oidc = open();
  const other = await makeKey();
  assert.match(await refusal(oidc, await forge({ ...other, kid: key.kid }, good())), /signature is not right/);
  assert.match(await refusal(oidc, await forge(other, good())), /no such key/);
  assert.match(await refusal(oidc, new UnsecuredJWT(good()).encode()), /not signed/);
  const { d: _, p: __, q: ___, dp: ____, dq: _____, qi: ______, ...half } = key.jwk;
  const pem = await exportSPKI((await importJWK(half, 'RS256')) as never);
  const confused = new SignJWT(good()).setProtectedHeader({ alg: 'HS256', kid: key.kid });
  assert.match(await refusal(oidc, await confused.sign(Buffer.from(pem))), /algorithm that is not allowed/);
  const [head, , signature] = (await forge(key, good())).split('.');
  const altered = Buffer.from(JSON.stringify({ ...good(), sub: 'root' })).toString('base64url');
  assert.match(await refusal(oidc, `${head}.${altered}.${signature}`), /signature is not right/);
  assert.match(await refusal(oidc, 'no.token.atall'), /can't|not a token/);
});

test('a token that is too long is refused before it is read', async () => {
  const oidc = open();
  assert.match(await refusal(oidc, await forge(key, { ...good(), filler: 'x'.repeat(16_384) })), /more than 16384/);
  assert.deepEqual(fetched, []);
});

test('a nonce must be the one that was expected, by the caller or by the configuration', async () => {
  const token = await forge(key, { ...good(), nonce: 'mine' });
  assert.equal((await open().user(token, 'mine')).user.sub, 'ada');
  assert.match(await refusal(open(), token, 'yours'), /nonce/);
  assert.equal((await open(', nonce: mine').user(token)).user.sub, 'ada');
  assert.match(await refusal(open(', nonce: yours'), token), /nonce/);
  assert.match(await refusal(open(), await forge(key, good()), 'mine'), /nonce/);
});

test('keys are fetched once for all, and a new key of the issuer is found; the old one is no more', async () => {
  const oidc = open();
  const before = await forge(key, good());
  await Promise.all([oidc.user(before), oidc.user(before), oidc.user(before)]);
  assert.equal(fetched.length, 2);
  const next = await makeKey('ES256');
  provider = openIssuer(issuer, next, account);
  try {
    const fresh = await forge(next, good());
    // Whoever shows unknown keys doesn't decide how often the issuer is asked.
    for (let i = 0; i < 20; i++) assert.match(await refusal(oidc, fresh), /no such key/);
    assert.equal(fetched.length, 2);
    ahead = 11_000;
    assert.equal((await oidc.user(fresh)).verified.key, next.kid);
    assert.equal(fetched.length, 4);
    assert.match(await refusal(oidc, before), /no such key/);
  } finally {
    provider = openIssuer(issuer, key, account);
  }
});

test('an issuer that can not be asked, or speaks for another one, verifies nothing', async () => {
  const { oidc } = parseConfig(`oidc: [{issuer: "${issuer}", audience: ${client}}]`);
  const token = await forge(key, good());
  const with_ = (answer: (path: string) => unknown): Oidc =>
    openOidc(oidc, async url => JSON.stringify(answer(new URL(url).pathname)), Date.now);
  const jwks_uri = `${issuer}/jwks`;
  assert.match(
    await refusal(
      with_(() => ({ issuer: 'https://other.example', jwks_uri })),
      token,
    ),
    /about another issuer/,
  );
  assert.match(
    await refusal(
      with_(() => ({ issuer, jwks_uri: 'file:///etc/passwd' })),
      token,
    ),
    /no https jwks_uri/,
  );
  assert.match(
    await refusal(
      with_(() => ({ issuer, jwks_uri: 'http://192.0.2.1/' })),
      token,
    ),
    /no https jwks_uri/,
  );
  assert.match(
    await refusal(
      with_(path => (path === '/jwks' ? { keys: 1 } : { issuer, jwks_uri })),
      token,
    ),
    /set of/,
  );
  const silent = openOidc(oidc, () => Promise.reject(new Error('It did not answer in time.')), Date.now);
  assert.match(await refusal(silent, token), /can't be had: It did not answer in time/);
});

test('only https is an issuer, but for this machine', () => {
  const config = (text: string) => () => parseConfig(`oidc: [{issuer: "${text}", audience: x}]`);
  for (const text of ['https://login.example.com', 'https://login.example.com/realms/one', 'http://127.0.0.1:8080'])
    assert.doesNotThrow(config(text), text);
  for (const text of ['http://login.example.com', 'https://a.example/?x', 'https://u:p@a.example', 'login.example.com'])
    assert.throws(config(text), /issuer/, text);
});

test("a service account's token says of a workload what Kubernetes puts into it, and names no user", async () => {
  const { oidc } = parseConfig(`oidc: [{issuer: "${issuer}", audience: ${client}, identifies: kubernetes}]`);
  const workloads = openOidc(oidc, get, Date.now);
  const token = await forge(key, {
    ...good(),
    sub: 'system:serviceaccount:prod:deployer',
    'kubernetes.io': {
      namespace: 'prod',
      pod: { name: 'deployer-1', uid: 'p-1' },
      serviceaccount: { name: 'deployer', uid: 's-1' },
      warnafter: 1_700_000_000,
    },
  });
  assert.deepEqual((await workloads.workload(token)).facts, {
    kind: 'kubernetes',
    issuer,
    sub: 'system:serviceaccount:prod:deployer',
    namespace: 'prod',
    serviceaccount: 'deployer',
    serviceaccount_uid: 's-1',
    pod: 'deployer-1',
    pod_uid: 'p-1',
  });
  // Neither may stand for the other: whoever can get a pod's token must not become a user by it.
  assert.match(await refusal(workloads, token), /where workloads run, not who users are/);
  await assert.rejects(open().workload(token), /who users are, not where workloads run/);
});

test('groups are a list of names, also at a pointer; too many of them are refused', async () => {
  const nested = open(', groups_claim: /realm_access/roles');
  const at = (roles: unknown) => forge(key, { ...good(), realm_access: { roles } });
  assert.deepEqual((await nested.user(await at(['on-call', 'on-call', 'a']))).user.groups, ['a', 'on-call']);
  assert.deepEqual((await nested.user(await at('on-call'))).user.roles, ['approver']);
  assert.deepEqual((await nested.user(await forge(key, good()))).user.roles, []);
  assert.match(await refusal(nested, await at([{ name: 'on-call' }])), /not a list/);
  assert.match(await refusal(nested, await at(Array.from({ length: 201 }, (_, i) => `g${i}`))), /at most 200/);
});
