import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Approval, ApprovalState } from '../../src/approvals/index.js';
import type { State } from '../../src/identity/state.js';
import { openAnnouncer, openOutbox, type Parcel, Rejections, Undelivered } from '../../src/notify/index.js';
import { approval, never } from './approval.js';

/** A state in memory; what is opened over it again is a restart. */
function memory(): Pick<State, 'shelf' | 'together'> {
  const shelves = new Map<string, Map<string, string>>();
  return {
    together: work => work(),
    shelf<T>(kind: string) {
      const rows = shelves.get(kind) ?? new Map<string, string>();
      shelves.set(kind, rows);
      return {
        all: () => [...rows.values()].map(text => JSON.parse(text) as T),
        put: (key: string, value: T) => void rows.set(key, JSON.stringify(value)),
        remove: (key: string) => rows.delete(key),
      };
    },
  };
}

const now = Date.parse('2026-11-20T09:01:00.000Z');
const soon = (): Promise<void> => new Promise(resolve => setImmediate(() => setImmediate(resolve)));

function open(state: Pick<State, 'shelf' | 'together'>, send: (parcel: Parcel) => Promise<void>, most = 10) {
  const lost: string[] = [];
  const outbox = openOutbox({
    ...{ shelf: state.shelf<Parcel>('outbox'), most, attempts: 3, now: () => now, random: () => 0 },
    ...{ send, tried: () => {}, diagnose: () => {} },
  });
  const announcer = openAnnouncer({
    ...{ state, outbox, now: () => now, own: (name: string) => name === 'notifier', channels: () => ['slack'] },
    suspicious: never,
    lost: ({ id }) => void lost.push(id),
  });
  return { outbox, announcer, lost };
}

const at = (state: ApprovalState, differs: Partial<Approval> = {}): Approval => approval({ state, ...differs });

test('each change of an approval is announced once, however often it is looked at', async () => {
  const sent: string[] = [];
  const { outbox, announcer } = open(memory(), async ({ id }) => void sent.push(id));
  outbox.start();
  for (const state of ['pending', 'pending', 'granted', 'granted', 'redeemed', 'refused'] as const) {
    announcer.look([at(state)]);
    await soon();
  }
  assert.deepEqual(sent, ['apr_01K_requested', 'apr_01K_granted', 'apr_01K_refused']);
});

test('what changed while no proxy ran is announced by the next one', async () => {
  const state = memory();
  const first = open(state, async () => {});
  first.outbox.start();
  first.announcer.look([at('pending')]);
  await soon();
  first.announcer.posted('apr_01K', 'slack', 'C1 1.2');
  await first.outbox.close();
  const sent: string[] = [];
  const second = open(state, async ({ id }) => void sent.push(id));
  second.outbox.start();
  second.announcer.look([at('cancelled'), at('pending', { id: 'apr_02K' })]);
  await soon();
  assert.deepEqual(sent, ['apr_01K_cancelled', 'apr_02K_requested']);
  assert.equal(second.announcer.placeOf('apr_01K', 'slack'), 'C1 1.2');
});

test('an approval that is forgotten is told to have expired, and then forgotten here too', async () => {
  const state = memory();
  const sent: string[] = [];
  const { outbox, announcer } = open(state, async ({ id }) => void sent.push(id));
  outbox.start();
  announcer.look([at('pending')]);
  await soon();
  announcer.look([]);
  await soon();
  announcer.look([]);
  assert.deepEqual(sent, ['apr_01K_requested', 'apr_01K_expired']);
  assert.equal(state.shelf('announced').all().length, 0);
});

test('whoever was not told of the question is not told of its end', async () => {
  const { outbox, announcer } = open(memory(), async () => {
    throw new Undelivered('no');
  });
  announcer.look([
    at('pending'),
    at('granted', { id: 'apr_02K' }),
    at('pending', { id: 'apr_03K', gateway: 'notifier' }),
  ]);
  assert.deepEqual(
    outbox.waiting.map(({ id }) => id),
    ['apr_01K_requested'],
  );
  announcer.look([at('refused')]);
  assert.deepEqual(outbox.waiting, []);
});

test('what finds no room in the outbox is said to be lost', () => {
  const { announcer, lost, outbox } = open(memory(), () => new Promise(() => {}), 1);
  announcer.look([at('pending'), at('pending', { id: 'apr_02K' })]);
  assert.deepEqual([outbox.waiting.length, lost], [1, ['apr_02K_requested']]);
});

test('rejected requests beyond ten a minute are counted, not recorded one by one', () => {
  let clock = 0;
  const rejections = new Rejections(() => clock);
  const recorded = Array.from({ length: 50 }, () => rejections.next()).filter(n => n > 0);
  assert.deepEqual(recorded, Array(10).fill(1));
  clock = 60_000;
  assert.equal(rejections.next(), 41);
});
