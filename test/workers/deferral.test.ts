import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allow, ask, at, deferred, ended } from '../deferrals/place.js';
import { entries } from '../faults/ledger.js';
import { until } from '../faults/waiting.js';
import { startAgent } from '../http/agent.js';
import { within } from './place.js';

const limit = { timeout: 60_000 };

test('with two workers what several connections defer at once is one deferral, and it is executed once', limit, () =>
  within({ config: 'defer: {window: 2s}' }, async ({ world }) => {
    await allow(world, 'other');
    const agent = await startAgent(world, 'other');
    const answers = await Promise.all(Array.from({ length: 6 }, () => ask(agent, '/two', 'a body')));
    const ids = answers.map(({ body }) => (JSON.parse(body) as { defer?: { id: string } }).defer?.id);
    assert.deepEqual(new Set(ids).size, 1, JSON.stringify(answers));
    const { outcome } = await ended(world, ids[0]!);
    assert.deepEqual(outcome, { status: 200, error: null });
    assert.deepEqual(
      at(world, '/two').map(({ body }) => body.toString()),
      ['a body'],
    );
    const all = await entries(world);
    assert.equal(all.filter(({ type }) => type === 'defer.executed').length, 1);
    const completed = all.filter(({ type }) => type === 'action.completed').map(({ decided }) => decided);
    assert.equal(new Set(completed).size, completed.length);
  }),
);

test('with two workers a gateway that is removed has no access at either, and its deferrals are cancelled', limit, () =>
  within({ config: 'defer: {window: 2s}\ngateways: {purge_after: 4s}' }, async ({ world }) => {
    await allow(world, 'other');
    const agent = await startAgent(world, 'other');
    const id = await deferred(agent, '/gone');
    await world.ok(['gateway', 'remove', 'other']);
    for (let n = 0; n < 4; n++) await assert.rejects(ask(agent, '/after'), /407/);
    assert.match((await ended(world, id)).cancelled!.reason, /was removed/);
    await until(async () => (await world.tf(['gateway', 'show', 'other'])).code === 4);
    assert.deepEqual(world.received, []);
    await agent.end();
  }),
);
