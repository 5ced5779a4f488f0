/** Sessions of HTTP/2: those that come by TLS without a CONNECT, and those to an upstream that takes few streams at once. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createSecureServer, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect as tlsConnect } from 'node:tls';
import { openAuthority } from '../../src/tls/authority.js';
import { type Agent, startAgent } from '../http/agent.js';
import { openWorld, type World } from '../world.js';
import { ask, openSession } from './stand.js';

let world: World;
let agent: Agent;
let authority: ReturnType<typeof openAuthority>;
const sessions = new Set<ServerHttp2Session>();
let most = 0;

const server = createSecureServer({
  settings: { maxConcurrentStreams: 3 },
  SNICallback: (name, done) => done(null, authority.contextFor(name)),
});
server.on('session', session => {
  sessions.add(session);
  most = Math.max(most, sessions.size);
  session.on('error', () => {}).once('close', () => sessions.delete(session));
});
server.on('stream', stream => {
  stream.on('error', () => {});
  setTimeout(() => {
    if (stream.destroyed) return;
    stream.respond({ ':status': 200 });
    stream.end('ok');
  }, 20);
});

before(async () => {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  world = await openWorld({ config: `    "few.test:443": "127.0.0.1:${port}"\n` });
  authority = openAuthority({ dir: join(world.dir, 'upstream-ca'), now: Date.now, random: randomBytes });
  await world.ok(['gateway', 'create', 'agent']);
  await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', 'http.get', '--effect', 'allow']);
  agent = await startAgent(world, 'agent');
});
after(async () => {
  await agent?.end();
  for (const session of sessions) session.destroy();
  server.close();
  await world?.close();
});

test('TLS without a CONNECT may be HTTP/2: each stream brings its own credentials, and none goes without', async () => {
  const socket = tlsConnect({
    ...{ host: '127.0.0.1', port: agent.port, servername: 'few.test', ca: agent.ca, ALPNProtocols: ['h2'] },
  });
  await once(socket, 'secureConnect');
  assert.equal(socket.alpnProtocol, 'h2');
  const session = connect('https://few.test', { createConnection: () => socket });
  session.on('error', () => {});
  const known = { 'proxy-authorization': agent.authorization };
  assert.equal((await ask(session, { ':path': '/x', ...known })).headers[':status'], 200);
  assert.equal((await ask(session, { ':path': '/x' })).headers[':status'], 407);
  const other = { ':path': '/x', ':authority': 'upstream.test', ...known };
  assert.equal((await ask(session, other)).headers[':status'], 421);
  session.destroy();
});

test('an upstream that takes three streams at once gets more sessions, at most sixteen, and every request is answered', async () => {
  const clients = await Promise.all([1, 2].map(() => openSession(agent, { connect: 'few.test:443' })));
  const replies = await Promise.all(
    clients.flatMap(session => Array.from({ length: 40 }, () => ask(session, { ':path': '/x' }))),
  );
  assert.deepEqual(new Set(replies.map(({ headers, body }) => `${headers[':status']} ${body}`)), new Set(['200 ok']));
  assert.ok(most <= 16, String(most));
  assert.ok(most > 1, String(most));
  for (const session of clients) session.destroy();
});
