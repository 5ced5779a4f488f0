import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ask, at, curl, deferred, ended, mark, openPlace, secret, show, upstream } from '../deferrals/place.js';
import { entries } from '../faults/ledger.js';
import { until } from '../faults/waiting.js';
import { type Agent, send, startAgent } from '../http/agent.js';
import type { World } from '../world.js';

let world: World;
let agent: Agent;

before(async () => {
  world = await openPlace('3s');
  agent = await startAgent(world, 'agent');
});
after(async () => {
  await agent?.end();
  await world.close();
});

test('curl is told that it is deferred, until when, and how it is taken back; taken back, it is never sent', async () => {
  const ran = await curl(agent, ['-X', 'DELETE', 'https://upstream.test/curl']);
  assert.equal(ran.code, 0, ran.stderr);
  assert.match(ran.stdout, /HTTP\/[\d.]+ 202/);
  assert.match(ran.stdout, /^tf-decision: pending\r$/im);
  assert.match(ran.stdout, /^tf-evidence-id: ev_\w+\r$/im);
  assert.match(ran.stdout, /^content-type: application\/problem\+json/im);
  const problem = JSON.parse(ran.stdout.slice(ran.stdout.indexOf('{'))) as {
    code: string;
    retryable: boolean;
    defer: { id: string; due_at: string };
    next: string;
  };
  const { id, due_at } = problem.defer;
  assert.equal(problem.code, 'deferred');
  assert.equal(problem.retryable, false);
  assert.match(problem.next, new RegExp(`tf undo ${id}`));
  assert.match(await world.ok(['status']), new RegExp(id));

  assert.match(await world.ok(['undo', id, '--reason', 'wrong one']), /is cancelled/);
  assert.equal((await world.tf(['undo', id])).code, 1);
  assert.equal((await world.tf(['undo', 'dfr_none'])).code, 4);
  await until(() => Date.now() > Date.parse(due_at) + 1_000);
  assert.equal(at(world, '/curl').length, 0);
  const { state, cancelled } = await show(world, id);
  assert.equal(state, 'cancelled');
  assert.equal(cancelled?.reason, 'wrong one');
});

test('the agent that asked for it may take it back from inside its run', async () => {
  const id = await deferred(agent, '/inside');
  await world.ok(['undo', id], { env: { TF_RUN: agent.env.TF_RUN! } });
  assert.equal((await show(world, id)).state, 'cancelled');
});

test('at its time it is executed once, with its body, its fields and the secret, though its run has ended', async () => {
  const other = await startAgent(world, 'agent');
  const lines = ['X-Odd: a, b', 'Origin: https://page.example'];
  const [first, second] = await Promise.all([
    ask(other, '/once?b=%20&a', undefined, lines),
    ask(other, '/once?b=%20&a', undefined, lines),
  ]);
  assert.deepEqual([first.status, second.status], [202, 202]);
  const { defer } = JSON.parse(first.body) as { defer: { id: string; due_at: string } };
  assert.equal((JSON.parse(second.body) as { defer: { id: string } }).defer.id, defer.id);
  await other.end();
  assert.equal(at(world, '/once?b=%20&a').length, 0);

  const { executed, outcome } = await ended(world, defer.id);
  assert.deepEqual(outcome, { status: 200, error: null });
  assert.ok(executed!.at >= defer.due_at, 'not early');
  const [received, ...more] = at(world, '/once?b=%20&a');
  assert.deepEqual(more, []);
  assert.equal(received?.method, 'DELETE');
  assert.equal(received?.body.toString(), `{"m":"${mark}"}`);
  assert.equal(received?.headers['x-odd'], 'a, b');
  assert.equal(received?.headers.origin, 'https://page.example');
  assert.equal(received?.headers.authorization, `Bearer ${secret}`);
  assert.equal(received?.headers['proxy-authorization'], undefined);
  assert.equal((await world.tf(['undo', defer.id])).code, 1);

  const all = await entries(world);
  const own = all.filter(entry => entry.defer === defer.id);
  assert.deepEqual(
    own.map(({ type }) => type),
    ['defer.scheduled', 'defer.executed'],
  );
  const completed = all.filter(({ type, decided }) => type === 'action.completed' && decided === executed!.decided);
  assert.deepEqual(
    completed.map(({ status }) => status),
    [200],
  );
  await world.ok(['audit', 'verify']);
});

test('a request without a body, and one whose body is empty, are executed as they were', async () => {
  const asked = async (path: string, line: string, rest: string): Promise<string> => {
    const answer = await send(agent, `PUT ${path} HTTP/1.1\r\nHost: upstream.test\r\n${line}\r\n\r\n${rest}`, upstream);
    return (JSON.parse(answer.body) as { defer: { id: string } }).defer.id;
  };
  const none = await asked('/none', 'Content-Length: 0', '');
  const empty = await asked('/empty', 'Transfer-Encoding: chunked', '0\r\n\r\n');
  for (const id of [none, empty]) assert.deepEqual((await ended(world, id)).outcome, { status: 200, error: null });
  for (const path of ['/none', '/empty'])
    assert.deepEqual(
      at(world, path).map(({ body }) => body.length),
      [0],
    );
});
