import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openAuthority } from '../../src/tls/authority.js';
import { entries } from '../faults/ledger.js';
import { openWorld, type World } from '../world.js';
import { type Agent, openTls, readAnswer, startAgent } from './agent.js';

let world: World;
let server: Server;
let agent: Agent;
const seen: { headers: Record<string, unknown>; socket: Socket }[] = [];
const canary = 'sk-canary0123456789abcdefABCDEF';

/** A short text frame as a server sends it (RFC 6455 §5.2). */
const frame = (text: string): Buffer => Buffer.concat([Buffer.from([0x81, text.length]), Buffer.from(text)]);

/** A value of the same gateway that no request here carries, as an upstream may know it from another one. */
const elsewhere = 'sk-elsewhere+/0123456789abcdef';
const forms = [
  elsewhere,
  Buffer.from(elsewhere).toString('base64'),
  Buffer.from(elsewhere).toString('hex'),
  encodeURIComponent(elsewhere),
  JSON.stringify({ elsewhere }).replaceAll('/', '\\/'),
];

/** More lines of the upstream's head. */
const also = (target: string): string =>
  target === '/extended'
    ? 'Sec-WebSocket-Extensions: permessage-deflate\r\n'
    : `Alt-Svc: h3=":443"\r\nProxy-Authenticate: Basic\r\nTf-Decision: deny\r\nX-Key: ${elsewhere}\r\n`;

before(async () => {
  world = await openWorld();
  const authority = openAuthority({ dir: join(world.dir, 'ws-ca'), now: Date.now, random: randomBytes });
  const ca = join(world.dir, 'ws-ca.pem');
  writeFileSync(ca, authority.certificatePem);
  server = createServer({ SNICallback: (name, done) => done(null, authority.contextFor(name)) });
  server.on('upgrade', (request, socket: Socket) => {
    socket.on('error', () => {});
    seen.push({ headers: request.headers, socket });
    const accept = createHash('sha1')
      .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n${also(request.url ?? '')}\r\n`,
    );
    for (const form of forms) socket.write(frame(form));
    socket.write(frame(`you are ${request.headers.authorization}`));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await world.ok(['gateway', 'create', 'agent']);
  await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', 'http.get', '--effect', 'allow']);
  await world.ok(['secret', 'set', 'socket-key', '--host', 'socket.test', '--scheme', 'bearer'], { input: canary });
  await world.ok(['secret', 'set', 'elsewhere', '--host', 'elsewhere.test', '--scheme', 'bearer'], {
    input: elsewhere,
  });
  agent = await startAgent(world, 'agent', ['--connect-to', `socket.test:443:127.0.0.1:${port}`, '--upstream-ca', ca]);
});
after(async () => {
  await agent?.end();
  for (const { socket } of seen) socket.destroy();
  server.close();
  await world.close();
});

const head =
  'GET /live HTTP/1.1\r\nHost: socket.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n';

/** Opens a WebSocket and reads until this text is there. */
async function open(until: string): Promise<{ socket: Socket; text: string }> {
  const socket = await openTls(agent, { connect: 'socket.test:443' });
  let text = '';
  const there = new Promise<void>((resolve, reject) => {
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (text.includes(until)) resolve();
    });
    socket.once('close', () => reject(new Error(`closed after: ${text}`)));
  });
  socket.write(head);
  await there;
  return { socket, text };
}

test('a WebSocket is judged as a request, gets its credential, and the agent never sees it in a frame', async () => {
  const { socket, text } = await open('you are Bearer ***');
  assert.match(text, /^HTTP\/1\.1 101 /);
  assert.match(text, /tf-decision: allow/i);
  assert.match(text, /tf-evidence-id: ev_/i);
  assert.ok(!text.includes(canary));
  const { headers } = seen.at(-1)!;
  assert.equal(headers.authorization, `Bearer ${canary}`);
  assert.equal(headers['proxy-authorization'], undefined);
  assert.equal(headers['sec-websocket-extensions'], undefined);
  socket.destroy();
});

test('other values that the gateway may use are masked in frames too, and what is for proxies stays here', async () => {
  const { socket, text } = await open('you are Bearer ***');
  for (const form of forms) assert.ok(!text.includes(form.slice(2, -4)), form);
  assert.match(text, /x-key: \*+\r\n/i);
  assert.doesNotMatch(text, /alt-svc|proxy-authenticate|tf-decision: deny/i);
  socket.destroy();
});

test('a WebSocket with an extension is not opened, for its frames can’t be searched', async () => {
  const socket = await openTls(agent, { connect: 'socket.test:443' });
  const answer = readAnswer(socket);
  socket.write(head.replace('/live', '/extended'));
  const { status, body } = await answer;
  assert.deepEqual([status, (JSON.parse(body) as { rule: string }).rule], [403, 'unscannable']);
  const entry = (await entries(world)).findLast(({ type }) => type === 'action.completed');
  assert.deepEqual([entry?.scannable, entry?.status, entry?.error], [false, 101, 'denied']);
});

test('clients that reset their connections, early and late, do no harm to anybody', async () => {
  for (let i = 0; i < 8; i++) {
    const socket = await openTls(agent, { connect: 'socket.test:443' });
    socket.write(head);
    if (i % 2 === 0) await once(socket, 'data');
    socket.write(Buffer.alloc(1 << 20));
    socket.destroy();
  }
  const { socket } = await open('you are Bearer ***');
  socket.destroy();
});

test('the kill switch closes an open WebSocket on both sides', async () => {
  const { socket } = await open('you are Bearer ***');
  const here = once(socket, 'close');
  const there = once(seen.at(-1)!.socket, 'close');
  const killed = JSON.parse(await world.ok(['kill', 'agent', '--json'])) as { stopped: { exchanges: number } };
  assert.equal(killed.stopped.exchanges, 1);
  await Promise.all([here, there]);
  await world.ok(['resume', 'agent']);
  const all = await entries(world);
  assert.ok(all.some(({ type, error }) => type === 'action.completed' && error === 'killed'));
  assert.equal(all.filter(({ type }) => type === 'proxy.started').length, 1);
});

test('a WebSocket works for a client that uses no proxy, and its token stays here', async () => {
  const socket = connect(agent.port, '127.0.0.1');
  let text = '';
  const there = new Promise<void>((resolve, reject) => {
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (text.includes('you are Bearer ***')) resolve();
    });
    socket.once('close', () => reject(new Error(`closed after: ${text}`)));
  });
  const key = `Authorization: Bearer ${agent.token}\r\n`;
  socket.write(
    head.replace('/live', '/_/socket.test/live').replace('Host: socket.test\r\n', `Host: localhost\r\n${key}`),
  );
  await there;
  assert.match(text, /^HTTP\/1\.1 101 /);
  assert.equal(seen.at(-1)!.headers.authorization, `Bearer ${canary}`);
  assert.equal(seen.at(-1)!.headers.host, 'socket.test');
  assert.ok(!JSON.stringify(seen.at(-1)!.headers).includes(agent.token));
  socket.destroy();
});
