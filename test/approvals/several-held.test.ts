/** Several requests that are held on one connection: each has its own answer, and its own end. */
import assert from 'node:assert/strict';
import { connect as connectSession } from 'node:http2';
import { after, before, test } from 'node:test';
import { until } from '../faults/waiting.js';
import { type Agent, openTls, startAgent } from '../http/agent.js';
import { openWorld, type World } from '../world.js';
import { approvals, becomes, pending } from './pending.js';

let world: World;
let agent: Agent;
before(async () => {
  world = await openWorld({ config: 'approvals: {hold: 60s}' });
  await world.ok(['gateway', 'create', 'agent']);
  await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', 'http.*', '--effect', 'require_approval']);
  agent = await startAgent(world, 'agent');
});
after(async () => {
  await agent.end();
  await world.close();
});

const at = (path: string): number => world.received.filter(({ target }) => target === path).length;

test('of ten held streams of one session one is reset, one is refused, and the others go on when they are approved', async () => {
  const socket = await openTls(agent, { connect: 'upstream.test:443', alpn: ['h2'] });
  const session = connectSession('https://upstream.test', { createConnection: () => socket });
  const paths = Array.from({ length: 10 }, (_, i) => `/stream-${i}`);
  const streams = paths.map(path => {
    const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': 'text/plain' });
    // More than one window of flow control, all of it sent while nobody has answered.
    stream
      .on('error', () => {})
      .resume()
      .end('x'.repeat(100_000));
    return { stream, status: new Promise(resolve => stream.once('response', head => resolve(head[':status']))) };
  });
  const ids: string[] = [];
  for (const path of paths) ids.push((await pending(world, path)).id);
  streams[0]!.stream.close(8);
  await becomes(world, ids[0]!, 'cancelled');
  await world.ok(['approvals', 'deny', ids[1]!]);
  await Promise.all(ids.slice(2).map(id => world.ok(['approvals', 'approve', id])));
  assert.deepEqual(await Promise.all(streams.slice(1).map(({ status }) => status)), [
    403,
    ...Array.from({ length: 8 }, () => 200),
  ]);
  assert.deepEqual(paths.map(at), [0, 0, 1, 1, 1, 1, 1, 1, 1, 1]);
  assert.ok(world.received.every(({ body }) => body.length === 100_000));
  session.destroy();
});

test('requests that follow each other on one connection are held each for itself, and answered in their order', async () => {
  const socket = await openTls(agent, { connect: 'upstream.test:443' });
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: upstream.test\r\n\r\n`;
  socket.write(get('/first') + get('/second'));
  const [first, second] = [await pending(world, '/first'), await pending(world, '/second')];
  await world.ok(['approvals', 'deny', second.id, '--reason', 'the second one']);
  await world.ok(['approvals', 'approve', first.id]);
  await until(() => text.includes('the second one'));
  assert.deepEqual(
    [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status),
    ['200', '403'],
  );
  assert.deepEqual([at('/first'), at('/second')], [1, 0]);

  socket.write(get('/third') + get('/fourth'));
  const left = [await pending(world, '/third'), await pending(world, '/fourth')];
  socket.destroy();
  for (const { id } of left) await becomes(world, id, 'cancelled');
  assert.deepEqual([at('/third'), at('/fourth')], [0, 0]);
});

test('numbers that are none are refused before anything is approved', async () => {
  const socket = await openTls(agent, { connect: 'upstream.test:443' });
  socket.write('GET /count HTTP/1.1\r\nHost: upstream.test\r\n\r\n');
  const { id } = await pending(world, '/count');
  for (const scope of [
    '--count=-1',
    '--count=0',
    '--count=1e9',
    '--count=999999',
    '--for=-5m',
    '--for=0s',
    '--for=9999d',
  ])
    assert.equal((await world.tf(['approvals', 'approve', id, scope])).code, 2, scope);
  assert.equal((await approvals(world)).find(one => one.id === id)?.state, 'pending');
  socket.destroy();
  await becomes(world, id, 'cancelled');
});

test('a reason that would fill the log is refused, also from whoever may only deny', async () => {
  const socket = await openTls(agent, { connect: 'upstream.test:443' });
  socket.write('GET /reason HTTP/1.1\r\nHost: upstream.test\r\n\r\n');
  const { id } = await pending(world, '/reason');
  assert.equal((await world.tf(['approvals', 'deny', id, '--reason', 'x'.repeat(100_000)])).code, 2);
  assert.equal((await world.tf(['approvals', 'deny', id, '--reason', 'x'.repeat(1_000)])).code, 0);
  socket.destroy();
});
