import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Outbox, openOutbox, type Parcel, type Tried, Undelivered } from '../../src/notify/index.js';
import { noticeOf } from '../../src/notify/notice.js';
import { approval, never } from './approval.js';

/** A shelf in memory, as it would be found after a restart. */
function shelf() {
  const rows = new Map<string, string>();
  return {
    rows,
    all: () => [...rows.values()].map(text => JSON.parse(text) as Parcel),
    put: (key: string, value: Parcel) => void rows.set(key, JSON.stringify(value)),
    remove: (key: string) => rows.delete(key),
  };
}

interface Stand {
  readonly outbox: Outbox;
  readonly results: Tried[];
  clock: number;
}

function stand(
  send: (parcel: Parcel) => Promise<void>,
  more: { most?: number; attempts?: number; on?: ReturnType<typeof shelf> } = {},
): Stand {
  const results: Tried[] = [];
  const it = { results, clock: 1_000_000 };
  const outbox = openOutbox({
    ...{ shelf: more.on ?? shelf(), most: more.most ?? 10, attempts: more.attempts ?? 3, send },
    ...{ now: () => it.clock, random: () => 0, tried: result => void results.push(result), diagnose: () => {} },
  });
  return Object.assign(it, { outbox });
}

const parcel = (name: string, channel = 'slack', until = 9_000_000) => ({
  ...{ id: `${name}_requested`, channel, run: 'run_1', until },
  notice: noticeOf(approval({ id: name }), 'requested', never),
});

/** Lets promises run. */
const soon = (): Promise<void> => new Promise(resolve => setImmediate(() => setImmediate(resolve)));

test('a message that fails is tried again under its id, and given up after so many tries', async () => {
  const ids: string[] = [];
  const it = stand(async ({ id }) => {
    ids.push(id);
    throw new Undelivered('no');
  });
  it.outbox.start();
  it.outbox.put(parcel('apr_1'));
  for (let i = 0; i < 5; i++) {
    await soon();
    it.clock += 60_000;
    it.outbox.start();
  }
  await soon();
  assert.deepEqual(ids, Array(3).fill('apr_1_requested'));
  assert.deepEqual(
    it.results.map(({ fault, again }) => [fault, again === null]),
    [
      ['no', false],
      ['no', false],
      ['no', true],
    ],
  );
  assert.equal(it.outbox.waiting.length, 0);
  await it.outbox.close();
});

test('what was not said when the proxy ended is said by the next one, and what was said is not', async () => {
  const on = shelf();
  const first = stand(
    async ({ notice }) => {
      if (notice.approval === 'apr_2') throw new Undelivered('no');
    },
    { on },
  );
  first.outbox.start();
  first.outbox.put(parcel('apr_1'));
  await soon();
  first.outbox.put(parcel('apr_2'));
  await soon();
  await first.outbox.close();
  const sent: string[] = [];
  const second = stand(async ({ id }) => void sent.push(id), { on });
  second.clock += 60_000;
  second.outbox.start();
  await soon();
  assert.deepEqual(sent, ['apr_2_requested']);
  assert.equal(second.results[0]!.parcel.attempts, 2);
  assert.equal(on.rows.size, 0);
  await second.outbox.close();
});

test('nothing is said after its time, nor sooner than the receiver asked for', async () => {
  const it = stand(async () => {
    throw new Undelivered('busy', { retryAfter: 100_000 });
  });
  it.outbox.start();
  it.outbox.put(parcel('apr_1', 'slack', it.clock + 100_001));
  it.outbox.put(parcel('apr_2', 'email:a@b', it.clock + 99_999));
  await soon();
  assert.deepEqual(
    it.results.map(({ parcel: { channel }, again }) => [channel, again]),
    [
      ['slack', 1_100_000],
      ['email:a@b', null],
    ],
  );
  it.clock += 100_001;
  it.outbox.start();
  await soon();
  assert.deepEqual([it.results.at(-1)!.fault, it.results.at(-1)!.again], ['its time was over', null]);
  await it.outbox.close();
});

test('an outbox that is full takes no more, and never more than it may', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20)), fc.integer({ min: 1, max: 5 }), (numbers, most) => {
      const it = stand(() => new Promise(() => {}), { most });
      for (const n of numbers) {
        const known = it.outbox.waiting.some(({ id }) => id === `apr_${n}_requested`);
        const full = it.outbox.waiting.length === most;
        assert.equal(it.outbox.put(parcel(`apr_${n}`)), known || !full);
        assert.ok(it.outbox.waiting.length <= most);
      }
    }),
  );
});

test('one channel that hangs keeps no other waiting, and an answer is not told before its question', async () => {
  const sent: string[] = [];
  let fail = true;
  const it = stand(async ({ id, channel }) => {
    if (channel === 'slack') return new Promise(() => {});
    if (fail && id === 'apr_1_requested') throw new Undelivered('no');
    sent.push(id);
    return undefined;
  });
  it.outbox.put(parcel('apr_1'));
  it.outbox.put(parcel('apr_1', 'email:a@b'));
  it.outbox.put({ ...parcel('apr_1', 'email:a@b'), id: 'apr_1_granted' });
  it.outbox.put(parcel('apr_2', 'email:a@b'));
  it.outbox.start();
  await soon();
  await soon();
  assert.deepEqual(sent, ['apr_2_requested']);
  fail = false;
  it.clock += 60_000;
  it.outbox.start();
  for (let i = 0; i < 4; i++) await soon();
  assert.deepEqual(sent, ['apr_2_requested', 'apr_1_requested', 'apr_1_granted']);
});
