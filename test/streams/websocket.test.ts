/** WebSockets by the library that everybody uses (ws), and what becomes of a side that takes nothing. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect as tlsConnect } from 'node:tls';
import { WebSocket, WebSocketServer } from 'ws';
import { openAuthority } from '../../src/tls/authority.js';
import { entries } from '../faults/ledger.js';
import { type Agent, openTls, openTunnel, startAgent } from '../http/agent.js';
import { openWorld, type World } from '../world.js';

let world: World;
let agent: Agent;
let authority: ReturnType<typeof openAuthority>;
const https = createServer({ SNICallback: (name, done) => done(null, authority.contextFor(name)) });
const server = new WebSocketServer({ server: https, perMessageDeflate: { threshold: 0 }, maxPayload: 64 << 20 });
/** What the upstream does with a connection, by its path. */
const paths: Readonly<Record<string, (socket: WebSocket) => void>> = {
  '/echo': socket => socket.on('message', (data, binary) => socket.send(data, { binary })),
  '/full': socket => socket.send(randomBytes(4 << 20)),
  '/mute': socket => void socket.pause(),
};
const extensions: unknown[] = [];

before(async () => {
  server.on('connection', (socket, request) => {
    extensions.push(request.headers['sec-websocket-extensions'], socket.extensions);
    socket.on('error', () => {});
    paths[request.url ?? '']?.(socket);
  });
  await new Promise<void>(resolve => https.listen(0, '127.0.0.1', resolve));
  const { port } = https.address() as AddressInfo;
  const hosts = ['live.test', 'secret.test', 'pinned.test'].map(host => `    "${host}:443": "127.0.0.1:${port}"\n`);
  world = await openWorld({ config: `${hosts.join('')}passthrough: [pinned.test]\nlimits: {stall: 1s}\n` });
  authority = openAuthority({ dir: join(world.dir, 'upstream-ca'), now: Date.now, random: randomBytes });
  await world.ok(['gateway', 'create', 'agent']);
  for (const action of ['http.get', 'http.uninspected'])
    await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', action, '--effect', 'allow']);
  agent = await startAgent(world, 'agent');
});
after(async () => {
  for (const client of server.clients) client.terminate();
  https.closeAllConnections();
  https.close();
  await agent?.end();
  await world?.close();
});

/** Opens a WebSocket through the proxy. */
async function open(host: string, path: string): Promise<{ client: WebSocket; socket: Socket }> {
  const socket = await openTls(agent, { connect: `${host}:443` });
  const client = new WebSocket(`wss://${host}${path}`, { createConnection: () => socket, perMessageDeflate: true });
  client.on('error', () => {});
  await once(client, 'open');
  return { client, socket };
}

const last = async () => (await entries(world)).findLast(({ type }) => type === 'action.completed');

for (const secret of [false, true])
  test(`messages pass both ways, whole, in pieces and of every size${secret ? ', also where secrets are looked for' : ''}`, async () => {
    if (secret)
      await world.ok(['secret', 'set', 'live-key', '--host', 'secret.test', '--scheme', 'bearer'], {
        input: 'sk-canary0123456789abcdefABCDEF',
      });
    const { client } = await open(secret ? 'secret.test' : 'live.test', '/echo');
    // An extension would make frames that can't be searched; it isn't offered, and the client is content.
    assert.deepEqual([extensions.at(-2), extensions.at(-1), client.extensions], [undefined, '', '']);
    const messages = [
      ...Array.from({ length: 500 }, (_, i) => `message ${i}`),
      ...[0, 1, 125, 126, 65_535, 65_536, 1 << 20].map(size => randomBytes(size)),
      '\u00e4\u65e5\u{1f600}'.repeat(1_000),
    ];
    const back: (string | Buffer)[] = [];
    const all = new Promise<void>(resolve => {
      client.on('message', (data: Buffer, binary) => {
        back.push(binary ? data : data.toString());
        if (back.length === messages.length + 1) resolve();
      });
    });
    for (const message of messages) client.send(message);
    // One message in three fragments, with a ping in between.
    client.send('one ', { fin: false });
    client.ping('are you there');
    client.send('two ', { fin: false });
    client.send('three', { fin: true });
    const [pong] = await once(client, 'pong');
    await all;
    assert.equal(String(pong), 'are you there');
    assert.deepEqual(back, [...messages, 'one two three']);
    const [there] = [...server.clients];
    const pinged = once(client, 'ping');
    there?.ping('and you');
    assert.equal(String((await pinged)[0]), 'and you');
    const closed = once(client, 'close');
    there?.close(4_321, 'that is all');
    const [code, reason] = await closed;
    assert.deepEqual([code, String(reason)], [4_321, 'that is all']);
    const ended = await last();
    assert.deepEqual([ended?.status, ended?.error], [101, null]);
  });

test('the code with which a client closes arrives at the upstream', async () => {
  const { client } = await open('live.test', '/echo');
  const closed = once([...server.clients][0]!, 'close');
  client.close(1_000, 'bye');
  const [code, reason] = await closed;
  assert.deepEqual([code, String(reason)], [1_000, 'bye']);
});

test('a side of a WebSocket that takes nothing of what is there is let go, and one that is only silent is not', async () => {
  const silent = await open('live.test', '/echo');
  for (const act of [
    async () => {
      const { socket, client } = await open('live.test', '/full');
      // More than the buffers of the system hold.
      socket.pause();
      return { client, more: () => [...server.clients].at(-1)?.send(randomBytes(16 << 20)) };
    },
    async () => {
      const { client } = await open('live.test', '/mute');
      return { client, more: () => client.send(randomBytes(16 << 20)) };
    },
  ]) {
    const { client, more } = await act();
    const there = once([...server.clients].at(-1)!, 'close');
    more();
    const status = async () =>
      (JSON.parse(await world.ok(['status', '--json'])) as { requests_in_flight: number }).requests_in_flight;
    while ((await status()) > 1) await new Promise(resolve => setTimeout(resolve, 100));
    assert.equal((await last())?.error, 'upstream_reset');
    client.terminate();
    [...server.clients].at(-1)?.resume();
    await there;
  }
  const echoed = once(silent.client, 'message');
  silent.client.send('still here');
  assert.equal(String((await echoed)[0]), 'still here');
  silent.client.terminate();
});

test('so is a side of a tunnel that is not read', async () => {
  const raw = await openTunnel(agent, { connect: 'pinned.test:443' });
  assert.ok('write' in raw);
  const secure = tlsConnect({ socket: raw as Socket, servername: 'pinned.test', ca: authority.certificatePem });
  const client = new WebSocket('wss://pinned.test/full', { createConnection: () => secure });
  client.on('error', () => {});
  await once(client, 'open');
  secure.pause();
  const there = [...server.clients].at(-1)!;
  const gone = once(there, 'close');
  there.send(randomBytes(16 << 20));
  await gone;
  assert.equal((await last())?.error, 'upstream_reset');
  client.terminate();
});

test('a kill closes WebSockets that are in the middle of something', async () => {
  const { client } = await open('live.test', '/echo');
  client.on('message', data => client.send(data));
  for (let i = 0; i < 50; i++) client.send(`ball ${i}`);
  const closed = once(client, 'close');
  const there = once([...server.clients].at(-1)!, 'close');
  await world.ok(['kill', 'agent']);
  assert.deepEqual([(await closed)[0], (await there)[0]], [1_006, 1_006]);
  assert.equal((await last())?.error, 'killed');
});
