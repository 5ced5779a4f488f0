/** Upstreams that are odd, break off or hang: what each client is answered, and what is recorded. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { TLSSocket } from 'node:tls';
import { openAuthority } from '../../src/tls/authority.js';
import { type Agent, openTls, send, startAgent } from '../http/agent.js';
import { ask, openSession } from '../http2/stand.js';
import { openWorld, type World } from '../world.js';
import { entries } from './ledger.js';

let world: World;
let agent: Agent;
let authority: ReturnType<typeof openAuthority>;
/** What the upstream says to a request, and what it does then. */
let says = '';
let next: (socket: TLSSocket) => void = () => {};
/** It never begins its handshake. */
let mute = false;
const sockets = new Set<Socket>();

const server = createServer(socket => {
  sockets.add(socket);
  socket.on('error', () => {}).once('close', () => sockets.delete(socket));
  if (mute) return;
  const secure = new TLSSocket(socket, { isServer: true, secureContext: authority.contextFor('raw.test') });
  secure.on('error', () => {});
  let head = '';
  secure.on('data', (chunk: Buffer) => {
    head += chunk.toString('latin1');
    if (!head.includes('\r\n\r\n')) return;
    head = '';
    secure.write(Buffer.from(says, 'latin1'), () => next(secure));
  });
});

before(async () => {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  world = await openWorld({
    config: `    "raw.test:443": "127.0.0.1:${port}"\nlimits: {connect: 1s, response_head: 1s}\n`,
  });
  authority = openAuthority({ dir: join(world.dir, 'upstream-ca'), now: Date.now, random: randomBytes });
  await world.ok(['gateway', 'create', 'agent']);
  await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', 'http.get', '--effect', 'allow']);
  agent = await startAgent(world, 'agent');
});
after(async () => {
  await agent?.end();
  for (const socket of sockets) socket.destroy();
  server.close();
  await world?.close();
});

const cut = (): void => {
  for (const socket of sockets) socket.resetAndDestroy();
};

/** What a client of HTTP/1.1 is answered, and one of HTTP/2: status 0 or a reset when there was no answer. */
async function both(): Promise<{ status: number; code: string; body: string; reset?: number }[]> {
  const codeOf = (body: string): string => (/"code":"(\w+)"/.exec(body) ?? [])[1] ?? '';
  const one = await send(agent, 'GET /x HTTP/1.1\r\nHost: raw.test\r\n\r\n', { connect: 'raw.test:443' });
  const session = await openSession(agent, { connect: 'raw.test:443' });
  const two = await ask(session, { ':path': '/x' });
  session.destroy();
  return [
    { status: one.status, code: codeOf(one.body), body: one.body },
    { status: Number(two.headers[':status'] ?? 0), code: codeOf(two.body), body: two.body, reset: two.reset },
  ];
}

/** How the last requests ended, by the log. */
const endings = async (count: number): Promise<unknown[]> =>
  (await entries(world))
    .filter(({ type }) => type === 'action.completed')
    .slice(-count)
    .map(({ error }) => error);

for (const [what, head] of [
  ['a status above 599', 'HTTP/1.1 600 X\r\n'],
  ['a status of four digits', 'HTTP/1.1 1000 X\r\n'],
  ['a status under 100', 'HTTP/1.1 099 X\r\n'],
  ['a switch of protocols that nobody asked for', 'HTTP/1.1 101 X\r\n'],
  ['content where the status allows none (204)', 'HTTP/1.1 204 X\r\n'],
  ['content where the status allows none (205)', 'HTTP/1.1 205 X\r\n'],
  ['a control character in a field', 'HTTP/1.1 200 X\r\nx: a\x01b\r\n'],
  ['a lone CR in a field', 'HTTP/1.1 200 X\r\nx: a\rb\r\n'],
  ['NUL in a field', 'HTTP/1.1 200 X\r\nx: a\0b\r\n'],
  ['a folded field', 'HTTP/1.1 200 X\r\nx: a\r\n b\r\n'],
  ['a space in the name of a field', 'HTTP/1.1 200 X\r\nx y: a\r\n'],
  ['a pseudo-header field', 'HTTP/1.1 200 X\r\n:status: 200\r\n'],
  ['two lengths', 'HTTP/1.1 200 X\r\nContent-Length: 3\r\n'],
  ['something else than HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
] as const)
  test(`an answer with ${what} is 502 upstream_protocol to clients of both protocols`, async () => {
    says = `${head}Content-Length: 2\r\n\r\nok`;
    next = socket => void socket.end();
    for (const { status, code, body } of await both())
      assert.deepEqual([status, code], [502, 'upstream_protocol'], body);
    assert.deepEqual(await endings(2), ['upstream_protocol', 'upstream_protocol']);
  });

test('fields that one connection is about, and odd names, do not break an answer on its way to HTTP/2', async () => {
  says =
    'HTTP/1.1 200 X\r\nte: gzip\r\nkeep-alive: 4\r\nupgrade: h2c\r\nhttp2-settings: a\r\n__proto__: a\r\nx: \xff\r\nAge: 1\r\nAge: 2\r\nContent-Length: 2\r\n\r\nok';
  next = socket => void socket.end();
  for (const { status, body } of await both()) assert.deepEqual([status, body], [200, 'ok']);
});

test('an upstream that resets before its head, hangs before it, or never begins TLS is an answer in time', async () => {
  says = '';
  for (const [act, quiet, status, code] of [
    [cut, false, 502, 'upstream_reset'],
    [() => {}, false, 504, 'upstream_timeout'],
    [() => {}, true, 504, 'upstream_timeout'],
  ] as const) {
    next = act;
    mute = quiet;
    for (const socket of sockets) socket.destroy();
    for (const answer of await both()) assert.deepEqual([answer.status, answer.code], [status, code], answer.body);
    mute = false;
    assert.deepEqual(await endings(2), [code, code]);
  }
});

test('an answer that is reset in mid-body breaks off for the client too, and is recorded as broken', async () => {
  for (const framing of ['Content-Length: 100', 'Transfer-Encoding: chunked']) {
    says = `HTTP/1.1 200 OK\r\n${framing}\r\n\r\n5\r\nhello\r\n`;
    next = cut;
    const [one, two] = await both();
    assert.equal(one?.status, 200);
    assert.ok(!one?.body.endsWith('0\r\n\r\n') && (one?.body.length ?? 0) < 100);
    assert.notEqual(two?.reset, 0);
    assert.deepEqual(await endings(2), ['upstream_reset', 'upstream_reset']);
  }
});

test('an upstream that hangs in mid-body holds only its own request, which a kill ends', async () => {
  says = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello';
  next = () => {};
  for (const protocol of ['http/1.1', 'h2']) {
    const socket =
      protocol === 'h2'
        ? (await openSession(agent, { connect: 'raw.test:443' })).request({ ':path': '/x' }).on('error', () => {})
        : await openTls(agent, { connect: 'raw.test:443' });
    if (protocol !== 'h2') socket.write('GET /x HTTP/1.1\r\nHost: raw.test\r\n\r\n');
    const shut = once(socket, 'close');
    let text = '';
    await new Promise<void>(resolve => {
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString('latin1');
        if (text.endsWith('hello')) resolve();
      });
    });
    const other = await send(agent, 'GET /y HTTP/1.1\r\nHost: upstream.test\r\n\r\n', { connect: 'upstream.test:443' });
    assert.equal(other.status, 200);
    await world.ok(['kill', 'agent']);
    await shut;
    await world.ok(['resume', 'agent']);
    assert.deepEqual(await endings(1), ['killed']);
  }
});

test('after all of that it is the same proxy, nothing is in flight, and its log verifies', async () => {
  const status = JSON.parse(await world.ok(['status', '--json'])) as { healthy: boolean; requests_in_flight: number };
  assert.deepEqual([status.healthy, status.requests_in_flight], [true, 0]);
  assert.equal((await entries(world)).filter(({ type }) => type === 'proxy.started').length, 1);
  await world.ok(['audit', 'verify']);
});
