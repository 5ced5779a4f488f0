/** The vault against whoever can write its file: nothing changed is accepted, and what was changed is named. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type Database from 'better-sqlite3';
import fc from 'fast-check';
import { openVault, type VaultError } from '../../vault/index.js';
import { folder, key, leased, opened, otherKey, secret, start, tamper } from './world.js';

const values = { alpha: 'value-of-alpha', beta: 'value-of-beta', gamma: 'value-of-gamma' };

/** A closed vault with three secrets. */
async function filled(path: string): Promise<void> {
  const vault = await openVault({ path, key, now: () => start });
  for (const [name, value] of Object.entries(values)) {
    vault.set(secret(name, { gateways: ['agent'] }), Buffer.from(value));
  }
  vault.close();
}

const refusal = async (path: string): Promise<VaultError | null> => {
  try {
    (await openVault({ path, key, now: () => start })).close();
    return null;
  } catch (error) {
    return error as VaultError;
  }
};

test('a flipped bit in any column of any row is refused', async t => {
  const { dir, path } = folder(t);
  await filled(path);
  const copy = join(dir, 'copy.db');
  const cells = [
    ...['name', 'meta', 'wrapped_key', 'sealed_value'].map(column => ({ table: 'secret', column })),
    ...['id', 'source', 'check_value', 'roster'].map(column => ({ table: 'vault', column })),
  ];
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...cells),
      fc.nat(),
      fc.nat(7),
      fc.nat(2),
      async ({ table, column }, at, bit, nth) => {
        copyFileSync(path, copy);
        tamper(copy, db => {
          const row = table === 'vault' ? 0 : nth;
          const id = table === 'vault' ? 'one' : 'name';
          const cell = db
            .prepare(`SELECT ${id} AS id, ${column} AS cell FROM ${table} ORDER BY 1 LIMIT 1 OFFSET ?`)
            .get(row) as {
            id: unknown;
            cell: Buffer | string;
          };
          const bytes = Buffer.from(cell.cell as string, 'latin1');
          bytes[at % bytes.length]! ^= 1 << (typeof cell.cell === 'string' ? bit % 7 : bit);
          const changed = typeof cell.cell === 'string' ? bytes.toString('latin1') : bytes;
          db.prepare(`UPDATE ${table} SET ${column} = ? WHERE ${id} = ?`).run(changed, cell.id);
        });
        const error = await refusal(copy);
        assert.match(error?.code ?? 'opened', /^(corrupt|wrong_key)$/);
        if (table === 'secret') assert.equal(error?.code, 'corrupt');
      },
    ),
    { numRuns: 150 },
  );
});

test('a flipped bit anywhere in the file is refused, or changes nothing', async t => {
  const { dir, path } = folder(t);
  await filled(path);
  const whole = readFileSync(path);
  const copy = join(dir, 'copy.db');
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(7), async (at, bit) => {
      const bytes = Buffer.from(whole);
      bytes[at]! ^= 1 << bit;
      for (const beside of ['-wal', '-shm']) writeFileSync(copy + beside, '');
      writeFileSync(copy, bytes);
      try {
        const vault = await openVault({ path: copy, key, now: () => start });
        for (const [name, value] of Object.entries(values)) assert.equal(leased(vault, name), value);
        vault.close();
      } catch (error) {
        assert.match((error as VaultError).code ?? String(error), /^(corrupt|wrong_key|unusable)$/);
        refused++;
      }
    }),
    { numRuns: 150 },
  );
  assert.ok(refused > 0);
});

type Trick = (db: Database.Database) => void;
const tricks: { name: string; trick: Trick; says: RegExp }[] = [
  {
    name: 'values of two rows swapped',
    trick: db => {
      const cell = (name: string): unknown =>
        db.prepare('SELECT sealed_value FROM secret WHERE name = ?').pluck().get(name);
      const [alpha, beta] = [cell('alpha'), cell('beta')];
      db.prepare("UPDATE secret SET sealed_value = ? WHERE name = 'alpha'").run(beta);
      db.prepare("UPDATE secret SET sealed_value = ? WHERE name = 'beta'").run(alpha);
    },
    says: /row alpha v1 .*row beta v1/,
  },
  {
    name: 'one row copied over another',
    trick: db =>
      void db.exec(`UPDATE secret SET (wrapped_key, sealed_value) =
      (SELECT wrapped_key, sealed_value FROM secret WHERE name = 'alpha') WHERE name = 'gamma'`),
    says: /row gamma v1 is not the one/,
  },
  {
    name: 'a row renamed',
    trick: db =>
      void db.exec(`UPDATE secret SET name = 'delta', meta = replace(meta, 'beta', 'delta') WHERE name = 'beta'`),
    says: /row delta v1 .*row beta v1 is missing/,
  },
  {
    name: 'a row bound to another host',
    trick: db =>
      void db.exec(`UPDATE secret SET meta = replace(meta, 'api.example.com', 'evil.example') WHERE name = 'beta'`),
    says: /row beta v1/,
  },
  {
    name: 'a row removed',
    trick: db => void db.exec(`DELETE FROM secret WHERE name = 'beta'`),
    says: /row beta v1 is missing/,
  },
  {
    name: 'all rows removed',
    trick: db => void db.exec('DELETE FROM secret'),
    says: /alpha v1 is missing.*gamma v1 is missing/,
  },
  {
    name: 'a tag cut short',
    trick: db =>
      void db.exec(
        `UPDATE secret SET sealed_value = substr(sealed_value, 1, length(sealed_value) - 12) WHERE name = 'beta'`,
      ),
    says: /row beta v1/,
  },
  { name: 'a blob emptied', trick: db => void db.exec(`UPDATE vault SET roster = x''`), says: /roster/ },
  {
    name: 'the generation raised',
    trick: db => void db.exec('UPDATE vault SET generation = generation + 1'),
    says: /roster/,
  },
  { name: 'the header removed', trick: db => void db.exec('DELETE FROM vault'), says: /header is missing/ },
  {
    name: 'both tables dropped',
    trick: db => void db.exec('DROP TABLE secret; DROP TABLE vault'),
    says: /tables/,
  },
  {
    name: 'a trigger added',
    trick: db =>
      void db.exec(
        `CREATE TRIGGER keep AFTER DELETE ON secret BEGIN INSERT INTO secret VALUES (old.name, old.meta, old.wrapped_key, old.sealed_value); END`,
      ),
    says: /tables/,
  },
  { name: 'another format', trick: db => void db.pragma('user_version = 2'), says: /format 2/ },
];

for (const { name, trick, says } of tricks) {
  test(`${name}: the vault is not opened, and says what is wrong`, async t => {
    const { path } = folder(t);
    await filled(path);
    tamper(path, trick);
    const error = await refusal(path);
    assert.equal(error?.code, 'corrupt');
    assert.match(error.message, says);
  });
}

test('an old copy of a row, put back after a rotation, is refused and named', async t => {
  const { path } = folder(t);
  await filled(path);
  const old = tamper(path, db => db.prepare("SELECT * FROM secret WHERE name = 'beta'").get()) as Record<
    string,
    unknown
  >;
  const vault = await openVault({ path, key });
  vault.rotate('beta', Buffer.from('value-of-beta-2'));
  vault.close();
  tamper(path, db =>
    db.prepare('INSERT OR REPLACE INTO secret VALUES (@name, @meta, @wrapped_key, @sealed_value)').run(old),
  );
  const error = await refusal(path);
  assert.equal(error?.code, 'corrupt');
  assert.match(error.message, /row beta v1 is not the one .*row beta v2 is missing/);
});

test('an old copy of the whole vault is refused by whoever remembers its generation', async t => {
  const { dir, path } = folder(t);
  await filled(path);
  const backup = join(dir, 'backup.db');
  copyFileSync(path, backup);
  const vault = await openVault({ path, key });
  vault.remove('beta');
  const seen = { id: vault.id, generation: vault.generation };
  vault.close();
  copyFileSync(backup, path);
  await assert.rejects(openVault({ path, key, seen }), { code: 'rolled_back' });
  const another = join(dir, 'another.db');
  await filled(another);
  await assert.rejects(openVault({ path: another, key, seen }), { code: 'rolled_back' });
  await assert.rejects(openVault({ path: join(dir, 'none.db'), key, seen }), { code: 'missing' });
});

test('a change to an open vault is refused while it is open, and a write does not vouch for it', async t => {
  const { path } = folder(t);
  await filled(path);
  const vault = await opened(t, { path });
  assert.equal(leased(vault, 'alpha'), values.alpha);
  tamper(path, db => db.exec(`UPDATE secret SET meta = replace(meta, 'agent', 'rogue') WHERE name = 'alpha'`));
  await turn();
  assert.throws(() => leased(vault, 'alpha'), { code: 'credential_unavailable', message: /tampered/ });
  assert.throws(() => leased(vault, 'beta'), { code: 'credential_unavailable' });
  assert.throws(() => vault.set(secret('delta'), Buffer.from('x')), { code: 'corrupt' });
  assert.equal((await refusal(path))?.code, 'corrupt');
});

test('a key that is not the vault’s is refused as such', async t => {
  const { path } = folder(t);
  await filled(path);
  await assert.rejects(openVault({ path, key: otherKey }), { code: 'wrong_key', message: /does not open/ });
  await assert.rejects(openVault({ path, key: { kind: 'passphrase', passphrase: 'x' } }), { code: 'wrong_key' });
  await assert.rejects(openVault({ path, key: { kind: 'environment', value: 'short' } }), { code: 'invalid' });
});

/** Runs a change in a process that is killed while it draws its nth random bytes after opening. */
function killedIn(path: string, change: string, nth: number): Promise<NodeJS.Signals | null> {
  const program = `
    import { randomBytes } from 'node:crypto';
    import { openVault } from ${JSON.stringify(new URL('../../vault/index.js', import.meta.url).href)};
    let left = Infinity;
    const random = n => { if (left-- === 0) process.kill(process.pid, 'SIGKILL'); return randomBytes(n); };
    const vault = await openVault({ path: ${JSON.stringify(path)}, key: ${JSON.stringify(key)}, random });
    left = ${nth};
    ${change};
    process.stdout.write('done');
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'ignore' });
  return new Promise(resolve => child.once('exit', (_, signal) => resolve(signal)));
}

test('a rotation or re-keying that is killed half way leaves the old state whole', async t => {
  const { path } = folder(t);
  await filled(path);
  const cases: [string, number][] = [
    // Draws of a rotation: data key, two nonces, then, with the row already written, the roster's nonce.
    ["vault.rotate('beta', Buffer.from('value-of-beta-2'))", 2],
    ["vault.rotate('beta', Buffer.from('value-of-beta-2'))", 3],
    // Draws of a re-keying: a nonce for each row, written one by one, then the roster's.
    [`await vault.rekey(${JSON.stringify(otherKey)})`, 1],
    [`await vault.rekey(${JSON.stringify(otherKey)})`, 3],
  ];
  for (const [change, nth] of cases) {
    assert.equal(await killedIn(path, change, nth), 'SIGKILL');
    const vault = await openVault({ path, key, now: () => start });
    assert.equal(vault.generation, 4);
    for (const [name, value] of Object.entries(values)) assert.equal(leased(vault, name), value);
    vault.close();
  }
  assert.equal(await killedIn(path, cases[0]![0], 99), null);
  const vault = await opened(t, { path });
  assert.equal(leased(vault, 'beta'), 'value-of-beta-2');
});
