import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { at, deferred, ended, openPlace } from '../deferrals/place.js';
import { entries } from '../faults/ledger.js';
import { type Agent, startAgent } from '../http/agent.js';
import type { World } from '../world.js';

let world: World;
let agent: Agent;

before(async () => {
  world = await openPlace('2s');
  agent = await startAgent(world, 'agent');
});
after(async () => {
  await agent?.end();
  await world.close();
});

/** Defers it, does this, and waits: it must be cancelled for that reason, with its entry, and nothing sent. */
async function cancelled(path: string, reason: RegExp, meanwhile: () => Promise<unknown>): Promise<void> {
  const id = await deferred(agent, path);
  await meanwhile();
  const deferral = await ended(world, id);
  assert.equal(deferral.state, 'cancelled');
  assert.match(deferral.cancelled!.reason, reason);
  assert.equal(at(world, path).length, 0);
  const own = (await entries(world)).filter(entry => entry.defer === id).map(({ type }) => type);
  assert.deepEqual(own, ['defer.scheduled', 'defer.cancelled']);
}

const set = async (effect: string): Promise<string> => {
  const said = await world.ok([
    'permissions',
    'set',
    '--gateway',
    'agent',
    '--action',
    'http.delete',
    '--effect',
    effect,
    '--json',
  ]);
  return (JSON.parse(said) as { id: string }).id;
};

test('what the policy denies by the time it is due is cancelled, and not sent', async () => {
  let id = '';
  await cancelled('/denied', /./, async () => {
    id = await set('deny');
  });
  await world.ok(['permissions', 'remove', id]);
});

test('what the policy asks an approval for by the time it is due is cancelled, and nobody is asked', async () => {
  let id = '';
  await cancelled('/approval', /approval/, async () => {
    id = await set('require_approval');
  });
  assert.deepEqual(JSON.parse(await world.ok(['approvals', 'list', '--json'])), []);
  await world.ok(['permissions', 'remove', id]);
});

test('what a kill switch covers when it is due is cancelled, and stays so when the switch is lifted', async () => {
  await cancelled('/killed', /kill switch/, () => world.ok(['kill', 'agent']));
  await world.ok(['resume', 'agent']);
});

test('what the policy allows by the time it is due is executed, once', async () => {
  const permissions = JSON.parse(await world.ok(['permissions', 'list', '--json'])) as { id: string; effect: string }[];
  const id = await deferred(agent, '/allowed');
  for (const each of permissions) if (each.effect === 'defer') await world.ok(['permissions', 'remove', each.id]);
  assert.deepEqual((await ended(world, id)).outcome, { status: 200, error: null });
  assert.equal(at(world, '/allowed').length, 1);
  await set('defer');
});
