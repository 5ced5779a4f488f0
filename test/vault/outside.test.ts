import assert from 'node:assert/strict';
import { createDecipheriv, hkdfSync } from 'node:crypto';
import { test } from 'node:test';
import { Refusal } from '../../src/errors.js';
import { VaultError } from '../../vault/index.js';
import { folder, key, leased, opened, otherKey, secret } from './world.js';

const code = (wanted: string) => (error: unknown) => error instanceof Refusal && error.code === wanted;

test('what is sealed for others opens under the same purpose alone, also in a later vault, and in no bit changed', async t => {
  const { path } = folder(t);
  const first = await opened(t, { path });
  const sealed = first.seal('deferral dfr_1', Buffer.from('a body'));
  assert.ok(!sealed.includes('a body'));
  first.close();
  const vault = await opened(t, { path });
  assert.equal(vault.unseal('deferral dfr_1', sealed).toString(), 'a body');
  assert.throws(() => vault.unseal('deferral dfr_2', sealed), code('credential_unavailable'));
  for (let bit = 0; bit < sealed.length * 8; bit += 5) {
    const changed = Buffer.from(sealed);
    changed[bit >> 3]! ^= 1 << (bit & 7);
    assert.throws(() => vault.unseal('deferral dfr_1', changed), code('credential_unavailable'));
  }
  await vault.rekey(otherKey);
  assert.throws(() => vault.unseal('deferral dfr_1', sealed), code('credential_unavailable'));
});

test('a reader that knows FORMAT.md alone opens what was sealed for others', async t => {
  const { path } = folder(t);
  const vault = await opened(t, { path });
  const sealed = vault.seal('deferral dfr_1', Buffer.from('a body'));
  const kek = Buffer.from((key as { value: string }).value, 'base64');
  const outside = Buffer.from(hkdfSync('sha256', kek, vault.id, 'tollfence vault v1 outside', 32));
  const opener = createDecipheriv('aes-256-gcm', outside, sealed.subarray(0, 12));
  opener.setAAD(Buffer.from(JSON.stringify(['tollfence vault', 1, 'outside', vault.id, 'deferral dfr_1'])));
  opener.setAuthTag(sealed.subarray(-16));
  assert.equal(Buffer.concat([opener.update(sealed.subarray(12, -16)), opener.final()]).toString(), 'a body');
});

test('a locked vault seals and opens nothing for others', async t => {
  const { path } = folder(t);
  const passphrase = { kind: 'passphrase', passphrase: 'correct horse' } as const;
  (await opened(t, { path, key: passphrase })).close();
  const vault = await opened(t, { path, key: { kind: 'passphrase', passphrase: null } });
  assert.throws(() => vault.seal('deferral dfr_1', Buffer.from('a body')), code('vault_locked'));
  assert.throws(() => vault.unseal('deferral dfr_1', Buffer.alloc(40)), code('vault_locked'));
});

test('a gateway is taken away from those that share a secret; the last one is not, which would leave it to all', async t => {
  const { path } = folder(t);
  const vault = await opened(t, { path });
  vault.set(secret('shared', { gateways: ['agent', 'other'] }), Buffer.from('value-of-the-secret'));
  const before = vault.generation;
  assert.deepEqual(vault.unbind('shared', 'other').gateways, ['agent']);
  assert.equal(vault.generation, before + 1);
  assert.equal(leased(vault, 'shared'), 'value-of-the-secret');
  assert.throws(() => leased(vault, 'shared', { gateway: 'other' }), code('credential_unavailable'));
  assert.throws(() => vault.unbind('shared', 'agent'), VaultError);
  assert.deepEqual(vault.find('shared')?.gateways, ['agent']);
});
