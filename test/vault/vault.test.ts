/** The vault from outside: what it keeps, for whom it opens, and what it says when it doesn't. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { needles } from '../../src/credentials/index.js';
import { describeVault, type KeySource, openVault } from '../../vault/index.js';
import { folder, hash, key, leased, opened, otherKey, permit, secret, start, tamper } from './world.js';

test('what is set can be leased, also after the vault was closed and opened again', async t => {
  const { path } = folder(t);
  const token = fc.stringMatching(/^[!-~]{1,80}$/);
  await fc.assert(
    fc.asyncProperty(fc.array(token, { minLength: 1, maxLength: 4 }), async values => {
      const vault = await openVault({ path, key, now: () => start });
      for (const { name } of vault.list()) vault.remove(name);
      values.forEach((value, i) => void vault.set(secret(`s${i}`), Buffer.from(value)));
      const { generation } = vault;
      vault.close();
      const again = await openVault({ path, key, now: () => start });
      assert.equal(again.generation, generation);
      values.forEach((value, i) => void assert.equal(leased(again, `s${i}`), value));
      again.close();
    }),
    { numRuns: 12 },
  );
});

test('no form of a secret is in any file of the vault, before and after it is closed', async t => {
  const { dir, path } = folder(t);
  const canary = 'sk_canary/91c6+f2a8 "q"=';
  const vault = await openVault({ path, key });
  vault.set(secret('a', { scheme: 'header:X-Key' }), Buffer.from('first one'));
  vault.set(secret('b', { scheme: 'basic' }), Buffer.from(`user:${canary}`));
  vault.rotate('a', Buffer.from(canary));
  const look = (): void => {
    const files = readdirSync(dir);
    for (const file of files) {
      const bytes = readFileSync(join(dir, file));
      for (const form of [canary, `user:${canary}`].flatMap(text => needles(Buffer.from(text), 'basic'))) {
        assert.ok(!bytes.includes(form), `${file} holds ${form.toString('latin1')}`);
      }
      assert.equal(statSync(join(dir, file)).mode & 0o077, 0, `others may read ${file}`);
    }
    assert.ok(files.includes('vault.db'));
  };
  assert.ok(readdirSync(dir).includes('vault.db-wal'));
  look();
  vault.close();
  look();
});

test('the vault zeroes the buffer it was given, and the one it lent', async t => {
  const vault = await opened(t, folder(t));
  const given = Buffer.from('abcdef');
  vault.set(secret('a'), given);
  assert.deepEqual(given, Buffer.alloc(6));
  const refused = Buffer.from('abc\r\nd');
  assert.throws(() => vault.rotate('a', refused), { code: 'invalid' });
  assert.deepEqual(refused, Buffer.alloc(6));
  const lease = vault.lease(permit('a'), hash);
  const lent = lease.value;
  assert.equal(lent.toString(), 'abcdef');
  vault.revoke({ kind: 'all' });
  assert.deepEqual(lent, Buffer.alloc(6));
  assert.throws(() => lease.value, { code: 'expired' });
});

test('no secret without a good permit: forged, spent, stale, or for another request', async t => {
  let now = start;
  const vault = await opened(t, { ...folder(t), now: () => now });
  vault.set(secret('a'), Buffer.from('abcdef'));
  const good = permit('a');
  const refused = (attempt: () => unknown): void => assert.throws(attempt, { code: 'denied' });
  refused(() => vault.lease({ allowed: good.allowed } as never, hash));
  refused(() => vault.lease(Object.create(good) as never, hash));
  refused(() => vault.lease(good, 'b'.repeat(64)));
  vault.lease(good, hash);
  refused(() => vault.lease(good, hash));
  const stale = permit('a');
  now += 60_000;
  refused(() => vault.lease(stale, hash));
});

test('a secret serves only its hosts, gateways and connector, only over HTTPS, and is named when it is missing', async t => {
  const vault = await opened(t, folder(t));
  vault.set(
    secret('a', { hosts: ['API.example.com', '*.example.org'], gateways: ['agent'], connector: 'acme' }),
    Buffer.from('abcdef'),
  );
  const good = { connector: 'acme' } as const;
  assert.equal(leased(vault, 'a', good), 'abcdef');
  assert.equal(leased(vault, 'A', { ...good, host: 'x.y.example.org' }), 'abcdef');
  const refused = (name: string | null, more: object, message: RegExp): void =>
    assert.throws(() => leased(vault, name as string, { ...good, ...more }), {
      code: 'credential_unavailable',
      message,
    });
  refused('a', { host: 'example.org' }, /secret a is not bound to the host example\.org/);
  refused('a', { host: 'evilexample.org' }, /host/);
  refused('a', { host: 'api.example.com.evil.net' }, /host/);
  refused('a', { gateway: 'other' }, /gateway other/);
  refused('a', { connector: 'http' }, /connector acme/);
  refused('a', { scheme: 'http' }, /HTTPS/);
  refused('nobody', {}, /secret nobody is not in the vault/);
  refused(null, {}, /names no secret/);
});

test('the secret bound to a request is found; several are named, unless one is for that gateway', async t => {
  const vault = await opened(t, folder(t));
  const want = { gateway: 'agent', connector: 'http', host: 'api.example.com', secret: null };
  assert.equal(vault.bindingFor(want), null);
  vault.set(secret('one'), Buffer.from('1'));
  assert.equal(vault.bindingFor(want)?.name, 'one');
  assert.equal(vault.bindingFor({ ...want, host: 'api.example.net' }), null);
  assert.equal(vault.bindingFor({ ...want, secret: 'one' })?.name, 'one');
  vault.set(secret('two'), Buffer.from('2'));
  assert.throws(() => vault.bindingFor(want), { code: 'credential_unavailable', message: /one, two/ });
  assert.equal(vault.bindingFor({ ...want, secret: 'two' })?.name, 'two');
  vault.set(secret('mine', { gateways: ['agent'] }), Buffer.from('3'));
  assert.equal(vault.bindingFor(want)?.name, 'mine');
  assert.throws(() => vault.bindingFor({ ...want, gateway: 'b', secret: 'mine' }), { code: 'credential_unavailable' });
  assert.throws(() => vault.bindingFor({ ...want, secret: 'none' }), {
    code: 'credential_unavailable',
    message: /none/,
  });
});

test('a rotation counts up, keeps the bindings, and leaves only the new value', async t => {
  const vault = await opened(t, folder(t));
  const made = vault.set(secret('a', { hosts: ['b.example', 'a.example', 'a.example'] }), Buffer.from('old-value'));
  assert.deepEqual(made.hosts, ['a.example', 'b.example']);
  assert.equal(made.created_at, '2026-11-20T12:00:00.000Z');
  const { generation } = vault;
  const turned = vault.rotate('A', Buffer.from('new-value'));
  assert.deepEqual(turned, { ...made, version: 2, rotated_at: made.created_at });
  assert.equal(vault.generation, generation + 1);
  assert.equal(leased(vault, 'a', { host: 'a.example' }), 'new-value');
  assert.deepEqual(vault.remove('a'), turned);
  assert.deepEqual(vault.list(), []);
  assert.throws(() => vault.rotate('a', Buffer.from('x')), { code: 'missing' });
  assert.throws(() => vault.remove('a'), { code: 'missing' });
});

test('all faults of a new secret are told at once, without its value', async t => {
  const vault = await opened(t, folder(t));
  const bad = secret('-x', { hosts: ['https://a.example/'], gateways: ['a\nb'] });
  assert.throws(
    () => vault.set(bad, Buffer.from('hunter2\r\nX: y')),
    (error: Error) => {
      for (const part of [/name/, /line break/, /host name/, /gateway/]) assert.match(error.message, part);
      return !error.message.includes('hunter2');
    },
  );
  for (const [more, value] of [
    [{ hosts: [] }, 'v'],
    [{ hosts: ['*.com'] }, 'v'],
    [{ hosts: ['*'] }, 'v'],
    [{ scheme: 'header:Host' as const }, 'v'],
    [{ scheme: 'cookie' as never }, 'v'],
    [{}, ''],
    [{}, 'two words'],
    [{}, 'x'.repeat(65_537)],
    [{ scheme: 'header:X' as const }, 'a\0b'],
  ] as const) {
    assert.throws(() => vault.set(secret('x', more), Buffer.from(value)), { code: 'invalid' }, JSON.stringify(more));
  }
  vault.set(secret('Mixed.Case'), Buffer.from('v'));
  assert.throws(() => vault.set(secret('mixed.CASE'), Buffer.from('v')), { code: 'exists', message: /mixed\.case/ });
});

test('a stored value is recognised by its digest, and a wrong one is not', async t => {
  const vault = await opened(t, folder(t));
  vault.set(secret('a'), Buffer.from('token-1'));
  vault.set(secret('b', { scheme: 'basic' }), Buffer.from('user:token-2'));
  vault.set(secret('c', { scheme: 'basic' }), Buffer.from('token-3:'));
  const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
  const digests = ['token-1', 'user:token-2', 'token-2', 'token-3', 'user', ''].map(digest);
  assert.deepEqual(vault.recognises([...digests, 'zz', '']), [true, true, true, true, false, false, false, false]);
});

test('what one process changes the other sees in the next turn of its event loop', async t => {
  const { path } = folder(t);
  const one = await opened(t, { path });
  const two = await opened(t, { path });
  one.set(secret('a'), Buffer.from('first'));
  assert.equal(leased(two, 'a'), 'first');
  two.rotate('a', Buffer.from('second'));
  assert.throws(() => one.set(secret('a'), Buffer.from('x')), { code: 'exists' });
  assert.equal(leased(one, 'a'), 'second');
  one.remove('a');
  await turn();
  assert.equal(two.find('a'), undefined);
  await two.rekey(otherKey);
  await turn();
  assert.throws(() => leased(one, 'a'), { code: 'vault_locked' });
  assert.equal(one.locked, true);
});

test('several that make the same vault at once make one', async t => {
  const { dir, path } = folder(t);
  const file: KeySource = { kind: 'file', path: join(dir, 'key'), create: true };
  const vaults = await Promise.all([1, 2, 3].map(() => opened(t, { path, key: file })));
  assert.equal(new Set(vaults.map(vault => vault.id)).size, 1);
  vaults.forEach((vault, i) => void vault.set(secret(`s${i}`), Buffer.from('x')));
  for (const vault of vaults) assert.equal(vault.list().length, 3);
});

test('a vault is not opened through a symbolic link, and a file that is not a vault is left as it is', async t => {
  const { dir, path } = folder(t);
  (await openVault({ path, key })).close();
  const link = join(dir, 'link.db');
  symlinkSync(path, link);
  await assert.rejects(openVault({ path: link, key }), { code: 'unusable', message: /symbolic link/ });
  symlinkSync(join(dir, 'elsewhere'), `${path}-wal`);
  await assert.rejects(openVault({ path, key }), { code: 'unusable', message: /symbolic link/ });
  const text = join(dir, 'text.db');
  writeFileSync(text, 'a letter to a friend, long enough to be no header of a database at all'.repeat(9));
  await assert.rejects(openVault({ path: text, key }), { code: 'corrupt' });
  const other = join(dir, 'other.db');
  tamper(other, db => db.exec('CREATE TABLE t (x)'));
  await assert.rejects(openVault({ path: other, key }), { code: 'corrupt', message: /another kind of database/ });
});

test('a vault can be described without its key, and is not made when only asked for', async t => {
  const { path } = folder(t);
  assert.equal(describeVault(path), null);
  await assert.rejects(openVault({ path, key, create: false }), { code: 'missing' });
  assert.equal(describeVault(path), null);
  const { id } = await opened(t, { path });
  assert.deepEqual(describeVault(path), { id, generation: 1, source: 'environment' });
});
