import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, asking, openRoom } from './room.js';

test('what was approved for a gateway that is purged is no precedent for another one with its name', async () => {
  const room = await openRoom();
  const again = room.again();
  try {
    const pending = () => again.approvals.list().find(({ state }) => state === 'pending')!;
    await assert.rejects(ask(again, asking()));
    assert.equal(pending().difference, null);
    await again.approvals.answer(pending().id, { verdict: 'granted', by: 'ann', reason: '' });
    await ask(again, asking());
    await assert.rejects(ask(again, asking()));
    assert.notEqual(pending().difference, null);

    again.approvals.stop({ kind: 'gateway', name: 'agent' });
    again.approvals.forget('agent');
    const anew = again.again();
    await assert.rejects(ask(anew, asking()));
    assert.equal(anew.approvals.list().find(({ state }) => state === 'pending')!.difference, null);
  } finally {
    await room.close();
  }
});
