import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTls, readAnswer, startAgent } from '../http/agent.js';
import { openWorld, type World } from '../world.js';
import { entries } from './ledger.js';
import { until } from './waiting.js';

const hook = new URL('./threads.js', import.meta.url).href;

/** A proxy in the foreground whose threads can be ended by a signal. */
async function serve(world: World): Promise<ChildProcess> {
  const child = world.start(['serve'], { env: { NODE_OPTIONS: `--import=${hook}` } });
  child.stderr!.resume();
  await until(async () => (await world.tf(['status'])).code === 0);
  return child;
}

interface Count {
  answers: Map<string, number>;
  over: boolean;
}

/** Asks again and again over connections of its own, each request with a path of its own, and counts the answers by status or code. */
async function load(agent: Awaited<ReturnType<typeof startAgent>>, name: string, count: Count): Promise<void> {
  for (let n = 0; !count.over; ) {
    const socket = await openTls(agent, { connect: 'upstream.test:443' });
    for (let open = true; open && !count.over; ) {
      const answer = readAnswer(socket);
      socket.write(`GET /${name}/${++n} HTTP/1.1\r\nHost: upstream.test\r\n\r\n`);
      const { status, body } = await answer;
      const what = status === 200 ? '200' : ((JSON.parse(body || '{}') as { code?: string }).code ?? `${status}`);
      count.answers.set(what, (count.answers.get(what) ?? 0) + 1);
      open = status === 200 || status === 503;
    }
    socket.destroy();
  }
}

test('the thread that writes the log is lost under load: what waited is refused, the log recovers, and nothing left unrecorded', {
  timeout: 120_000,
}, async () => {
  const world = await openWorld();
  try {
    const proxy = await serve(world);
    await world.ok(['gateway', 'create', 'agent']);
    await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', 'http.*', '--effect', 'allow']);
    const agent = await startAgent(world, 'agent');
    const count: Count = { answers: new Map(), over: false };
    const loads = ['a', 'b', 'c', 'd'].map(name => load(agent, name, count));
    for (let crash = 1; crash <= 3; crash++) {
      const before = count.answers.get('200') ?? 0;
      await until(() => (count.answers.get('200') ?? 0) > before + 20);
      const refused = count.answers.get('log_unavailable') ?? 0;
      proxy.kill('SIGUSR2');
      await until(() => (count.answers.get('log_unavailable') ?? 0) > refused);
    }
    const before = count.answers.get('200') ?? 0;
    await until(() => (count.answers.get('200') ?? 0) > before + 20);
    count.over = true;
    await Promise.all(loads);
    await agent.end();
    assert.deepEqual([...count.answers.keys()].sort(), ['200', 'log_unavailable']);
    proxy.kill('SIGTERM');
    await once(proxy, 'exit');

    await world.ok(['audit', 'verify']);
    const all = await entries(world);
    assert.equal(all.filter(({ type }) => type === 'log.recovered').length, 3);
    const allowed = new Map(
      all
        .filter(({ type, decision }) => type === 'action.decided' && decision?.effect === 'allow')
        .map(({ id, request }) => [request?.path, id]),
    );
    const completed = new Set(all.filter(({ type }) => type === 'action.completed').map(({ decided }) => decided));
    for (const { target } of world.received) {
      const evidence = allowed.get(target);
      assert.ok(evidence, `${target} was sent without a recorded allow`);
      assert.ok(completed.has(evidence), `${target} was sent, and how it ended was lost`);
    }
  } finally {
    await world.close();
  }
});

test("the threads of an operator's own policy are lost under load: what they had is denied, and others take their place", {
  timeout: 120_000,
}, async () => {
  const world = await openWorld();
  try {
    const proxy = await serve(world);
    await world.ok(['gateway', 'create', 'agent']);
    // Slow enough that a thread is at work whenever it is ended.
    const rego = join(world.dir, 'own.rego');
    writeFileSync(
      rego,
      `package tollfence

decision := {"effect": "allow", "rule": "own", "reason": "So be it."} if {
  input.action.name != "tollfence.canary"
  count([x | x := numbers.range(1, 30000)[_]; x % 7 == 0]) > 0
} else := {"effect": "deny", "rule": "canary", "reason": "Never."}
`,
    );
    await world.ok(['policy', 'activate', rego]);
    const agent = await startAgent(world, 'agent');
    const count: Count = { answers: new Map(), over: false };
    const loads = ['a', 'b', 'c'].map(name => load(agent, name, count));
    await until(() => (count.answers.get('200') ?? 0) > 5);
    await until(() => {
      proxy.kill('SIGWINCH');
      return (count.answers.get('denied') ?? 0) > 0;
    });
    const before = count.answers.get('200') ?? 0;
    await until(() => (count.answers.get('200') ?? 0) > before + 5);
    count.over = true;
    await Promise.all(loads);
    await agent.end();
    assert.deepEqual([...count.answers.keys()].sort(), ['200', 'denied']);
    const all = await entries(world);
    const denied = all.filter(
      ({ decision, request }) => decision?.effect === 'deny' && request?.host === 'upstream.test',
    );
    assert.ok(denied.length > 0);
    const allowed = new Set(
      all.filter(({ decision }) => decision?.effect === 'allow').map(({ request }) => request?.path),
    );
    assert.deepEqual(
      world.received.filter(({ target }) => !allowed.has(target)),
      [],
    );
    proxy.kill('SIGTERM');
    await once(proxy, 'exit');
    await world.ok(['audit', 'verify']);
  } finally {
    await world.close();
  }
});
