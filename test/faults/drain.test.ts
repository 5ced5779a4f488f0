import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect as connectH2 } from 'node:http2';
import { connect } from 'node:net';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { type Agent, openTls, openTunnel, readAnswer, send, startAgent } from '../http/agent.js';
import { openWorld, type World } from '../world.js';
import { entries } from './ledger.js';
import { until } from './waiting.js';

/** Answers to `/slow…` that wait until the test lets them go. */
class Slow {
  readonly waiting: ServerResponse[] = [];
  readonly answer = ({ target }: { target: string }, response: ServerResponse): void => {
    if (target.startsWith('/slow')) this.waiting.push(response);
    else response.end('quick');
  };
  release(): void {
    for (const response of this.waiting.splice(0)) response.end('slow');
  }
}

interface Served {
  readonly child: ChildProcess;
  readonly exited: Promise<unknown>;
  /** What it said on stderr so far. */
  said(): string;
}

function serve(world: World, args: readonly string[] = []): Served {
  const child = world.start(['serve', ...args]);
  let text = '';
  child.stderr!.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  return { child, exited: once(child, 'exit'), said: () => text };
}

const up = (world: World): Promise<void> => until(async () => (await world.tf(['status'])).code === 0);
const refused = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(true));
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
  });

async function within(work: (world: World, slow: Slow) => Promise<void>): Promise<void> {
  const slow = new Slow();
  const world = await openWorld({ answer: slow.answer });
  try {
    await work(world, slow);
  } finally {
    await world.close();
  }
}

async function started(world: World, args: readonly string[] = []): Promise<{ served: Served; agent: Agent }> {
  const served = serve(world, args);
  await up(world);
  await world.ok(['gateway', 'create', 'agent']);
  await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', 'http.*', '--effect', 'allow']);
  return { served, agent: await startAgent(world, 'agent') };
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: upstream.test\r\n\r\n`;
const there = { connect: 'upstream.test:443' };

test(
  'on SIGTERM nothing new is taken, a request in flight gets its answer with Connection: close, and the log is whole',
  {
    timeout: 60_000,
  },
  () =>
    within(async (world, slow) => {
      const { served, agent } = await started(world);
      const socket = await openTls(agent, there);
      const idle = await openTls(agent, there);
      const quick = readAnswer(idle);
      idle.write(get('/quick'));
      assert.equal((await quick).status, 200);
      const answer = readAnswer(socket);
      const closed = once(socket, 'close');
      const dropped = once(idle, 'close');
      socket.write(get('/slow'));
      await until(() => slow.waiting.length === 1);
      served.child.kill('SIGTERM');
      await until(() => refused(agent.port));
      await dropped;
      // What stops things still works.
      assert.equal(
        (JSON.parse(await world.ok(['status', '--json'])) as { proxy: { draining: boolean } }).proxy.draining,
        true,
      );
      slow.release();
      const { status, head, body } = await answer;
      assert.equal(status, 200);
      assert.match(head, /\r\nconnection: close/i);
      assert.match(body, /slow/);
      await closed;
      assert.equal(((await served.exited) as unknown[])[0], 0);
      await world.ok(['audit', 'verify']);
      assert.equal((await entries(world)).at(-1)?.type, 'proxy.stopped');
    }),
);

test('on SIGTERM a session of HTTP/2 gets GOAWAY, and its streams end', { timeout: 60_000 }, () =>
  within(async (world, slow) => {
    const { served, agent } = await started(world);
    const raw = await openTunnel(agent, there);
    assert.ok(!('status' in raw));
    const socket = connectTls({ socket: raw, servername: 'upstream.test', ca: agent.ca, ALPNProtocols: ['h2'] });
    await once(socket, 'secureConnect');
    const session = connectH2('https://upstream.test', { createConnection: () => socket });
    session.on('error', () => {});
    const stream = session.request({ ':path': '/slow' });
    const goaway = once(session, 'goaway');
    const response = once(stream, 'response');
    let body = '';
    stream.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    await until(() => slow.waiting.length === 1);
    served.child.kill('SIGTERM');
    await goaway;
    slow.release();
    assert.equal(((await response)[0] as Record<string, unknown>)[':status'], 200);
    await once(stream, 'end');
    assert.equal(body, 'slow');
    await served.exited;
  }),
);

test('a second SIGTERM, and the end of the time that --drain gives, end it at once', { timeout: 60_000 }, () =>
  within(async (world, slow) => {
    for (const [args, signals] of [
      [[], 2],
      [['--drain', '100ms'], 1],
    ] as const) {
      const served = serve(world, args);
      await up(world);
      if ((await world.tf(['gateway', 'create', 'agent'])).code === 0)
        await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', 'http.*', '--effect', 'allow']);
      const agent = await startAgent(world, 'agent');
      const socket = await openTls(agent, there);
      const closed = once(socket, 'close');
      socket.write(get('/slow'));
      await until(() => slow.waiting.length > 0);
      served.child.kill('SIGTERM');
      await until(() => refused(agent.port));
      if (signals === 2) served.child.kill('SIGTERM');
      await closed;
      await served.exited;
      slow.waiting.length = 0;
      await agent.end();
      await world.ok(['audit', 'verify']);
      const last = (await entries(world)).findLast(({ type }) => type === 'action.completed');
      assert.notEqual(last?.error, null);
    }
  }),
);

test(
  'a proxy that is started while the one before it drains takes over its port, holds who connects, and nobody is turned away',
  {
    timeout: 60_000,
  },
  () =>
    within(async (world, slow) => {
      const { served, agent } = await started(world, ['--listen', '127.0.0.1:0']);
      const socket = await openTls(agent, there);
      const answer = readAnswer(socket);
      socket.write(get('/slow'));
      await until(() => slow.waiting.length === 1);
      served.child.kill('SIGTERM');
      await until(() => refused(agent.port));
      const next = serve(world, ['--listen', `127.0.0.1:${agent.port}`]);
      await until(() => next.said().includes('waiting for the proxy before this one'));
      await until(async () => !(await refused(agent.port)));
      // Taken, and not answered before the other has ended and this one has read the state.
      const early = send(agent, get('/quick'), there);
      slow.release();
      assert.match((await answer).body, /slow/);
      const { status, body } = await early;
      assert.equal(status, 200, body);
      assert.equal(((await served.exited) as unknown[])[0], 0);
      assert.equal((await send(agent, get('/quick'), there)).status, 200);
      await agent.end();
      next.child.kill('SIGTERM');
      await next.exited;
      await world.ok(['audit', 'verify']);
      const all = await entries(world);
      assert.deepEqual(
        all.filter(({ type }) => type === 'log.recovered'),
        [],
      );
      const allowed = all.filter(({ type, decision }) => type === 'action.decided' && decision?.effect === 'allow');
      assert.equal(world.received.length, allowed.length);
    }),
);

test('a second proxy is refused while the first one is not ending', { timeout: 60_000 }, () =>
  within(async world => {
    const { served, agent } = await started(world);
    const second = await world.tf(['serve']);
    assert.equal(second.code, 1);
    assert.match(second.stderr, /Another proxy uses this TF_HOME/);
    await agent.end();
    served.child.kill('SIGTERM');
    await served.exited;
    const bad = await world.tf(['serve', '--drain', 'soon']);
    assert.equal(bad.code, 2);
    assert.match(bad.stderr, /"soon" is not a duration/);
  }),
);
