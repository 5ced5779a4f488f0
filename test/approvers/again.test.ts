/** Approvers who come again, and people who come twice: nobody inherits what another one of his name said or was sent. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { People } from '../../src/approvals/index.js';
import { type Approvers, type NewApprover, openApprovers, openLinks } from '../../src/approvers/index.js';
import { openKeys } from '../../src/identity/keys.js';
import { openState, type State } from '../../src/identity/state.js';
import { ask, asking, openRoom, people, signed } from '../approvals/room.js';
import { approval } from '../web/place.js';

const fields = (name: string, more: Partial<NewApprover> = {}): NewApprover => ({
  name,
  public_key: generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }) as string,
  users: [name],
  roles: [],
  email: null,
  slack: null,
  ...more,
});

const log = { record: () => Promise.resolve({ id: 'ev_1', seq: 1 }) };

async function open(context: { after(fn: () => void): void }) {
  const dir = mkdtempSync(join(tmpdir(), 'tf-again-'));
  const state: State = openState(join(dir, 'state.db'));
  context.after(() => {
    state.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const clock = { now: Date.parse('2026-01-01T00:00:00Z') };
  const now = (): number => clock.now;
  const approvers: Approvers = await openApprovers(state, openKeys(state, now), log, now);
  return { state, clock, now, approvers };
}

test('a link ends with the registration of its approver, also if one of that name comes again', async context => {
  const { state, clock, now, approvers } = await open(context);
  await approvers.add(fields('bob'), 'x');
  const answered: string[] = [];
  const links = openLinks({
    ...{ state, log, approvers, now },
    approvals: {
      find: () => approval(),
      answer(id) {
        answered.push(id);
        return Promise.resolve(approval());
      },
    },
    base: () => 'http://127.0.0.1:1',
  });
  const token = (await links.make('apr_1', 'bob')).slice(-43);
  assert.notEqual(links.look(token)!.approval, null);
  clock.now += 1_000;
  await approvers.remove('bob', 'x');
  await approvers.add(fields('bob'), 'x');
  assert.match(links.look(token)!.over, /is no more/);
  await assert.rejects(links.answer(token, 'granted', ''), /is no more/);
  assert.deepEqual(answered, []);
});

test('the yes of somebody who was removed is not that of the next one of his name', async () => {
  const registered = people({ alice: [], bob: [] });
  let added_at = '';
  const who: People = {
    ...registered,
    list: () => registered.list().map(person => (person.name === 'alice' ? { ...person, added_at } : person)),
    check: (given, asked, answer) => ({
      ...registered.check(given, asked, answer),
      added_at: given.approver === 'alice' ? added_at : '',
    }),
    permit(person, _, before) {
      assert.ok(!before.includes(person.name), 'taken for the one before him');
    },
  };
  const room = await openRoom(who);
  const trace = asking({}, { approvals: 2 });
  await assert.rejects(ask(room, trace), /waits for approval/);
  const { id } = room.approvals.list()[0]!;
  const yes = (name: string) =>
    room.approvals.answer(id, { verdict: 'granted', by: name, reason: '', signed: signed(name) });
  assert.equal((await yes('alice')).state, 'pending');
  added_at = new Date(Date.now() + 1).toISOString();
  assert.equal((await yes('bob')).state, 'pending');
  while (new Date().toISOString() < added_at) await new Promise(resolve => setImmediate(resolve));
  assert.equal((await yes('alice')).state, 'granted');
  await room.close();
});

test('somebody is known by the address of his mail, and by a name however it is spelled', async context => {
  const { approvers } = await open(context);
  await approvers.add(fields('alice', { email: 'alice@corp.example' }), 'x');
  const asked = (user: { sub: string; email?: string }) => ({ subject: { ...approval().subject, user } });
  for (const user of [
    { sub: '00u1', email: 'alice@corp.example' },
    { sub: 'Alice@Corp.Example' },
    { sub: '00u1', email: ' ALICE@corp.example\n' },
    { sub: '\uff41lice' },
  ])
    assert.throws(() => approvers.permit({ name: 'alice' }, asked(user)), /nobody approves a run of his own/);
  approvers.permit({ name: 'alice' }, asked({ sub: '00u1', email: 'malice@corp.example' }));
});

test('one mailbox and one member at Slack belong to one approver', async context => {
  const { approvers } = await open(context);
  await approvers.add(fields('alice', { email: 'alice@corp.example', slack: 'U1' }), 'x');
  for (const other of [{ email: 'Alice@corp.example' }, { slack: 'U1' }, { users: ['bob', 'alice@corp.example'] }])
    await assert.rejects(approvers.add(fields('bob', other), 'x'), /is the approver alice already/);
  await approvers.add(fields('bob', { email: 'bob@corp.example', slack: 'U2' }), 'x');
  await approvers.add(fields('carol'), 'x');
});
