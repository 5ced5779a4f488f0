/** Reading: filters, following, receipts, exports. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  exportCsv,
  exportJsonLines,
  type Filter,
  makeReceipt,
  openReceipt,
  parsePublicKey,
  Reader,
  since,
  storedLines,
  verify,
} from '../../src/log/index.js';
import { decision, place } from './world.js';

test('filters choose by what an entry says, and a time is found by the ids', async context => {
  const at = place(context);
  let now = Date.parse('2026-11-20T12:00:00Z');
  const log = await at.open('full', () => now);
  for (let n = 1; n <= 30; n++) {
    now += 60_000;
    await log.record(
      decision(n, {
        run: `run_${n % 2}`,
        subject: { id: n % 5 ? 'a' : 'b' },
        grant: n === 7 ? { task: 'rotate' } : null,
      }),
    );
  }
  await log.record({ type: 'kill.activated', run: null, scope: { kind: 'gateway', name: 'a' } });
  const reader = new Reader(at.path);
  const seqs = (filter: Filter): number[] => [...reader.select(filter)].map(row => row.seq);
  assert.deepEqual(seqs({ gateway: 'b' }), [5, 10, 15, 20, 25, 30]);
  assert.deepEqual(seqs({ effect: 'deny', run: 'run_0' }), [6, 12, 18, 24, 30]);
  assert.deepEqual(seqs({ effect: 'deny', last: 2 }), [27, 30]);
  assert.deepEqual(seqs({ task: 'rotate' }), [7]);
  assert.deepEqual(seqs({ since: now - 120_000 }), [28, 29, 30, 31]);
  assert.deepEqual(seqs({ type: type => type.startsWith('kill.'), gateway: 'a' }), [31]);
  assert.deepEqual(seqs({ action: name => name === 'github.pr.merge' }), []);
  assert.equal(reader.find('ev_01J00000000000000000000000'), null);
  for (const row of reader.select({})) assert.equal(reader.find(row.id)?.seq, row.seq);
  const before = reader.version();
  const { id } = await log.record(decision(31));
  assert.notEqual(reader.version(), before);
  assert.deepEqual(
    [...reader.select({}, 31)].map(row => row.id),
    [id],
  );
  await log.close();
  assert.equal(reader.size(), 33);
  reader.close();
});

test('a receipt proves its entry with a public key alone, and no other entry', async context => {
  const at = place(context);
  const log = await at.open();
  for (let n = 1; n <= 12; n++) await log.record(decision(n));
  const head = await log.head();
  await log.close();
  const reader = new Reader(at.path);
  const key = parsePublicKey(readFileSync(join(at.dir, 'log.pub'), 'utf8'));
  for (const { seq, text } of [...reader.select({})]) {
    const receipt = JSON.parse(JSON.stringify(makeReceipt(text, seq, head, (from, to) => reader.leaves(from, to))));
    assert.deepEqual(openReceipt(receipt, key), { entry: text, size: 13 });
    assert.throws(() => openReceipt({ ...receipt, entry: text.replace('"v":1', '"v":2') }, key), /not in the tree/);
    assert.throws(() => openReceipt({ ...receipt, index: (seq + 1) % 13 }, key), /not in the tree/);
    assert.throws(
      () => openReceipt({ ...receipt, checkpoint: head.text.replace('\n13\n', '\n14\n') }, key),
      /signature/,
    );
  }
  for (const nothing of [null, {}, { v: 1 }, []]) assert.throws(() => openReceipt(nothing, key), /not a receipt/);
  reader.close();
});

test('an export in JSON lines verifies as the log does, and a changed line is named', async context => {
  const at = place(context);
  const log = await at.open();
  for (let n = 1; n <= 200; n++) log.note(decision(n));
  const { text: head } = await log.head();
  await log.close();
  const reader = new Reader(at.path);
  const file = join(at.dir, 'export.jsonl');
  const text = [...exportJsonLines(reader.select({}))].join('');
  const csv = [...exportCsv(reader.select({}))];
  reader.close();
  const key = parsePublicKey(readFileSync(join(at.dir, 'log.pub'), 'utf8'));
  const check = (content: string) => {
    writeFileSync(file, content);
    return verify({ entries: storedLines(file), checkpoints: [], key, head, complete: false });
  };
  const verdict = check(text);
  assert.deepEqual([verdict.ok && verdict.entries, verdict.ok && verdict.anchored], [201, 201]);
  const changed = check(text.replace('"n":100,', '"n":101,'));
  assert.deepEqual([!changed.ok && changed.code, !changed.ok && changed.seq], ['chain_broken', 100]);
  assert.equal(check(text.slice(0, text.lastIndexOf('\n', text.length - 2) + 1)).ok, false);
  assert.equal(csv.length, 202);
  assert.match(csv[1]!, /^0,2\d{3}-/);
});

test('a spreadsheet gets no formula from an agent', () => {
  const text = JSON.stringify({ seq: 0, time: 't', type: 'x', id: 'i', run: '=HYPERLINK("http://x")' });
  assert.match([...exportCsv([{ seq: 0, id: 'i', text }])][1]!, /,"'=HYPERLINK\(""http:\/\/x""\)",/);
});

test('a row of a spreadsheet names everything that a request would do', () => {
  const [action, other] = [{ name: 'github.pr.merge' }, { name: 'github.issue.comment' }];
  const also = [{ action: other }, { action: other }];
  const text = JSON.stringify({ seq: 0, time: 't', type: 'action.decided', id: 'i', action, also });
  assert.match([...exportCsv([{ seq: 0, id: 'i', text }])][1]!, /,"github\.pr\.merge, github\.issue\.comment",/);
});

test('a time is some units ago or a date, and nothing else', () => {
  const now = Date.parse('2026-11-20T12:00:00Z');
  assert.equal(since('10m', now), now - 600_000);
  assert.equal(since('3d', now), now - 3 * 86_400_000);
  assert.equal(since('2026-11-20T13:00:00+02:00', now), now - 3_600_000);
  for (const text of ['', '10', 'm', '-1h', 'yesterday', '2026-13-01', '1y'])
    assert.throws(() => since(text, now), RangeError);
});
