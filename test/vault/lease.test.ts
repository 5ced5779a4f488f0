/** Leases: what is out of the vault, for whom, and until when. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { KillScope } from '../../src/model.js';
import { mint } from '../../src/permit.js';
import { openVault, type Vault } from '../../vault/index.js';
import { folder, hash, key, opened, otherKey, permit, secret, start } from './world.js';

const zeros = Buffer.alloc(6);

async function vaultWith(t: TestContext, ...names: string[]): Promise<Vault> {
  const vault = await opened(t, folder(t));
  for (const name of names) vault.set(secret(name), Buffer.from('abcdef'));
  return vault;
}

test('requests of one run share what is out of the vault, and each needs a permit of its own', async t => {
  const vault = await vaultWith(t, 'a');
  const first = permit('a');
  const lease = vault.lease(first, hash);
  assert.equal(lease.opened_by, 'ev_1');
  const later = vault.lease(permit('a', { evidence: 'ev_2' }), hash);
  assert.equal(later.value, lease.value, 'it is the same buffer');
  assert.equal(later.opened_by, 'ev_1');
  for (const bad of [first, permit('a', { request: 'b'.repeat(64) }), { allowed: first.allowed } as never])
    assert.throws(() => vault.lease(bad, hash), { code: 'denied' });
  const stale = mint(permit('a').allowed, start - 60_000);
  assert.throws(() => vault.lease(stale, hash), { code: 'denied' });
  // What was checked when it was opened is checked again.
  assert.throws(() => vault.lease(permit('a', { host: 'evil.example' }), hash), { code: 'credential_unavailable' });
  assert.throws(() => vault.lease(permit('a', { scheme: 'http' }), hash), { code: 'credential_unavailable' });
});

test('another run, another gateway and another secret have a lease of their own', async t => {
  const vault = await vaultWith(t, 'a', 'b');
  const { value } = vault.lease(permit('a'), hash);
  for (const other of [permit('a', { run: 'run_2' }), permit('a', { gateway: 'other' }), permit('b')])
    assert.notEqual(vault.lease(other, hash).value, value);
});

test('a lease is over after a minute, however often it is used, and the next request opens another', async t => {
  let now = start;
  const vault = await opened(t, { ...folder(t), now: () => now });
  vault.set(secret('a'), Buffer.from('abcdef'));
  const lease = vault.lease(permit('a'), hash);
  const lent = lease.value;
  assert.equal(lease.expires_at, start + 60_000);
  now = start + 59_999;
  assert.equal(vault.lease(permit('a'), hash).value, lent);
  now = start + 60_000;
  const fresh = mint(permit('a', { evidence: 'ev_9' }).allowed, now);
  const next = vault.lease(fresh, hash);
  assert.equal(next.opened_by, 'ev_9');
  assert.deepEqual(lent, zeros);
  assert.throws(() => lease.value, { code: 'expired' });
});

test('a lease that nobody uses is over after a minute', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const vault = await vaultWith(t, 'a');
  const lent = vault.lease(permit('a'), hash).value;
  t.mock.timers.tick(60_000);
  assert.deepEqual(lent, zeros);
});

test('a rotation, a removal, another key and the end of the vault end a lease at once', async t => {
  const { path } = folder(t);
  const vault = await openVault({ path, key, now: () => start });
  const out = (): Buffer => vault.lease(permit('a'), hash).value;
  vault.set(secret('a'), Buffer.from('abcdef'));
  let lent = out();
  vault.rotate('a', Buffer.from('ghijkl'));
  assert.deepEqual(lent, zeros);
  lent = out();
  assert.equal(lent.toString(), 'ghijkl');
  vault.remove('a');
  assert.deepEqual(lent, zeros);
  assert.throws(out, { code: 'credential_unavailable' });
  // Unbound from the gateway, and bound to another.
  vault.set(secret('a'), Buffer.from('abcdef'));
  lent = out();
  vault.remove('a');
  vault.set(secret('a', { gateways: ['other'] }), Buffer.from('abcdef'));
  assert.deepEqual(lent, zeros);
  assert.throws(out, { code: 'credential_unavailable' });
  vault.set(secret('b'), Buffer.from('abcdef'));
  lent = vault.lease(permit('b'), hash).value;
  await vault.rekey(otherKey);
  assert.deepEqual(lent, zeros);
  lent = vault.lease(permit('b'), hash).value;
  vault.close();
  assert.deepEqual(lent, zeros);
  assert.throws(() => vault.lease(permit('b'), hash), { code: 'vault_locked' });
  assert.throws(() => vault.list(), { code: 'unusable', message: /closed/ });
});

test('what another process rotates ends the lease here with the next request', async t => {
  const { path } = folder(t);
  const one = await opened(t, { path });
  const two = await opened(t, { path });
  one.set(secret('a'), Buffer.from('abcdef'));
  const lent = two.lease(permit('a'), hash).value;
  one.rotate('a', Buffer.from('ghijkl'));
  await turn();
  assert.equal(two.lease(permit('a'), hash).value.toString(), 'ghijkl');
  assert.deepEqual(lent, zeros);
});

test('the kill switch, the end of a run and of a gateway end what they cover, and nothing else', async t => {
  const vault = await vaultWith(t, 'a');
  const open = (): { mine: Buffer; others: Buffer } => ({
    mine: vault.lease(permit('a'), hash).value,
    others: vault.lease(permit('a', { gateway: 'other', run: 'run_2' }), hash).value,
  });
  const cases: [KillScope, boolean][] = [
    [{ kind: 'gateway', name: 'agent' }, false],
    [{ kind: 'run', name: 'run_1' }, false],
    [{ kind: 'connector', name: 'http' }, true],
    [{ kind: 'all' }, true],
  ];
  for (const [scope, all] of cases) {
    const { mine, others } = open();
    vault.revoke(scope);
    assert.deepEqual(mine, zeros, scope.kind);
    assert.equal(others.equals(zeros), all, scope.kind);
  }
});

test('so many leases are open at most, and the oldest ends first', async t => {
  const vault = await vaultWith(t, 'a');
  const lent = (run: number): Buffer => vault.lease(permit('a', { run: `run_${run}` }), hash).value;
  const first = lent(0);
  const second = lent(1);
  for (let run = 2; run <= 1024; run++) lent(run);
  assert.deepEqual(first, zeros);
  assert.equal(second.toString(), 'abcdef');
});
