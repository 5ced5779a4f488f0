/** A reader of the vault written from vault/FORMAT.md alone: if this fails, the format has changed. */
import assert from 'node:assert/strict';
import { createDecipheriv, createHash, hkdfSync } from 'node:crypto';
import { test } from 'node:test';
import sodium from 'libsodium-wrappers-sumo';
import { openVault } from '../../vault/index.js';
import { folder, secret, start, tamper } from './world.js';

const open = (key: Buffer, seal: Buffer, bound: unknown): string => {
  const opener = createDecipheriv('aes-256-gcm', key, seal.subarray(0, 12), { authTagLength: 16 });
  opener.setAAD(Buffer.from(JSON.stringify(bound))).setAuthTag(seal.subarray(-16));
  return Buffer.concat([opener.update(seal.subarray(12, -16)), opener.final()]).toString('latin1');
};

test('a vault can be read with nothing but FORMAT.md and its passphrase', async t => {
  const { path } = folder(t);
  const passphrase = 'correct horse battery';
  const vault = await openVault({ path, key: { kind: 'passphrase', passphrase }, now: () => start });
  vault.set(secret('b', { scheme: 'query:key', gateways: ['z', 'a'] }), Buffer.from('value-b'));
  vault.set(secret('a', { connector: 'acme' }), Buffer.from('value-a'));
  vault.rotate('a', Buffer.from('value-a2'));
  vault.close();

  interface Header {
    id: string;
    source: string;
    check_value: Buffer;
    generation: number;
    roster: Buffer;
  }
  interface Row {
    name: string;
    meta: string;
    wrapped_key: Buffer;
    sealed_value: Buffer;
  }
  const [header, rows] = tamper(path, db => {
    assert.equal(db.pragma('application_id', { simple: true }), 0x546f6c66);
    assert.equal(db.pragma('user_version', { simple: true }), 1);
    return [
      db.prepare('SELECT * FROM vault').get() as Header,
      db.prepare('SELECT * FROM secret ORDER BY name').all() as Row[],
    ];
  });
  assert.equal(header.generation, 4);
  const { kind, passes, memory, salt } = JSON.parse(header.source);
  assert.deepEqual([kind, passes, memory], ['passphrase', 3, 67_108_864]);
  await sodium.ready;
  const kek = sodium.crypto_pwhash(
    32,
    passphrase,
    Buffer.from(salt, 'base64'),
    passes,
    memory,
    sodium.crypto_pwhash_ALG_ARGON2ID13,
  );
  const derive = (use: string): Buffer =>
    Buffer.from(hkdfSync('sha256', kek, header.id, `tollfence vault v1 ${use}`, 32));
  assert.deepEqual(derive('check'), header.check_value);

  assert.deepEqual(
    rows.map(row => row.meta),
    [
      '["a",2,"bearer","acme",["api.example.com"],[],"2026-11-20T12:00:00.000Z","2026-11-20T12:00:00.000Z"]',
      '["b",1,"query:key",null,["api.example.com"],["a","z"],"2026-11-20T12:00:00.000Z",null]',
    ],
  );
  const values = rows.map(row => {
    const bound = (purpose: string): unknown => ['tollfence vault', 1, purpose, header.id, ...JSON.parse(row.meta)];
    const dataKey = Buffer.from(open(derive('wrap'), row.wrapped_key, bound('key')), 'latin1');
    return open(dataKey, row.sealed_value, bound('value'));
  });
  assert.deepEqual(values, ['value-a2', 'value-b']);

  const bound = ['tollfence vault', 1, 'roster', header.id, header.source, header.check_value.toString('hex'), 4];
  const digest = (row: Row): string =>
    createHash('sha256')
      .update(JSON.stringify([row.meta, row.wrapped_key.toString('base64'), row.sealed_value.toString('base64')]))
      .digest('hex');
  assert.deepEqual(JSON.parse(open(derive('roster'), header.roster, bound)), [
    ['a v2', digest(rows[0]!)],
    ['b v1', digest(rows[1]!)],
  ]);
});
