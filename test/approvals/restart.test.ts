/** Approvals outlive the proxy, however it ends, and what was used stays used. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '../../src/errors.js';
import type { Log } from '../../src/log/index.js';
import { entries } from '../faults/ledger.js';
import { gone, until } from '../faults/waiting.js';
import { send, startAgent } from '../http/agent.js';
import { openWorld } from '../world.js';
import { approvals } from './pending.js';
import { ask, asking, client, openRoom } from './room.js';

const is = (code: string) => (error: unknown) => error instanceof Refusal && error.code === code;
const yes = { verdict: 'granted', by: 'operator', reason: '' } as const;

test('what waits and what stands is there after a restart, with what is left of it', async () => {
  let room = await openRoom();
  await assert.rejects(ask(room, asking()), is('approval_pending'));
  const [{ id } = { id: '' }] = room.approvals.list();
  room = room.again();
  assert.equal(room.approvals.find(id).state, 'pending');
  await room.approvals.answer(id, { ...yes, scope: { count: 3 } });
  await ask(room, asking());
  room = room.again();
  await ask(room, asking());
  await ask(room, asking());
  room = room.again();
  assert.equal(room.approvals.find(id).state, 'redeemed');
  await assert.rejects(ask(room, asking()), is('approval_pending'));
  await room.close();
});

test('an approval that was marked as used and then lost with the proxy counts as used', async () => {
  let room = await openRoom(undefined, {
    // The proxy dies here: after the mark, before anything is in the log or sent.
    faulty: (log: Log) => ({
      record: draft => log.record(draft),
      note: draft => log.note(draft),
      allow: () => Promise.reject(new Refusal('log_unavailable', 'It is gone.')),
    }),
  });
  await assert.rejects(ask(room, asking()), is('approval_pending'));
  const [{ id } = { id: '' }] = room.approvals.list();
  await room.approvals.answer(id, yes);
  await assert.rejects(ask(room, asking()), is('log_unavailable'));
  room = room.again();
  assert.equal(room.approvals.find(id).state, 'redeemed');
  await assert.rejects(ask(room, asking()), is('approval_pending'));
  await room.close();
});

test('a client that goes away leaves it to others that wait for the same, and the last one takes it along', async () => {
  const room = await openRoom(undefined, { hold: 60_000 });
  const [first, second] = [client(), client()];
  const answers = [first, second].map(flight => ask(room, asking(), flight));
  await until(() => room.approvals.list().length === 1);
  const [{ id } = { id: '' }] = room.approvals.list();
  first.leave();
  await assert.rejects(answers[0]!, is('approval_timeout'));
  assert.equal(room.approvals.find(id).state, 'pending');
  second.leave();
  await assert.rejects(answers[1]!, is('approval_timeout'));
  assert.equal(room.approvals.find(id).state, 'cancelled');
  await room.close();
});

test('a proxy that is ending cancels nothing', async () => {
  const room = await openRoom(undefined, { hold: 60_000 });
  const flight = client();
  const answer = ask(room, asking(), flight);
  await until(() => room.approvals.list().length === 1);
  room.approvals.close();
  flight.stop({ kind: 'all' });
  await assert.rejects(answer, is('killed'));
  assert.equal(room.again().approvals.list()[0]?.state, 'pending');
  await room.close();
});

test('killed with SIGKILL, the proxy comes back with its approvals, and each is redeemed once', async () => {
  const world = await openWorld({ config: 'approvals: {hold: 100ms}\nlisten: 127.0.0.1:0' });
  try {
    await world.ok(['gateway', 'create', 'agent']);
    await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', 'http.*', '--effect', 'require_approval']);
    let agent = await startAgent(world, 'agent');
    const get = (path: string) =>
      send(agent, `GET ${path} HTTP/1.1\r\nHost: upstream.test\r\n\r\n`, { connect: 'upstream.test:443' });
    for (const path of ['/granted', '/pending']) assert.equal((await get(path)).status, 503);
    const [granted, waits] = await approvals(world);
    await world.ok(['approvals', 'approve', granted!.id]);
    const { proxy } = JSON.parse(await world.ok(['status', '--json'])) as { proxy: { pid: number } };
    process.kill(proxy.pid, 'SIGKILL');
    await until(() => gone(proxy.pid));
    agent.child.kill('SIGKILL');
    agent = await startAgent(world, 'agent');
    const after = await approvals(world);
    assert.deepEqual(
      after.map(({ id, state }) => [id, state]),
      [
        [granted!.id, 'granted'],
        [waits!.id, 'pending'],
      ],
    );
    const statuses = (await Promise.all([get('/granted'), get('/granted')])).map(({ status }) => status);
    assert.deepEqual(statuses.sort(), [200, 503]);
    await world.ok(['approvals', 'approve', waits!.id]);
    assert.equal((await get('/pending')).status, 200);
    assert.deepEqual(world.received.map(({ target }) => target).sort(), ['/granted', '/pending']);
    await world.ok(['audit', 'verify']);
    assert.equal((await entries(world)).filter(({ type }) => type === 'approval.redeemed').length, 2);
    agent.child.kill('SIGKILL');
  } finally {
    await world.close();
  }
});
