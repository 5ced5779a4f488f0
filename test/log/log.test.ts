/** Writing the log: durable before it is acknowledged, refused once it failed, and intact after any crash. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, renameSync, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { exitCode, Fault, Refusal } from '../../src/errors.js';
import { spend } from '../../src/permit.js';
import { allowed, decision, place } from './world.js';

const unavailable = (error: unknown): boolean => error instanceof Refusal && error.code === 'log_unavailable';
const damaged =
  (pattern: RegExp) =>
  (error: unknown): boolean =>
    error instanceof Fault && error.exit === exitCode.failed && pattern.test(error.message);

test('when record resolves, another process sees the entry on disk, chained to the one before', async context => {
  const at = place(context);
  const log = await at.open();
  context.after(() => log.close());
  const reader = new Database(at.path, { readonly: true });
  context.after(() => reader.close());
  for (let n = 1; n <= 20; n++) {
    const { id, seq } = await log.record(decision(n));
    assert.equal(seq, n);
    const bytes = reader.prepare('SELECT bytes FROM entries WHERE seq = ? AND id = ?').pluck().get(seq, id) as string;
    assert.equal((JSON.parse(bytes) as { id: string }).id, id);
  }
  await Promise.all(Array.from({ length: 500 }, (_, n) => log.record(decision(n))));
  const verdict = at.verify();
  assert.equal(verdict.ok && verdict.entries, 521);
});

test('the head covers what was recorded before it was asked for, and names log and key', async context => {
  const at = place(context);
  const log = await at.open('batch');
  for (let n = 0; n < 50; n++) log.note(decision(n));
  const head = await log.head();
  assert.equal(head.size, 51);
  assert.equal(head.origin, `tollfence.local/${log.id}`);
  assert.equal((await log.head()).text, head.text);
  const verdict = at.verify(head.text);
  assert.equal(verdict.ok && verdict.anchored, 51);
  await log.close();
});

test('a log that is closed while a checkpoint is being written closes', { timeout: 20_000 }, async context => {
  const at = place(context);
  const log = await at.open();
  await log.record(decision(0));
  const head = log.head();
  await log.close();
  assert.equal((await head).size, 2);
});

test('a permit is minted for a recorded allow, and bound to its entry', async context => {
  const log = await place(context).open();
  context.after(() => log.close());
  const { recorded, permit } = await log.allow(decision(1), allowed);
  assert.equal(spend(permit, 'upstream', 'ab', Date.now()).evidence, recorded.id);
});

test('a failed write rejects what waits, and everything after it, though the disk be well again', async context => {
  const at = place(context);
  const log = await at.open();
  await log.record(decision(1));
  at.tamper(db => db.exec(`CREATE TRIGGER broken BEFORE INSERT ON entries BEGIN SELECT RAISE(ABORT, 'no space'); END`));
  const reasons: string[] = [];
  log.onFailure(reason => reasons.push(reason));
  const waiting = [log.record(decision(2)), log.record(decision(3)), log.allow(decision(4), {} as never), log.head()];
  for (const outcome of await Promise.allSettled(waiting))
    assert.ok(outcome.status === 'rejected' && unavailable(outcome.reason));
  at.tamper(db => db.exec('DROP TRIGGER broken'));
  await assert.rejects(log.record(decision(5)), unavailable);
  await assert.rejects(log.head(), unavailable);
  assert.match(log.note(decision(6)), /^ev_/);
  assert.equal(log.healthy, false);
  assert.equal(reasons.length, 1);
  await log.close();
  assert.equal(at.texts().length, 2);
  const again = await at.open();
  assert.equal((await again.record(decision(7))).seq, 3);
  await again.close();
  assert.equal(at.verify().ok, true);
  assert.equal((JSON.parse(at.texts()[2]!) as { type: string }).type, 'log.recovered');
});

test('an entry that can not be written is refused alone, and leaves no gap', async context => {
  const at = place(context);
  const log = await at.open();
  await assert.rejects(log.record(decision(1, { big: 1n })), (error: Refusal) => error.code === 'malformed_request');
  await assert.rejects(
    log.record(decision(1, { long: 'x'.repeat(1 << 20) })),
    (error: Refusal) => error.code === 'malformed_request',
  );
  assert.equal((await log.record(decision(2, { odd: '\ud800\u0000\n"\\' }))).seq, 1);
  await log.close();
  assert.equal(at.verify().ok, true);
  await assert.rejects(log.record(decision(3)), unavailable);
});

test('ids grow though the clock be set back, also after a restart', async context => {
  const at = place(context);
  let now = Date.parse('2026-11-20T12:00:00Z');
  for (const step of [0, -3_600_000, -60_000]) {
    now += step;
    const log = await at.open('full', () => now--);
    for (let n = 0; n < 5; n++) await log.record(decision(n));
    await log.close();
  }
  const verdict = at.verify();
  assert.equal(verdict.ok && verdict.entries, 16);
});

test('a subscriber gets each entry, byte for byte, once it is on disk', async context => {
  const at = place(context);
  const log = await at.open();
  const seen: string[] = [];
  const stop = log.subscribe(text => seen.push(text));
  for (let n = 0; n < 5; n++) await log.record(decision(n));
  await log.head();
  stop();
  await log.record(decision(9));
  await log.close();
  assert.deepEqual(seen, at.texts().slice(1, 6));
});

test('a second writer is refused while the first one runs', async context => {
  const at = place(context);
  const log = await at.open();
  await assert.rejects(at.open(), damaged(/Another process is writing/));
  await log.close();
  await (await at.open()).close();
});

test('a log is private to its owner, and a key that others can read is refused', async context => {
  const at = place(context);
  await (await at.open()).close();
  for (const path of [at.path, at.keyPath]) assert.equal(statSync(path).mode & 0o777, 0o600);
  chmodSync(at.keyPath, 0o644);
  await assert.rejects(at.open(), damaged(/can be read by others/));
});

test('a log is not begun anew when its key is gone, its tail is cut or changed, or its tree is not the signed one', async context => {
  const at = place(context);
  const log = await at.open();
  for (let n = 0; n < 9; n++) await log.record(decision(n));
  await log.close();
  renameSync(at.keyPath, `${at.keyPath}.away`);
  await assert.rejects(at.open(), damaged(/key .* is gone/));
  renameSync(`${at.keyPath}.away`, at.keyPath);
  const cases: [string, string, RegExp][] = [
    [
      `UPDATE checkpoints SET frontier = replace(frontier, substr(frontier, 1, 8), '00000000') WHERE size = 10`,
      'checkpoints',
      /not the one that its last checkpoint signed/,
    ],
    [`UPDATE entries SET bytes = replace(bytes, 'perm_7', 'perm_8') WHERE seq = 9`, 'entries', /Entry 9 was changed/],
    ['DELETE FROM entries WHERE seq >= 8', 'entries', /ends before entry 8|Entry 9 is missing|ends before/],
  ];
  for (const [sql, table, pattern] of cases) {
    at.tamper(db => db.exec(`CREATE TABLE saved AS SELECT * FROM ${table}; ${sql}`));
    await assert.rejects(at.open(), damaged(pattern));
    at.tamper(db => db.exec(`DELETE FROM ${table}; INSERT INTO ${table} SELECT * FROM saved; DROP TABLE saved`));
  }
  await (await at.open()).close();
  assert.equal(at.verify().ok, true);
});

const writer = `
  import { openLog } from '${new URL('../../src/log/index.js', import.meta.url).href}';
  import { randomBytes } from 'node:crypto';
  const [path, keyPath] = process.argv.slice(1);
  const log = await openLog({ path, keyPath, durability: 'full', now: Date.now, random: randomBytes });
  for (let n = 0; ; n++) {
    const ids = await Promise.all(Array.from({ length: 1 + n % 7 }, () => log.record({ type: 'action.decided', run: null, n })));
    process.stdout.write(ids.map(({ id }) => id + '\\n').join(''));
  }`;

test('a writer killed at any moment leaves a log that opens, verifies, and has each acknowledged entry', async context => {
  const at = place(context);
  const acknowledged: string[] = [];
  for (let round = 0; round < 4; round++) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', writer, at.path, at.keyPath], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: child.stdout });
    const stop = acknowledged.length + 1 + Math.floor(Math.random() * 300);
    for await (const id of lines) {
      acknowledged.push(id);
      if (acknowledged.length === stop) child.kill('SIGKILL');
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    const log = await at.open();
    await log.close();
    const verdict = at.verify();
    assert.equal(verdict.ok && verdict.attested, verdict.ok && verdict.entries);
    const entries = at.texts().map(text => JSON.parse(text) as { id: string; type: string });
    const ids = new Set(entries.map(({ id }) => id));
    assert.deepEqual(
      acknowledged.filter(id => !ids.has(id)),
      [],
    );
    assert.equal(entries.filter(({ type }) => type === 'log.recovered').length, round + 1);
  }
});
