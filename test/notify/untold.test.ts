/** What is said to whom when channels are slow, and what isn't lost when the disk is full. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { State } from '../../src/identity/state.js';
import { openAnnouncer, openOutbox, type Parcel, slackMessage } from '../../src/notify/index.js';
import { approval, never } from './approval.js';

const now = Date.parse('2026-11-20T09:01:00.000Z');
const soon = (): Promise<void> => new Promise(resolve => setImmediate(() => setImmediate(resolve)));

/** A state in memory whose disk may be full. */
function memory() {
  const shelves = new Map<string, Map<string, string>>();
  const disk = { full: false };
  const state: Pick<State, 'shelf' | 'together'> = {
    together(work) {
      const before = new Map([...shelves].map(([kind, rows]) => [kind, new Map(rows)]));
      try {
        return work();
      } catch (error) {
        for (const [kind, rows] of before) shelves.set(kind, rows);
        throw error;
      }
    },
    shelf<T>(kind: string) {
      const rows = (): Map<string, string> => {
        if (!shelves.has(kind)) shelves.set(kind, new Map());
        return shelves.get(kind)!;
      };
      return {
        all: () => [...rows().values()].map(text => JSON.parse(text) as T),
        put(key: string, value: T) {
          if (disk.full) throw new Error('SQLITE_FULL');
          rows().set(key, JSON.stringify(value));
        },
        remove: (key: string) => rows().delete(key),
      };
    },
  };
  return { state, disk };
}

function open(state: Pick<State, 'shelf' | 'together'>, send: (parcel: Parcel) => Promise<void>) {
  const outbox = openOutbox({
    ...{ shelf: state.shelf<Parcel>('outbox'), most: 10, attempts: 3, now: () => now, random: () => 0 },
    ...{ send, tried: () => {}, diagnose: () => {} },
  });
  const announcer = openAnnouncer({
    ...{ state, outbox, now: () => now, own: () => false, channels: () => ['slack'] },
    ...{ suspicious: never, lost: () => {} },
  });
  return { outbox, announcer };
}

test('what ends while its channel is busy with something else is not asked for any more', async () => {
  const sent: string[] = [];
  let taken = (): void => {};
  const { state } = memory();
  const { outbox, announcer } = open(state, ({ id }) => {
    sent.push(id);
    return new Promise(resolve => {
      taken = resolve;
    });
  });
  outbox.start();
  const slow = approval({ id: 'apr_SLOW' });
  announcer.look([slow]);
  await soon();
  const flood = Array.from({ length: 5 }, (_, i) => approval({ id: `apr_${i}` }));
  announcer.look([slow, ...flood]);
  announcer.look([slow, ...flood.map(each => ({ ...each, state: 'cancelled' as const }))]);
  taken();
  await soon();
  assert.deepEqual(sent, ['apr_SLOW_requested']);
  assert.deepEqual(outbox.waiting, []);
});

test('what was answered and taken back while its channel is busy is told as it is in the end', async () => {
  const sent: string[] = [];
  const taken: (() => void)[] = [];
  const { outbox, announcer } = open(memory().state, ({ id }) => {
    sent.push(id);
    return new Promise(resolve => taken.push(resolve));
  });
  outbox.start();
  const asked = approval({});
  const slow = approval({ id: 'apr_SLOW' });
  announcer.look([asked]);
  await soon();
  taken[0]!();
  await soon();
  announcer.look([asked, slow]);
  await soon();
  announcer.look([{ ...asked, state: 'granted' }, slow]);
  announcer.look([{ ...asked, state: 'refused' }, slow]);
  taken[1]!();
  await soon();
  assert.deepEqual(sent, ['apr_01K_requested', 'apr_SLOW_requested', 'apr_01K_refused']);
});

test('what is on its way is told its end as well', async () => {
  const sent: string[] = [];
  const { outbox, announcer } = open(memory().state, async ({ id }) => void sent.push(id));
  outbox.start();
  announcer.look([approval({})]);
  await Promise.resolve();
  announcer.look([approval({ state: 'cancelled' })]);
  await soon();
  await soon();
  assert.deepEqual(sent, ['apr_01K_requested', 'apr_01K_cancelled']);
});

test('what could not be written down when it was to be said is said later', async () => {
  const sent: string[] = [];
  const { state, disk } = memory();
  const { outbox, announcer } = open(state, async ({ id }) => void sent.push(id));
  outbox.start();
  disk.full = true;
  assert.throws(() => announcer.look([approval({})]), /SQLITE_FULL/);
  disk.full = false;
  announcer.look([approval({})]);
  await soon();
  assert.deepEqual(sent, ['apr_01K_requested']);
});

test('a yes that is not enough is told, and it can still be answered', async () => {
  const sent: Parcel[] = [];
  const { outbox, announcer } = open(memory().state, async parcel => void sent.push(parcel));
  outbox.start();
  const yes = (approver: string) => ({ by: approver, approver, at: '2026-11-20T09:01:00.000Z', scope: {} });
  const steps = [
    approval({}),
    approval({ yes: [yes('alice')], by: 'alice' }),
    approval({ yes: [yes('alice')], by: 'alice' }),
    approval({ yes: [yes('alice'), yes('bob')], by: 'bob', state: 'granted' }),
  ];
  for (const step of steps) {
    announcer.look([step]);
    await soon();
  }
  assert.deepEqual(
    sent.map(({ id }) => id),
    ['apr_01K_requested', 'apr_01K_noted_1', 'apr_01K_granted'],
  );
  const [, noted, granted] = sent.map(({ notice }) => JSON.stringify(slackMessage(notice, true)));
  assert.match(noted!, /It takes another yes.*Answered by: `alice`.*tollfence_approve/);
  assert.doesNotMatch(granted!, /tollfence_approve/);
});
