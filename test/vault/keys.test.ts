/** Key sources: environment, file, passphrase, keychain; and changing from one to another. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type KeySource, openVault } from '../../vault/index.js';
import { folder, hash, key, leased, opened, otherKey, permit, secret, start, tamper } from './world.js';

test('the same 32 bytes open the vault in hex, base64 and base64url', async t => {
  const { path } = folder(t);
  const bytes = Buffer.alloc(32, 0xfb);
  for (const value of [bytes.toString('hex'), bytes.toString('base64'), `${bytes.toString('base64url')}\n`]) {
    (await openVault({ path, key: { kind: 'environment', value } })).close();
  }
  for (const value of ['', 'x'.repeat(44), bytes.toString('hex').slice(1), Buffer.alloc(33).toString('base64')]) {
    await assert.rejects(openVault({ path, key: { kind: 'environment', value } }), (error: Error) => {
      return (error as { code?: string }).code === 'invalid' && (value === '' || !error.message.includes(value));
    });
  }
});

test('a key file is made with a new vault, for its owner alone, and never replaced for an old one', async t => {
  const { dir, path } = folder(t);
  const file: KeySource = { kind: 'file', path: join(dir, 'key'), create: true };
  await assert.rejects(openVault({ path, key: { ...file, create: false } }), { code: 'missing', message: /key file/ });
  const vault = await openVault({ path, key: file, now: () => start });
  vault.set(secret('a'), Buffer.from('abcdef'));
  vault.close();
  assert.equal(statSync(file.path).mode & 0o777, 0o600);
  assert.equal(leased(await opened(t, { path, key: file }), 'a'), 'abcdef');

  chmodSync(file.path, 0o640);
  await assert.rejects(openVault({ path, key: file }), { code: 'unusable', message: /yours alone/ });
  chmodSync(file.path, 0o600);
  symlinkSync(file.path, join(dir, 'link'));
  await assert.rejects(openVault({ path, key: { kind: 'file', path: join(dir, 'link') } }), { code: 'unusable' });
  const gone: KeySource = { kind: 'file', path: join(dir, 'gone'), create: true };
  await assert.rejects(openVault({ path, key: gone }), { code: 'missing' });
  assert.equal(existsSync(gone.path), false);
  writeFileSync(join(dir, 'empty'), '', { mode: 0o600 });
  await assert.rejects(openVault({ path, key: { kind: 'file', path: join(dir, 'empty') } }), { code: 'invalid' });
});

test('a vault with a passphrase opens locked without it, refuses leases, and opens with it and no other', async t => {
  const { path } = folder(t);
  const passphrase = 'ﬁne words, Ångström';
  await assert.rejects(openVault({ path, key: { kind: 'passphrase', passphrase: null } }), { code: 'locked' });
  await assert.rejects(openVault({ path, key: { kind: 'passphrase', passphrase: 'short' } }), { code: 'invalid' });
  const vault = await openVault({ path, key: { kind: 'passphrase', passphrase } });
  vault.set(secret('a'), Buffer.from('abcdef'));
  vault.close();

  const locked = await opened(t, { path, key: { kind: 'passphrase', passphrase: null } });
  assert.equal(locked.locked, true);
  assert.equal(locked.source, 'passphrase');
  assert.deepEqual(
    locked.list().map(meta => meta.name),
    ['a'],
  );
  for (const name of ['a', 'nobody']) {
    assert.throws(() => locked.lease(permit(name), hash), { code: 'vault_locked' });
  }
  assert.throws(() => locked.needles('agent'), { code: 'vault_locked' });
  assert.throws(() => locked.set(secret('b'), Buffer.from('x')), { code: 'locked' });
  assert.throws(() => locked.recognises([]), { code: 'locked' });
  await assert.rejects(locked.unlock('another passphrase'), { code: 'wrong_key' });
  assert.equal(locked.locked, true);
  await locked.unlock(passphrase.normalize('NFKD'));
  assert.equal(leased(locked, 'a'), 'abcdef');
});

test('stored parameters of Argon2id that are weak, huge or odd are not tried', async t => {
  const { path } = folder(t);
  const salt = Buffer.alloc(16).toString('base64');
  (await openVault({ path, key })).close();
  for (const parameters of [
    { passes: 1, memory: 64 << 20, salt },
    { passes: 3, memory: 8192, salt },
    { passes: 3, memory: 2 ** 40, salt },
    { passes: 1e9, memory: 64 << 20, salt },
    { passes: 3, memory: 64 << 20, salt: 'AAAA' },
    { passes: '3', memory: 64 << 20, salt },
  ]) {
    tamper(path, db =>
      db.prepare('UPDATE vault SET source = ?').run(JSON.stringify({ kind: 'passphrase', ...parameters })),
    );
    await assert.rejects(openVault({ path, key: { kind: 'passphrase', passphrase: 'whatever it is' } }), {
      code: 'corrupt',
    });
  }
});

test('after re-keying the new key opens everything, and the old one nothing', async t => {
  const { dir, path } = folder(t);
  const vault = await openVault({ path, key, now: () => start });
  vault.set(secret('a'), Buffer.from('value-a'));
  vault.set(secret('b'), Buffer.from('value-b'));
  const { generation } = vault;
  await vault.rekey(otherKey);
  assert.equal(vault.generation, generation + 1);
  assert.equal(leased(vault, 'a'), 'value-a');
  const file: KeySource = { kind: 'file', path: join(dir, 'key'), create: true };
  await vault.rekey(file);
  vault.rotate('b', Buffer.from('value-b2'));
  vault.close();
  await assert.rejects(openVault({ path, key }), { code: 'wrong_key', message: /does not open/ });
  await assert.rejects(openVault({ path, key: otherKey }), { code: 'wrong_key' });
  const again = await opened(t, { path, key: file });
  assert.equal(again.source, 'file');
  assert.deepEqual([leased(again, 'a'), leased(again, 'b')], ['value-a', 'value-b2']);
  await assert.rejects(again.rekey({ kind: 'environment', value: 'no key' }), { code: 'invalid' });
  assert.equal(leased(again, 'a'), 'value-a');
});

/** Stands in for the system's program: keeps what it reads on stdin by its last argument, and notes its arguments. */
const keychain = (dir: string): string => {
  const program = join(dir, 'secret-tool');
  const script = `#!/bin/sh
echo "$*" >> '${dir}/argv'
if [ "$1" = store ]; then cat > "${dir}/kept-$6"
elif [ "$1" = -i ]; then read -r _ _ _ _ _ account _ key; printf %s "$key" > "${dir}/kept-$account"
elif [ "$1" = lookup ]; then cat "${dir}/kept-$5" 2>/dev/null
else cat "${dir}/kept-$5" 2>/dev/null; fi
`;
  writeFileSync(program, script, { mode: 0o700 });
  return program;
};

for (const platform of ['linux', 'darwin'] as const) {
  test(`the ${platform} keychain keeps the key, which is never an argument of a program`, async t => {
    const { dir, path } = folder(t);
    const source: KeySource = { kind: 'keychain', platform, program: keychain(dir) };
    const vault = await openVault({ path, key: source, now: () => start });
    vault.set(secret('a'), Buffer.from('abcdef'));
    vault.close();
    assert.equal(leased(await opened(t, { path, key: source }), 'a'), 'abcdef');
    const account = tamper(
      path,
      db => JSON.parse(db.prepare('SELECT source FROM vault').pluck().get() as string).account,
    );
    const kept = readFileSync(join(dir, `kept-${account}`), 'utf8');
    assert.equal(Buffer.from(kept, 'base64').length, 32);
    const words = readFileSync(join(dir, 'argv'), 'utf8');
    assert.ok(words.includes(account) || platform === 'darwin');
    assert.ok(!words.includes(kept));
    writeFileSync(join(dir, `kept-${account}`), '');
    await assert.rejects(openVault({ path, key: source }), { code: 'missing' });
    const absent: KeySource = { kind: 'keychain', platform, program: join(dir, 'not-there') };
    await assert.rejects(openVault({ path, key: absent }), { code: 'unusable', message: /keychain can't be used/ });
  });
}
