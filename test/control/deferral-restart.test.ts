import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { at, deferred, ended, kill9, mark, openPlace, show } from '../deferrals/place.js';
import { entries } from '../faults/ledger.js';
import { until } from '../faults/waiting.js';
import { type Agent, startAgent } from '../http/agent.js';
import { filesBelow, type World } from '../world.js';

let world: World;
let agent: Agent;
let silent = 0;

before(async () => {
  world = await openPlace('3s', {
    intercept(request) {
      if (request.url !== '/silent') return false;
      silent += 1;
      return true;
    },
  });
  agent = await startAgent(world, 'agent');
});
after(async () => {
  await agent?.end();
  await world.close();
});

test('killed with -9 before it is due, the next proxy executes it once; its body is readable in no file', async () => {
  const id = await deferred(agent, '/crash');
  for (const { path, content } of filesBelow(world.home)) assert.ok(!content.includes(mark), path);
  await kill9(world);
  for (const { path, content } of filesBelow(world.home)) assert.ok(!content.includes(mark), path);
  const { outcome, executed, due_at } = await ended(world, id);
  assert.deepEqual(outcome, { status: 200, error: null });
  assert.ok(executed!.at >= due_at, 'not early');
  await kill9(world);
  await world.ok(['defer', 'list']);
  assert.deepEqual(
    at(world, '/crash').map(({ body }) => body.toString()),
    [`{"m":"${mark}"}`],
  );
});

test('after `tf stop` what is overdue is executed by the next proxy', async () => {
  const id = await deferred(agent, '/stopped');
  const { due_at } = await show(world, id);
  await world.ok(['stop']);
  await until(() => Date.now() > Date.parse(due_at));
  assert.equal(at(world, '/stopped').length, 0);
  assert.deepEqual((await ended(world, id)).outcome, { status: 200, error: null });
  assert.equal(at(world, '/stopped').length, 1);
});

test('killed with -9 before its answer is there, it is not sent again, and the log says that nobody knows', async () => {
  const id = await deferred(agent, '/silent');
  await until(() => silent === 1);
  assert.equal((await show(world, id)).state, 'executed');
  await kill9(world);
  const { state, outcome, executed } = await ended(world, id);
  assert.equal(state, 'executed');
  assert.deepEqual(outcome, { status: null, error: 'unknown' });
  assert.equal((await world.tf(['undo', id])).code, 1);
  await world.ok(['stop']);
  await world.ok(['defer', 'list']);
  const completed = (await entries(world)).filter(
    ({ type, decided }) => type === 'action.completed' && decided === executed!.decided,
  );
  assert.deepEqual(
    completed.map(({ status, reason }) => [status, /not known/.test(String(reason))]),
    [[null, true]],
  );
  assert.equal(silent, 1);
});
