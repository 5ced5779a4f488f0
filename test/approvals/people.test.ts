/** Whose yes counts: of the approvers that the policy names, so many as it says, for every part of the request. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Approval } from '../../src/approvals/index.js';
import { Fault, Refusal } from '../../src/errors.js';
import type { Decision } from '../../src/model.js';
import { strictest } from '../../src/policy/several.js';
import { ask, asking, client, openRoom, people, type Room, signed } from './room.js';

const is = (code: string) => (error: unknown) => error instanceof Refusal && error.code === code;
const faults = (exit: number) => (error: unknown) => error instanceof Fault && error.exit === exit;
const yes = (room: Room, id: string, name?: string, scope = {}): Promise<Approval> =>
  room.approvals.answer(id, {
    ...{ verdict: 'granted', by: name ?? 'ann (pid 1)', reason: '', scope },
    ...(name !== undefined && { signed: signed(name) }),
  });
async function asked(room: Room, decided: Partial<Decision> = {}): Promise<Approval> {
  await assert.rejects(ask(room, asking({}, decided)), is('approval_pending'));
  return room.approvals.list().find(({ state }) => state === 'pending')!;
}

test('two people must say yes where two are demanded: one is noted and not enough, however often he says it', async () => {
  const room = await openRoom(people({ alice: [], bob: [] }));
  const { id } = await asked(room, { approvals: 2 });
  const first = await yes(room, id, 'alice', { for_ms: 60_000, count: 5 });
  assert.deepEqual([first.state, first.yes.map(({ approver }) => approver)], ['pending', ['alice']]);
  await assert.rejects(ask(room, asking({}, { approvals: 2 })), is('approval_pending'));
  assert.equal((await yes(room, id, 'alice', { for_ms: 60_000, count: 5 })).state, 'pending');
  await assert.rejects(yes(room, id), faults(3));
  const second = await yes(room, id, 'bob', { count: 2, resource: true });
  // What both have said, and no more.
  assert.deepEqual([second.state, second.scope], ['granted', { for_ms: 60_000, count: 2 }]);
  for (let n = 0; n < 2; n++) await ask(room, asking({}, { approvals: 2 }));
  await assert.rejects(ask(room, asking({}, { approvals: 2 })), is('approval_pending'));
  await room.close();
});

test('one no is enough, also after a yes; and anybody may say it', async () => {
  const room = await openRoom(people({ alice: [], bob: [] }));
  const { id } = await asked(room, { approvals: 2 });
  await yes(room, id, 'alice');
  const refused = await room.approvals.answer(id, { verdict: 'refused', by: 'run:run_1', reason: 'not today' });
  assert.equal(refused.state, 'refused');
  await assert.rejects(ask(room, asking({}, { approvals: 2 })), is('approval_refused'));
  await room.close();
});

test('whoever is not among those that the policy names does not count, and with nobody registered nobody does', async () => {
  const room = await openRoom(people({ alice: [], bob: ['sre'], eve: ['intern'] }));
  const demand = { approvers: ['alice', 'role:sre'] };
  const { id } = await asked(room, demand);
  await assert.rejects(yes(room, id, 'eve'), faults(3));
  assert.equal((await yes(room, id, 'bob')).state, 'granted');
  await room.close();

  const lone = await openRoom();
  const other = await asked(lone, demand);
  await assert.rejects(yes(lone, other.id), faults(3));
  await lone.close();
});

test('what each part of a request demands must be met, and no part is enough for another', async () => {
  const answer = (approvers: string[], approvals?: number): Decision => ({
    ...asking().decision!,
    ...{ approvers, ...(approvals !== undefined && { approvals }) },
  });
  const { question } = asking();
  const decision = strictest([question!, question!], [answer(['alice']), answer(['role:sre'], 2)]);
  const room = await openRoom(people({ alice: [], bob: ['sre'], carl: ['sre'] }));
  const { id } = await asked(room, decision);
  assert.equal((await yes(room, id, 'bob')).state, 'pending');
  assert.equal((await yes(room, id, 'carl')).state, 'pending');
  assert.equal((await yes(room, id, 'alice')).state, 'granted');
  await room.close();
});

test('another part never makes a demand laxer: what is met with it was met without it', async () => {
  const names = ['alice', 'bob', 'role:sre'];
  const demand = fc.record({ approvers: fc.subarray(names), approvals: fc.integer({ min: 1, max: 2 }) });
  const { met } = await import('../../src/approvals/demand.js');
  const all = people({ alice: [], bob: ['sre'], carl: ['sre'] });
  fc.assert(
    fc.property(
      fc.array(demand, { minLength: 1 }),
      demand,
      fc.subarray(['alice', 'bob', 'carl']),
      (demands, more, said) => {
        const approval = (these: typeof demands): Approval =>
          ({
            demands: these,
            yes: said.map(approver => ({ approver, by: approver, at: '', scope: {} })),
          }) as unknown as Approval;
        if (met(approval([...demands, more]), all)) assert.ok(met(approval(demands), all));
      },
    ),
  );
});

test("the operator's yes to what is asked for his own account is marked as that", async () => {
  const room = await openRoom();
  const entries: string[] = [];
  room.log.subscribe(entry => entries.push(entry));
  const { id } = await asked(room);
  await yes(room, id);
  await room.log.head();
  assert.ok(entries.some(entry => entry.includes('"approval.granted"') && entry.includes('"same_user":true')));
  await room.close();
});

test('who listens hears of each request and each answer', async () => {
  const room = await openRoom(people({ alice: [], bob: [] }));
  const heard: string[] = [];
  room.approvals.onChange(({ state, yes: said }) => heard.push(`${state} ${said.length}`));
  const { id } = await asked(room, { approvals: 2 });
  await yes(room, id, 'alice');
  await yes(room, id, 'bob');
  await ask(room, asking({}, { approvals: 2 }), client());
  assert.deepEqual(heard, ['pending 0', 'pending 1', 'granted 2', 'redeemed 2']);
  await room.close();
});
