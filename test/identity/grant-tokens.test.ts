import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createLocalJWKSet, decodeJwt, errors, exportJWK, importSPKI, jwtVerify } from 'jose';
import { openGuard, readCredentials } from '../../src/http/authenticate.js';
import { endOf } from '../../src/identity/bearers.js';
import { longestToken } from '../../src/identity/grants.js';
import { issue, open } from './house.js';

test('a token that is altered in any byte is nobody’s, and no other library takes it', async () => {
  const house = open();
  const { token } = issue(house);
  assert.ok(house.runs.byToken(token));
  const { id, public: pem } = house.keys.current('agent');
  const jwks = createLocalJWKSet({
    keys: [{ ...(await exportJWK(await importSPKI(pem, 'EdDSA'))), kid: id, alg: 'EdDSA' }],
  });
  const at = { currentDate: new Date(house.clock.now) };
  await jwtVerify(token, jwks, at);
  await fc.assert(
    fc.asyncProperty(fc.nat(token.length - 1), fc.nat(255), async (where, byte) => {
      const altered = `${token.slice(0, where)}${String.fromCharCode(byte)}${token.slice(where + 1)}`;
      fc.pre(altered !== token);
      assert.equal(house.runs.byToken(altered), undefined);
    }),
    { numRuns: 1_000 },
  );
  for (const altered of [`${token}.`, token.slice(0, -1), ` ${token}`, token.toLowerCase()])
    assert.equal(house.runs.byToken(altered), undefined);
  const [head, said, signature] = token.split('.') as [string, string, string];
  const wider = Buffer.from(JSON.stringify({ ...decodeJwt(token), actions: ['*'] })).toString('base64url');
  await assert.rejects(jwtVerify(`${head}.${wider}.${signature}`, jwks, at), errors.JWSSignatureVerificationFailed);
  const none = Buffer.from('{"alg":"none"}').toString('base64url');
  for (const forged of [`${none}.${said}.`, `${head}.${wider}.${signature}`])
    assert.equal(house.runs.byToken(forged), undefined);
  house.close();
});

test('two readings of when a grant ends agree: ours and that of a JWT library', async () => {
  const house = open();
  const key = await importSPKI(house.keys.current('agent').public, 'EdDSA');
  const offset = fc.integer({ min: -2_000, max: 2_000 });
  await fc.assert(
    fc.asyncProperty(fc.nat(1_000), fc.integer({ min: 1_000, max: 10_000_000 }), offset, async (ms, ttl, later) => {
      const begin = Date.UTC(2026, 10, 20) + ms;
      house.clock.now = begin;
      const { token, grant } = issue(house, { ttl });
      const bearer = house.runs.byToken(token)!;
      const time = Date.parse(grant.expires_at) + later;
      const theirs = await jwtVerify(token, key, { currentDate: new Date(time) }).then(
        () => true,
        () => false,
      );
      assert.equal(endOf(bearer, time) === null, theirs);
      assert.equal(decodeJwt(token).exp! * 1_000, Date.parse(grant.expires_at));
      // Never shorter than asked for, and at most a second longer.
      assert.ok(Date.parse(grant.expires_at) - begin - ttl < 1_000 && Date.parse(grant.expires_at) >= begin + ttl);
      house.grants.withdraw(grant.id);
    }),
    { numRuns: 200 },
  );
  house.close();
});

test('a token that has ended says so to whoever shows it, and to a guesser nothing is said', () => {
  const house = open();
  const { token, grant } = issue(house);
  const guard = openGuard(house.runs, house.now, () => 'ev_1');
  assert.equal(guard.authenticate(`Bearer ${token}`, 'peer').subject.id, 'agent');
  const basic = (name: string): string => `Basic ${Buffer.from(`${name}:${token}`).toString('base64')}`;
  assert.ok(guard.authenticate(basic('agent'), 'peer'));
  assert.throws(() => guard.authenticate(basic('other'), 'peer'), /not known/);
  house.grants.revoke(grant.id);
  assert.throws(() => guard.authenticate(basic('agent'), 'peer'), /The grant gr_\w+ for "a task" was revoked\./);
  assert.throws(() => guard.authenticate(basic('other'), 'peer'), /not known/);
  house.close();
});

test('the longest token fits where tokens are read, and one that would be longer is not issued', () => {
  const house = open();
  const actions = Array.from({ length: 36 }, (_, i) => `http.${'x'.repeat(60)}${i}`);
  const { token } = issue(house, { actions });
  assert.ok(token.length > longestToken * 0.8);
  const name = 'n'.repeat(63);
  const longest = `Basic ${Buffer.from(`${name}:${'t'.repeat(longestToken)}`).toString('base64')}`;
  assert.deepEqual(readCredentials(longest), { gateway: name, token: 't'.repeat(longestToken) });
  assert.equal(readCredentials(`Bearer ${'t'.repeat(6_200)}`), null);
  assert.throws(() => issue(house, { actions: [...actions, ...actions] }), /at most 4096/);
  assert.equal(house.grants.list().length, 1);
  house.close();
});
