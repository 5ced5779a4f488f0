/** Context, through the proxy: loops, freezes, and counters that outlive it. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { confirmed } from '../../bin/proxy/confirm.js';
import { openTrace } from '../../src/gateway.js';
import { openPolicy, toData } from '../../src/policy/index.js';
import { entries } from '../faults/ledger.js';
import { gone, until } from '../faults/waiting.js';
import { type Agent, type RawAnswer, send, startAgent } from '../http/agent.js';
import { ask, permission } from '../policy/question.js';
import { openWorld, tfProgram, type World } from '../world.js';

const limit = { timeout: 60_000 };
let world: World;
before(async () => {
  world = await openWorld({ config: 'timezone: Europe/Berlin\napprovals: {hold: 50ms}' });
});
after(() => world.close());

const there = { connect: 'upstream.test:443' };
const request = (agent: Agent, method: string, body = '', path = '/'): Promise<RawAnswer> =>
  send(
    agent,
    `${method} ${path} HTTP/1.1\r\nHost: upstream.test\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    there,
  );
const problem = ({ body }: RawAnswer) => JSON.parse(body) as { readonly code: string; readonly detail: string };
/** What `tf explain` says, as far as it is looked at here. */
interface Explained {
  readonly decision: { readonly effect: string; readonly rule: string };
  readonly moment: { readonly frozen: readonly unknown[] };
  readonly over_limit: { readonly reason: string } | null;
}
const explained = async (...words: string[]): Promise<Explained> =>
  JSON.parse(await world.ok(['explain', 'POST', 'https://upstream.test/', '--json', ...words])) as Explained;

async function gateway(name: string, ...fields: string[]): Promise<void> {
  await world.ok(['gateway', 'create', name]);
  await world.ok(['permissions', 'set', '--gateway', name, '--action', 'http.*', '--effect', 'allow', ...fields]);
}

/** Ends the proxy as a crash does, and waits until another one has taken its place. */
async function crash(): Promise<void> {
  const pid = async () => (JSON.parse(await world.ok(['status', '--json'])) as { proxy: { pid: number } }).proxy.pid;
  const old = await pid();
  process.kill(old, 'SIGKILL');
  await until(() => gone(old));
  await until(async () => (await world.tf(['gateway', 'list'])).code === 0 && (await pid()) !== old);
}

test(
  'an agent in a loop has to ask before it changes the same once more, and is denied what it only reads again',
  limit,
  async () => {
    await gateway('loop', '--repeats', '3/hour');
    const agent = await startAgent(world, 'loop');
    const statuses = async (...asked: [method: string, body?: string, path?: string][]): Promise<number[]> => {
      const all: number[] = [];
      for (const each of asked) all.push((await request(agent, ...each)).status);
      return all;
    };
    assert.deepEqual(await statuses(['POST', 'a'], ['POST', 'a'], ['POST', 'b'], ['POST', 'a']), [200, 200, 200, 200]);
    const fourth = await request(agent, 'POST', 'a');
    assert.deepEqual([fourth.status, problem(fourth).code], [503, 'approval_pending']);
    assert.deepEqual(await statuses(['POST', 'b'], ['POST', 'a', '/other']), [200, 200]);
    assert.deepEqual(await statuses(['GET'], ['GET'], ['GET'], ['GET']), [200, 200, 200, 403]);
    assert.match(problem(await request(agent, 'GET')).detail, /^Not again: it may be a loop/);
    const decided = (await entries(world)).filter(({ decision }) => decision?.effect === 'require_approval');
    assert.equal(decided.length, 1);
    assert.deepEqual(decided[0]!.flags, ['loop_suspected']);
    await agent.end();
  },
);

test(
  'a freeze stops what changes something at once and outlives a crash; only the operator ends it',
  limit,
  async () => {
    await gateway('cold');
    const agent = await startAgent(world, 'cold');
    assert.equal((await request(agent, 'POST')).status, 200);
    const tf = [process.execPath, tfProgram];
    const inside = (...words: string[]) => world.tf(['run', '--name', 'cold', '--', ...tf, 'freeze', ...words]);
    const date = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
    const added = await inside('add', `${date(-1)}/${date(2)}`, '--gateway', 'cold', '--reason', 'Holidays', '--json');
    const { id, state } = JSON.parse(added.stdout) as { id: string; state: string };
    assert.equal(state, 'in force');
    const refused = await request(agent, 'POST');
    assert.equal(refused.status, 403);
    assert.match(
      problem(refused).detail,
      new RegExp(`^Nothing is changed until .* Europe/Berlin \\(${id}\\): Holidays\\.$`),
    );
    assert.equal((await request(agent, 'GET')).status, 200);
    const { decision, moment } = await explained('--gateway', 'cold');
    assert.deepEqual([decision.rule, moment.frozen.length], [id, 1]);
    const past = await explained('--gateway', 'cold', '--at', '2026-01-01T12:00');
    assert.equal(past.decision.effect, 'allow');
    await crash();
    await until(async () => (await request(agent, 'GET').catch(() => ({ status: 0 }))).status === 200);
    assert.equal((await request(agent, 'POST')).status, 403);
    const attempt = await inside('remove', id);
    assert.notEqual(attempt.code, 0);
    assert.equal((await request(agent, 'POST')).status, 403);
    await world.ok(['freeze', 'remove', id]);
    assert.equal((await request(agent, 'POST')).status, 200);
    const types = (await entries(world)).map(({ type }) => type).filter(type => type.startsWith('freeze.'));
    assert.deepEqual(types, ['freeze.added', 'freeze.removed']);
    await agent.end();
  },
);

test(
  'requests are counted one by one however many come at once, and the count goes on after a crash',
  limit,
  async () => {
    await gateway('counted');
    const agent = await startAgent(world, 'counted');
    const own = join(world.dir, 'own.rego');
    writeFileSync(
      own,
      'package tollfence\n\ndecision := {"effect": "deny", "reason": sprintf("It is number %d.", [object.get(input.context.counters, "hour", 0)])}\n',
    );
    await world.ok(['policy', 'activate', own]);
    const number = async (): Promise<number> =>
      Number(/number (\d+)/.exec(problem(await request(agent, 'GET')).detail)?.[1]);
    const hour = new Date().getUTCHours();
    const first = await number();
    const numbers = await Promise.all(Array.from({ length: 40 }, number));
    // In another hour they begin anew.
    if (new Date().getUTCHours() === hour)
      assert.deepEqual(
        numbers.sort((a, b) => a - b),
        Array.from({ length: 40 }, (_, i) => first + 1 + i),
      );
    await crash();
    let next = Number.NaN;
    await until(async () => {
      next = await number().catch(() => Number.NaN);
      return !Number.isNaN(next);
    });
    if (new Date().getUTCHours() === hour) assert.equal(next, first + 41);
    await world.ok(['policy', 'activate', '--default']);
    await agent.end();
  },
);

test('explain says what a rate would refuse now', limit, async () => {
  await gateway('rated', '--rate', '1/day');
  const free = await explained('--gateway', 'rated');
  assert.equal(free.over_limit, null);
  const agent = await startAgent(world, 'rated');
  assert.equal((await request(agent, 'POST')).status, 200);
  const { decision, over_limit } = await explained('--gateway', 'rated');
  assert.equal(decision.effect, 'allow');
  assert.match(over_limit?.reason ?? '', /allows 1\/day, and this day \(UTC\) has had them/);
  assert.match(
    await world.ok(['explain', 'POST', 'https://upstream.test/', '--gateway', 'rated']),
    /refused +rate_limited/,
  );
  await agent.end();
});

test('what waited for its approval until its hours were over is not sent', async () => {
  const hours = permission({ effect: 'require_approval', hours: 'mon-fri 09:00-17:00 Europe/Berlin' });
  const policy = await openPolicy({ data: toData([hours], []) });
  const question = ask();
  const decision = await policy.decide({
    ...question,
    context: { ...question.context, time: '2026-11-20T15:59:59.000Z' },
  });
  assert.equal(decision.effect, 'require_approval');
  const house = { policy, grants: { live: () => true } };
  const answer = (time: string): Promise<void> =>
    confirmed(house, { ...openTrace(null), question, decision }, () => Date.parse(time));
  await answer('2026-11-20T15:59:59.999Z');
  await assert.rejects(answer('2026-11-20T16:00:00.000Z'), /only mon-fri 09:00-17:00 Europe\/Berlin/);
});
