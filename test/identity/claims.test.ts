/** Claims of tokens whose signature is right, and orders that hold something else than tokens: what isn't whole counts as refused. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import type { JWTPayload } from 'jose';
import { parseConfig } from '../../src/config.js';
import { identify } from '../../src/control/starting.js';
import { openOidc } from '../../src/identity/oidc/index.js';
import { client, forge, type Key, makeKey } from './issuer.js';

let key: Key;
let issuer: string;
const server = createServer((request, response) => {
  const { d: _, p: __, q: ___, dp: ____, dq: _____, qi: ______, ...half } = key.jwk;
  response.end(JSON.stringify(request.url === '/jwks' ? { keys: [half] } : { issuer, jwks_uri: `${issuer}/jwks` }));
});
before(async () => {
  key = await makeKey();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});

const open = (more = '') => {
  const { oidc } = parseConfig(`oidc: [{issuer: "${issuer}", audience: ${client}${more}}]`);
  return openOidc(oidc, async url => (await fetch(url)).text(), Date.now);
};
const token = (claims: JWTPayload): Promise<string> => {
  const now = Math.floor(Date.now() / 1_000);
  return forge(key, { iss: issuer, aud: client, sub: 'ada', iat: now, exp: now + 60, ...claims });
};

test('a user whose groups are elsewhere is refused: none of them would be known', async () => {
  const elsewhere = { _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint: 'https://graph.test' } } };
  await assert.rejects(open().user(await token(elsewhere)), /its claim groups is not a list of at most 200 names/);
  // How Entra ID says it where a token must be short.
  await assert.rejects(open().user(await token({ hasgroups: true })), /its claim groups is not a list/);
  await assert.rejects(open().user(await token({ hasgroups: 'true' })), /its claim groups is not a list/);
  const other = await token({ _claim_names: { address: 'src1' }, hasgroups: false, groups: ['a'] });
  assert.deepEqual((await open().user(other)).user.groups, ['a']);
  assert.deepEqual((await open(', groups_claim: /roles').user(await token({ ...elsewhere, roles: 'b' }))).user.groups, [
    'b',
  ]);
});

test('an address that the provider does not stand by is not kept, however it says so', async () => {
  for (const [email_verified, kept] of [
    [true, true],
    ['true', true],
    [undefined, true],
    [false, false],
    ['false', false],
  ] as const) {
    const { user } = await open().user(await token({ email: 'ada@example.com', email_verified }));
    assert.equal(user.email, kept ? 'ada@example.com' : undefined, String(email_verified));
  }
});

type Asked = Parameters<typeof identify>[0];
const order = (body: object): Asked =>
  ({ body: { gateway: 'agent', user: 'owner', ...body }, house: { oidc: open(), boot: null, digests: {} } }) as never;

test('what stands where a token should is refused, and is not taken for none', async () => {
  assert.equal((await identify(order({}), null)).fields.user.sub, 'owner');
  for (const id_token of ['', null, 7, {}, ['x'], 'x'])
    await assert.rejects(identify(order({ id_token }), null), /The token was refused/, JSON.stringify(id_token));
});

test('of more tokens of workloads than are looked at none is dropped', async () => {
  const attestations = [...Array.from({ length: 8 }, () => ({ token: 'x' })), { token: 'x', required: true }];
  await assert.rejects(identify(order({ attestations }), null), /at most 8/);
  assert.equal((await identify(order({ attestations: attestations.slice(0, 8) }), null)).unverified.length, 8);
});
