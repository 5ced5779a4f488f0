import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { at, deferred, ended, openPlace } from '../deferrals/place.js';
import { entries } from '../faults/ledger.js';
import { type Agent, startAgent } from '../http/agent.js';
import { openWorld, type World } from '../world.js';

let world: World;
let agent: Agent;

before(async () => {
  world = await openPlace('2s', { config: 'gateways: {purge_after: 1h}' });
  agent = await startAgent(world, 'agent');
});
after(async () => {
  await agent?.end();
  await world.close();
});

test('what was asked for under a grant is executed under it, and cancelled once it was revoked', async () => {
  const bearer = async (): Promise<{ id: string; bearer: Agent }> => {
    const issued = await world.ok([
      ...['grant', 'issue', '--gateway', 'agent', '--task', 'tidy up', '--action', 'http.*', '--json'],
    ]);
    const { token, jti } = JSON.parse(issued) as { token: string; jti: string };
    const authorization = `Basic ${Buffer.from(`agent:${token}`).toString('base64')}`;
    return { id: jti, bearer: { ...agent, token, authorization } };
  };
  const [kept, revoked] = [await bearer(), await bearer()];
  const [executed, gone] = [await deferred(kept.bearer, '/kept'), await deferred(revoked.bearer, '/revoked')];
  await world.ok(['grant', 'revoke', revoked.id]);
  assert.deepEqual((await ended(world, executed)).outcome, { status: 200, error: null });
  assert.match((await ended(world, gone)).cancelled!.reason, /revoked/);
  assert.equal(at(world, '/kept').length, 1);
  assert.equal(at(world, '/revoked').length, 0);
  const last = (await entries(world)).filter(({ type }) => type === 'action.decided').at(-1);
  assert.equal((last?.grant as { id: string } | null)?.id, kept.id);
});

test('what is due when its gateway was removed is cancelled', async () => {
  const id = await deferred(agent, '/removed');
  await world.ok(['gateway', 'remove', 'agent']);
  const { state, cancelled } = await ended(world, id);
  assert.equal(state, 'cancelled');
  assert.match(cancelled!.reason, /was removed/);
  await world.ok(['gateway', 'reinstate', 'agent']);
  assert.equal((await ended(world, id)).state, 'cancelled');
  assert.equal(at(world, '/removed').length, 0);
});

test('a locked vault keeps nothing for later', async () => {
  const locked = await openWorld({ config: 'vault: {key: passphrase}\ndefer: {window: 1h}' });
  try {
    const env = { TF_PASSPHRASE: 'correct horse battery' };
    await locked.ok(['gateway', 'create', 'agent'], { env });
    await locked.ok(['permissions', 'set', '--gateway', 'agent', '--action', '*', '--effect', 'defer']);
    await locked.ok(['stop']);
    const inside = await startAgent(locked, 'agent');
    await assert.rejects(deferred(inside, '/locked'), /503 .*vault_locked/);
    assert.deepEqual(JSON.parse(await locked.ok(['defer', 'list', '--json'])), []);
    await inside.end();
  } finally {
    await locked.close();
  }
});
