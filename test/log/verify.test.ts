/** Whatever is done to the file of a real log, verification finds it and names the first bad entry. */
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type Database from 'better-sqlite3';
import fc from 'fast-check';
import { exitCode, type Fault } from '../../src/errors.js';
import { canonical } from '../../src/log/canonical.js';
import { leafHash, sha256 } from '../../src/log/tree.js';
import { decision, type Place, place } from './world.js';

const entries = 24;

/** A closed log of {@link entries}, with checkpoints at the sizes 1, 10 and 24. Returns its saved head at 10. */
async function written(at: Place): Promise<{ head: string; last: string }> {
  const log = await at.open();
  for (let n = 1; n < 10; n++) await log.record(decision(n));
  const { text: head } = await log.head();
  for (let n = 10; n < entries; n++) await log.record(decision(n));
  const { text: last } = await log.head();
  await log.close();
  return { head, last };
}

const bytesOf = (db: Database.Database, seq: number): string =>
  db.prepare('SELECT bytes FROM entries WHERE seq = ?').pluck().get(seq) as string;
const put = (db: Database.Database, seq: number, bytes: string, leaf = leafHash(bytes)): void =>
  void db.prepare('UPDATE entries SET bytes = ?, leaf = ? WHERE seq = ?').run(bytes, leaf, seq);
const edit = (bytes: string): string => bytes.replace('"rule":"perm_7"', '"rule":"perm_8"');
const leafOf = (db: Database.Database, seq: number): string =>
  db.prepare('SELECT leaf FROM entries WHERE seq = ?').pluck().get(seq) as string;

/** Writes history anew from `seq` on, as somebody who may write the file but has not the key. */
function rewrite(db: Database.Database, seq: number): void {
  let prev = '';
  for (let i = seq; i < entries; i++) {
    const entry = JSON.parse(bytesOf(db, i)) as Record<string, unknown>;
    const bytes = canonical(i === seq ? { ...entry, decision: { effect: 'deny' } } : { ...entry, prev });
    put(db, i, bytes);
    prev = sha256(bytes);
  }
}

const move = (db: Database.Database, from: number, to: number): void =>
  void db.prepare('UPDATE entries SET seq = ? WHERE seq = ?').run(to, from);

/** Each way to tamper with entry `k` (1 … entries − 2), and the entry that must be named. */
const ways: Record<string, (db: Database.Database, k: number) => number> = {
  'an edit': (db, k) => {
    put(db, k, edit(bytesOf(db, k)), leafOf(db, k));
    return k;
  },
  'an edit with its leaf adjusted': (db, k) => {
    put(db, k, edit(bytesOf(db, k)));
    return k;
  },
  'a flipped bit in the link': (db, k) => {
    put(
      db,
      k,
      bytesOf(db, k).replace(/"prev":"(.)/, (_, c: string) => `"prev":"${c === '0' ? '1' : '0'}`),
    );
    return k;
  },
  'another spelling of the same JSON': (db, k) => {
    put(db, k, bytesOf(db, k).replace('"v":1', '"v": 1'));
    return k;
  },
  'bytes that are not JSON': (db, k) => {
    put(db, k, bytesOf(db, k).slice(1));
    return k;
  },
  'a removal': (db, k) => {
    db.prepare('DELETE FROM entries WHERE seq = ?').run(k);
    return k;
  },
  'a removal that closes the gap': (db, k) => {
    db.prepare('DELETE FROM entries WHERE seq = ?').run(k);
    for (let i = k + 1; i < entries; i++) move(db, i, i - 1);
    return k;
  },
  'a swap': (db, k) => {
    move(db, k, 1000);
    move(db, k + 1, k);
    move(db, 1000, k + 1);
    return k;
  },
  'a duplicate': (db, k) => {
    for (let i = entries - 1; i > k; i--) move(db, i, i + 1);
    db.prepare('INSERT INTO entries SELECT seq + 1, id, leaf, bytes FROM entries WHERE seq = ?').run(k);
    return k + 1;
  },
  'an id that appeared before': (db, k) => {
    const { id } = JSON.parse(bytesOf(db, k - 1)) as { id: string };
    const bytes = bytesOf(db, k).replace(/"id":"ev_[^"]+"/, `"id":"${id}"`);
    put(db, k, bytes);
    db.prepare('UPDATE entries SET id = ? WHERE seq = ?').run(id, k);
    return k;
  },
  'another id beside the entry': (db, k) => {
    db.prepare(`UPDATE entries SET id = 'ev_01J00000000000000000000000' WHERE seq = ?`).run(k);
    return k;
  },
};

for (const [name, way] of Object.entries(ways)) {
  test(`${name} of any entry is found, and the entry is named`, async context => {
    const at = place(context);
    await written(at);
    assert.equal(at.verify().ok, true);
    const original = join(at.dir, 'original.db');
    at.tamper(db => db.pragma('wal_checkpoint(TRUNCATE)'));
    copyFileSync(at.path, original);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: entries - 2 }), k => {
        copyFileSync(original, at.path);
        const bad = at.tamper(db => way(db, k));
        const verdict = at.verify();
        assert.equal(verdict.ok, false);
        assert.equal(verdict.ok || verdict.seq, bad, JSON.stringify(verdict));
      }),
      { numRuns: 12 },
    );
  });
}

test('history that is written anew is found by the next checkpoint, and where the good part ends is said', async context => {
  const at = place(context);
  await written(at);
  at.tamper(db => rewrite(db, 13));
  const verdict = at.verify();
  assert.deepEqual([verdict.ok, !verdict.ok && verdict.code, !verdict.ok && verdict.seq], [false, 'root_differs', 10]);
});

test('a cut tail is found with a saved head, and without one it is not claimed to be whole', async context => {
  const at = place(context);
  const { head, last } = await written(at);
  at.tamper(db => db.exec('DELETE FROM entries WHERE seq >= 12; DELETE FROM checkpoints WHERE size > 12'));
  const blind = at.verify();
  assert.deepEqual(
    [blind.ok, blind.ok && blind.attested, blind.ok && blind.entries, blind.ok && blind.anchored],
    [true, 10, 12, null],
  );
  const partly = at.verify(head);
  assert.equal(partly.ok && partly.anchored, 10);
  const verdict = at.verify(last);
  assert.deepEqual([!verdict.ok && verdict.code, !verdict.ok && verdict.seq], ['truncated', 12]);
});

test('a tail that is cut while its checkpoint stays is found without any saved head', async context => {
  const at = place(context);
  await written(at);
  at.tamper(db => db.exec('DELETE FROM entries WHERE seq >= 20'));
  const verdict = at.verify();
  assert.deepEqual([!verdict.ok && verdict.code, !verdict.ok && verdict.seq], ['truncated', 20]);
});

test('two histories signed with the same key are told apart by the saved head', async context => {
  const at = place(context);
  const log = await at.open();
  await log.record(decision(1));
  await log.close();
  const before = join(at.dir, 'before.db');
  at.tamper(db => db.pragma('wal_checkpoint(TRUNCATE)'));
  copyFileSync(at.path, before);
  const first = await at.open();
  await first.record(decision(2));
  const { text: head } = await first.head();
  await first.close();
  at.tamper(db => db.pragma('wal_checkpoint(TRUNCATE)'));
  copyFileSync(before, at.path);
  const second = await at.open();
  await second.record(decision(3));
  await second.close();
  assert.equal(at.verify().ok, true);
  const verdict = at.verify(head);
  assert.equal(!verdict.ok && verdict.code, 'head_differs');
});

test('an entry of another log is found, and so is a whole other log', async context => {
  const [at, other] = [place(context), place(context)];
  await written(at);
  await written(other);
  const foreign = other.tamper(db => db.prepare('SELECT id, leaf, bytes FROM entries WHERE seq = 7').get()) as Record<
    string,
    string
  >;
  at.tamper(db => db.prepare('UPDATE entries SET id = @id, leaf = @leaf, bytes = @bytes WHERE seq = 7').run(foreign));
  const spliced = at.verify();
  assert.equal(!spliced.ok && spliced.seq, 7);
  other.tamper(db => db.pragma('wal_checkpoint(TRUNCATE)'));
  copyFileSync(other.path, at.path);
  const replaced = at.verify();
  assert.equal(!replaced.ok && replaced.code, 'foreign_log');
});

test('a checkpoint that is forged, changed, of another log or missing altogether is found', async context => {
  const [at, other] = [place(context), place(context)];
  const { last } = await written(at);
  const elsewhere = await written(other);
  const code = (text: string): unknown => {
    at.tamper(db => db.prepare('UPDATE checkpoints SET text = ? WHERE size = ?').run(text, entries));
    const verdict = at.verify();
    return verdict.ok || verdict.code;
  };
  assert.equal(code(last.replace(`\n${entries}\n`, `\n${entries + 1}\n`)), 'checkpoint_forged');
  assert.equal(code(elsewhere.last), 'checkpoint_forged');
  assert.equal(code(last), true);
  const rejected = at.verify(elsewhere.last);
  assert.equal(!rejected.ok && rejected.code, 'head_rejected');
  at.tamper(db => db.exec('DELETE FROM checkpoints'));
  const verdict = at.verify();
  assert.equal(!verdict.ok && verdict.code, 'checkpoint_missing');
});

test('a file with a damaged page is not taken for a log that holds together', async context => {
  const at = place(context);
  const log = await at.open();
  for (let n = 1; n < 200; n++) log.note(decision(n));
  await log.close();
  const file = readFileSync(at.path);
  // The first five pages hold the schema and roots; behind them are entries.
  for (const offset of [8192 * 5, 8192 * 9, file.length - 8192]) {
    writeFileSync(
      at.path,
      Buffer.concat([file.subarray(0, offset), Buffer.alloc(64, 0x55), file.subarray(offset + 64)]),
    );
    try {
      assert.equal(at.verify().ok, false, `page at ${offset}`);
    } catch (error) {
      // A page without which nothing can be read.
      assert.equal((error as Fault).exit, exitCode.unverified, `page at ${offset}: ${(error as Error).message}`);
    }
  }
});
