/** What happens between an answer, its entry and its use: the log tells it as it was. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '../../src/errors.js';
import type { Log } from '../../src/log/index.js';
import { until } from '../faults/waiting.js';
import { ask, asking, openRoom } from './room.js';

const is = (code: string) => (error: unknown) => error instanceof Refusal && error.code === code;
const yes = { verdict: 'granted', by: 'ann', reason: '' } as const;

test('an approval that is being taken back lets nothing through any more, and what was let through before is in the log', async () => {
  let release = (): void => {};
  const slow = new Promise<void>(resolve => {
    release = resolve;
  });
  const written: string[] = [];
  const room = await openRoom(undefined, {
    faulty: (log: Log) => ({
      async record(draft) {
        written.push(draft.type);
        if (draft.type === 'approval.refused') await slow;
        return log.record(draft);
      },
      note: draft => log.note(draft),
      allow: (draft, allowed) => {
        written.push(draft.type);
        return log.allow(draft, allowed);
      },
    }),
  });
  await assert.rejects(ask(room, asking()), is('approval_pending'));
  const [{ id } = { id: '' }] = room.approvals.list();
  await room.approvals.answer(id, { ...yes, scope: { count: 5 } });
  await ask(room, asking());
  const taken = room.approvals.answer(id, { verdict: 'refused', by: 'ann', reason: '' });
  await until(() => written.includes('approval.refused'));
  await assert.rejects(ask(room, asking()), is('approval_pending'));
  release();
  assert.equal((await taken).used, 1);
  assert.equal(room.approvals.find(id).state, 'refused');
  assert.equal(written.filter(type => type === 'approval.redeemed').length, 1);
  await room.close();
});

test('a request that waits for an approval which could not be written down is told that, and not that it was killed', async () => {
  let fail = (): void => {};
  const failing = new Promise<void>((_, reject) => {
    fail = () => reject(new Refusal('log_unavailable', 'The disk is full.'));
  });
  const room = await openRoom(undefined, {
    hold: 60_000,
    faulty: (log: Log) => ({
      record: async draft => {
        await failing;
        return log.record(draft);
      },
      note: draft => log.note(draft),
      allow: (draft, allowed) => log.allow(draft, allowed),
    }),
  });
  const answers = [ask(room, asking()), ask(room, asking())];
  await until(() => room.approvals.list().length === 1);
  fail();
  for (const answer of answers) await assert.rejects(answer, is('log_unavailable'));
  assert.deepEqual(room.approvals.list(), []);
  await room.close();
});

test('a gateway that asks and goes away a thousand times takes no answer from another that has not heard it', async () => {
  const room = await openRoom();
  const of = (gateway: string, child: string) => {
    const { subject } = asking().question!;
    return asking({ subject: { ...subject, id: gateway, chain: [gateway] }, resource: { type: 'gateway', id: child } });
  };
  await assert.rejects(ask(room, of('quiet', 'one')), is('approval_pending'));
  const [{ id } = { id: '' }] = room.approvals.list();
  await room.approvals.answer(id, { verdict: 'refused', by: 'ann', reason: 'no' });
  for (let i = 0; i < 1_001; i++) {
    await assert.rejects(ask(room, of('loud', `child-${i}`)), is('approval_pending'));
    room.approvals.stop({ kind: 'gateway', name: 'loud' });
  }
  assert.equal(room.approvals.find(id).state, 'refused');
  await assert.rejects(ask(room, of('quiet', 'one')), is('approval_refused'));
  await room.close();
});

test('a grant that ends takes along what was asked under it, also by those below it', async () => {
  const room = await openRoom();
  const grant = { id: 'gr_child', task: 't', expires_at: '2126-01-01T00:00:00.000Z' };
  const above = { id: 'gr_parent' };
  const trace = asking({ grant });
  const caller = { ...trace.caller!, grants: [above, grant] as never };
  await assert.rejects(ask(room, { ...trace, caller }), is('approval_pending'));
  room.approvals.stop({ kind: 'grant', name: 'gr_parent' });
  assert.deepEqual(
    room.approvals.list().map(({ state }) => state),
    ['cancelled'],
  );
  await room.close();
});
