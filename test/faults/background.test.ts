import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTls, readAnswer, send, startAgent } from '../http/agent.js';
import { openWorld, type World, type WorldOptions } from '../world.js';
import { entries } from './ledger.js';
import { gone, until } from './waiting.js';

/** A world of its own for each test, closed whatever happens. */
async function within(options: WorldOptions, work: (world: World) => Promise<void>): Promise<void> {
  const world = await openWorld(options);
  try {
    await work(world);
  } finally {
    await world.close();
  }
}

interface Status {
  readonly proxy: { readonly pid: number; readonly listen: string };
  readonly runs: readonly { readonly id: string }[];
  readonly killed: readonly unknown[];
}
const status = async (world: World): Promise<Status> => JSON.parse(await world.ok(['status', '--json'])) as Status;

/** Kills a proxy as the system would, and waits until it is gone. */
async function kill9(world: World): Promise<number> {
  const { pid } = (await status(world)).proxy;
  process.kill(pid, 'SIGKILL');
  await until(() => gone(pid));
  return pid;
}

const get = 'GET /repos/acme/site/issues HTTP/1.1\r\nHost: api.github.com\r\n\r\n';
const allow = (world: World, gateway: string): Promise<string> =>
  world.ok(['permissions', 'set', '--gateway', gateway, '--action', 'github.*', '--effect', 'allow']);

/** Waits for a line of a process's stderr. */
async function says(child: ChildProcess, pattern: RegExp): Promise<string> {
  let text = '';
  child.stderr!.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const ended = once(child, 'exit').then(() => true);
  while (!pattern.test(text)) if (await Promise.race([ended, once(child.stderr!, 'data').then(() => false)])) break;
  assert.match(text, pattern);
  return text;
}

test('without a proxy, status says so and stop has nothing to do', { timeout: 30_000 }, () =>
  within({}, async world => {
    const { code, stderr } = await world.tf(['status']);
    assert.equal(code, 5);
    assert.match(stderr, /No proxy is running/);
    const asJson = await world.tf(['status', '--json']);
    assert.equal(asJson.code, 5);
    assert.equal((JSON.parse(asJson.stdout) as { proxy: { running: boolean } }).proxy.running, false);
    assert.match(await world.ok(['stop']), /No proxy is running/);
  }),
);

test('the first run starts the proxy, the second shares it, and stop ends it', { timeout: 60_000 }, () =>
  within({}, async world => {
    await world.ok(['run', '--', 'one', 'true']);
    const { pid } = (await status(world)).proxy;
    await world.ok(['run', '--', 'two', 'true']);
    assert.equal((await status(world)).proxy.pid, pid);
    await world.ok(['stop']);
    await until(() => gone(pid));
    assert.equal((await world.tf(['status'])).code, 5);
    // At once again: the port is the one of before, and nothing is in the way.
    await world.ok(['run', '--', 'one', 'true']);
    assert.notEqual((await status(world)).proxy.pid, pid);
  }),
);

test('ten runs that start in one instant get one proxy and all succeed', { timeout: 120_000 }, () =>
  within({}, async world => {
    const runs = await Promise.all(
      Array.from({ length: 10 }, (_, i) => world.tf(['run', '--', `agent-${i}`, 'sh', '-c', 'echo done; exit 7'])),
    );
    for (const { code, stdout, stderr } of runs) {
      assert.equal(code, 7, stderr);
      assert.equal(stdout, 'done\n');
      assert.equal(stderr, '');
    }
    const started = (await entries(world)).filter(({ type }) => type === 'proxy.started');
    assert.equal(started.length, 1);
  }),
);

test('runs that start while the proxy is ending get the next one', { timeout: 120_000 }, () =>
  within({}, async world => {
    await world.ok(['run', '--', 'agent', 'true']);
    // Each round the stop comes later in the life of the runs: before, while and after they are let in.
    for (const delay of [0, 0, 30, 60, 90, 120, 150, 180]) {
      const [, ...runs] = await Promise.all([
        new Promise(resolve => setTimeout(resolve, delay)).then(() => world.tf(['stop'])),
        world.tf(['run', '--', 'agent', 'true']),
        world.tf(['run', '--', 'agent', 'true']),
      ]);
      for (const { code, stderr } of runs) assert.equal(code, 0, stderr);
    }
  }),
);

test('an idle background proxy ends by itself', { timeout: 60_000 }, () =>
  within({ config: 'idle: 500ms' }, async world => {
    await world.ok(['run', '--', 'agent', 'true']);
    await until(async () => (await world.tf(['status'])).code === 5);
    assert.ok((await entries(world)).some(({ type }) => type === 'proxy.stopped'));
  }),
);

test('a run keeps an idle proxy alive', { timeout: 60_000 }, () =>
  within({ config: 'idle: 300ms' }, async world => {
    await world.ok(['run', '--', 'agent', 'sleep', '1.5']);
    assert.equal((await entries(world)).filter(({ type }) => type === 'proxy.stopped').length, 0);
  }),
);

test('after kill -9 of the proxy the stale socket is no hindrance for the next run', { timeout: 60_000 }, () =>
  within({}, async world => {
    await world.ok(['run', '--', 'agent', 'true']);
    await kill9(world);
    assert.ok(existsSync(join(world.home, 'control.sock')));
    assert.equal((await world.tf(['status'])).code, 5);
    await world.ok(['run', '--', 'agent', 'true']);
    await world.ok(['audit', 'verify']);
  }),
);

test('a run that is alive gets its proxy back after kill -9: same port, same token', { timeout: 60_000 }, () =>
  within({}, async world => {
    await world.ok(['gateway', 'create', 'agent']);
    await allow(world, 'agent');
    const agent = await startAgent(world, 'agent');
    assert.equal((await send(agent, get)).status, 200);
    for (let i = 0; i < 2; i++) {
      const pid = await kill9(world);
      await until(async () => {
        const { code, stdout } = await world.tf(['status', '--json']);
        return code === 0 && (JSON.parse(stdout) as Status).proxy.pid !== pid;
      });
      assert.equal((await status(world)).proxy.listen, `127.0.0.1:${agent.port}`);
      assert.equal((await send(agent, get)).status, 200);
    }
    await agent.end();
    await until(async () => (await status(world)).runs.length === 0);
  }),
);

test('a proxy that was stopped stays stopped; the runs come back to the next one', { timeout: 60_000 }, () =>
  within({}, async world => {
    await world.ok(['gateway', 'create', 'agent']);
    await allow(world, 'agent');
    const agent = await startAgent(world, 'agent');
    const told = says(agent.child, /The proxy was stopped/);
    await world.ok(['stop']);
    await told;
    assert.equal((await world.tf(['status'])).code, 5);
    const serve = world.start(['serve']);
    await says(serve, /forward proxy on/);
    await until(async () => (await status(world)).runs.length === 1);
    assert.equal((await send(agent, get)).status, 200);
    await agent.end();
  }),
);

test('kill -9 of tf run ends the run: its token is worth nothing from then on', { timeout: 60_000 }, () =>
  within({}, async world => {
    await world.ok(['gateway', 'create', 'agent']);
    await allow(world, 'agent');
    const agent = await startAgent(world, 'agent');
    const socket = await openTls(agent);
    const closed = new Promise(resolve => socket.once('close', resolve));
    agent.child.kill('SIGKILL');
    await closed;
    assert.equal((await status(world)).runs.length, 0);
    await assert.rejects(send(agent, get), /407/);
  }),
);

test('serve says where it listens; on SIGTERM it lets what is in flight end, and exits with 0', {
  timeout: 60_000,
}, async () => {
  let release = (): void => {};
  let arrived = (): void => {};
  const waits = new Promise<void>(resolve => {
    arrived = resolve;
  });
  await within(
    {
      answer: (_, response) => {
        release = () => response.end('late');
        arrived();
      },
    },
    async world => {
      const serve = world.start(['serve']);
      await says(serve, /forward proxy on 127\.0\.0\.1:\d+/);
      await world.ok(['gateway', 'create', 'agent']);
      await allow(world, 'agent');
      const agent = await startAgent(world, 'agent');
      const socket = await openTls(agent);
      const answer = readAnswer(socket);
      socket.write(get);
      await waits;
      const exited = once(serve, 'exit');
      serve.kill('SIGTERM');
      await says(serve, /stopping/);
      release();
      assert.equal((await answer).status, 200);
      assert.deepEqual(await exited, [0, null]);
      agent.child.kill('SIGKILL');
    },
  );
});

test('a second serve on the same TF_HOME says so and ends with 1', { timeout: 60_000 }, () =>
  within({}, async world => {
    const serve = world.start(['serve']);
    await says(serve, /forward proxy on/);
    const { code, stderr } = await world.tf(['serve']);
    assert.equal(code, 1);
    assert.match(stderr, /Another proxy uses this TF_HOME/);
    assert.equal((await world.tf(['status'])).code, 0);
  }),
);

test('a damaged state lets nothing through and says what to do', { timeout: 60_000 }, () =>
  within({}, async world => {
    await world.ok(['gateway', 'create', 'agent']);
    await world.ok(['stop']);
    const file = join(world.home, 'state.db');
    const bytes = readFileSync(file);
    writeFileSync(file, Buffer.concat([Buffer.alloc(200, 0x5a), bytes.subarray(200)]));
    const run = await world.tf(['run', '--', 'agent', 'true']);
    assert.equal(run.code, 125, run.stderr);
    assert.match(run.stderr, /state can't be read, so nothing is let through/);
    assert.match(run.stderr, /Restore .*state\.db from a backup/);
    const serve = await world.tf(['serve']);
    assert.equal(serve.code, 1, serve.stderr);
  }),
);

test("a row of the state that can't be read lets nothing through either", { timeout: 60_000 }, () =>
  within({}, async world => {
    await world.ok(['gateway', 'create', 'agent']);
    await world.ok(['stop']);
    const { default: Database } = await import('better-sqlite3');
    const db = new Database(join(world.home, 'state.db'));
    db.prepare("UPDATE shelf SET value = '{broken' WHERE kind = 'gateway'").run();
    db.close();
    const run = await world.tf(['run', '--', 'agent', 'true']);
    assert.equal(run.code, 125, run.stderr);
    assert.match(run.stderr, /state can't be read, so nothing is let through/);
  }),
);

test('a configuration with several faults lists them all with their paths', { timeout: 60_000 }, () =>
  within({}, async world => {
    writeFileSync(
      join(world.home, 'config.yaml'),
      'listen: here\nupsteam: {}\napprovals: {hold: 55, expire: 1y}\nupstream: {allow_private: ["10.0.0.0/99"]}\n',
    );
    const serve = await world.tf(['serve']);
    assert.equal(serve.code, 2, serve.stderr);
    for (const path of [
      /listen: /,
      /upsteam: there is no such key/,
      /approvals\.hold: /,
      /approvals\.expire: /,
      /upstream\.allow_private\.0: /,
    ])
      assert.match(serve.stderr, path);
    const run = await world.tf(['run', '--', 'agent', 'true']);
    assert.equal(run.code, 125, run.stderr);
    assert.match(run.stderr, /approvals\.expire/);
  }),
);

test("a listen address that can't be used is a fault that names it", { timeout: 60_000 }, () =>
  within({}, async world => {
    const bad = await world.tf(['serve', '--listen', 'somewhere']);
    assert.equal(bad.code, 2, bad.stderr);
    assert.match(bad.stderr, /"somewhere" is not HOST:PORT/);
    const serve = await world.tf(['serve', '--listen', `127.0.0.1:${world.upstreamPort}`]);
    assert.equal(serve.code, 1, serve.stderr);
    assert.match(serve.stderr, new RegExp(`can't listen on 127\\.0\\.0\\.1:${world.upstreamPort}`));
  }),
);
