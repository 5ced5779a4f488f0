/** A WebSocket whose client reads more slowly than anything on the way to it fills. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { openAuthority } from '../../src/tls/authority.js';
import { entries } from '../faults/ledger.js';
import { type Agent, openTls, startAgent } from '../http/agent.js';
import { openWorld, type World } from '../world.js';

const messages = 48;
const size = 64 << 10;
let world: World;
let agent: Agent;
let authority: ReturnType<typeof openAuthority>;
const https = createServer({ SNICallback: (name, done) => done(null, authority.contextFor(name)) });
const server = new WebSocketServer({ server: https });

before(async () => {
  // Everything at once, and the connection is closed behind it.
  server.on('connection', socket => {
    socket.on('error', () => {});
    for (let i = 0; i < messages; i++) socket.send(randomBytes(size));
    (socket as unknown as { _socket: Socket })._socket.end();
  });
  await new Promise<void>(resolve => https.listen(0, '127.0.0.1', resolve));
  const { port } = https.address() as AddressInfo;
  world = await openWorld({ config: `    "live.test:443": "127.0.0.1:${port}"\n` });
  authority = openAuthority({ dir: join(world.dir, 'upstream-ca'), now: Date.now, random: randomBytes });
  await world.ok(['gateway', 'create', 'agent']);
  await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', 'http.get', '--effect', 'allow']);
  agent = await startAgent(world, 'agent');
});
after(async () => {
  for (const client of server.clients) client.terminate();
  https.close();
  await agent?.end();
  await world?.close();
});

/** How much of it arrives at a client that waits so long, in milliseconds, before it takes more. */
async function readAt(pause: number): Promise<number> {
  const socket = await openTls(agent, { connect: 'live.test:443' });
  const client = new WebSocket('wss://live.test/', { createConnection: () => socket });
  let length = 0;
  client.on('message', (data: Buffer) => {
    length += data.length;
  });
  client.on('error', () => {});
  const closed = once(client, 'close');
  socket.on('data', () => {
    socket.pause();
    setTimeout(() => socket.resume(), pause);
  });
  await closed;
  return length;
}

test('what an upstream sent before it closed reaches a client that is slow to read, also where secrets are looked for', async () => {
  await world.ok(['secret', 'set', 'live-key', '--host', 'live.test', '--scheme', 'bearer'], {
    input: 'sk-canary0123456789abcdefABCDEF',
  });
  // What is lost is lost in a moment: many ends find it.
  const pauses = Array.from({ length: 40 }, (_, i) => i % 4);
  const read = await Promise.all(pauses.map(readAt));
  assert.deepEqual(
    read,
    pauses.map(() => messages * size),
  );
  const ended = (await entries(world)).filter(({ type, status }) => type === 'action.completed' && status === 101);
  assert.deepEqual(
    ended.map(({ error }) => error),
    pauses.map(() => null),
  );
});
