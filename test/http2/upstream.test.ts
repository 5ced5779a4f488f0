/** HTTP/2 to upstreams: who speaks what, and what becomes of upstreams that break it. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { TLSSocket } from 'node:tls';
import { openAuthority } from '../../src/tls/authority.js';
import { entries } from '../faults/ledger.js';
import { openTls, readAnswer } from '../http/agent.js';
import {
  block,
  DATA,
  END_HEADERS,
  END_STREAM,
  type Frame,
  frame,
  frames,
  GOAWAY,
  HEADERS,
  RST_STREAM,
  SETTINGS,
} from './frames.js';
import { ask, echo, openSession, openStand, type Stand } from './stand.js';

const canary = 'sk-canary0123456789abcdefABCDEF';
let stand: Stand;
let raw: Server;
const connections: Socket[] = [];
/** Connections that `upstream.test` got requests on. */
const oldSockets = new Set<unknown>();
/** What the raw upstream sends when the head of stream 1 is there. */
let says: (stream: number) => Buffer = () => Buffer.alloc(0);
/** Frames that reached it. */
let heard: Frame[] = [];

before(async () => {
  let authority: ReturnType<typeof openAuthority>;
  raw = createServer(socket => {
    socket.on('error', () => {});
    const secure = new TLSSocket(socket, {
      isServer: true,
      secureContext: authority.contextFor('raw.test'),
      ALPNProtocols: ['h2'],
    });
    secure.on('error', () => {});
    connections.push(secure);
    secure.write(frame(SETTINGS, 0, 0));
    const next = frames(secure, 24);
    const answered = new Set<Frame>();
    void (async () => {
      for (;;) {
        const each = await next(one => !answered.has(one));
        if (each === null) return;
        answered.add(each);
        heard.push(each);
        if (each.type === SETTINGS && each.flags === 0) secure.write(frame(SETTINGS, 1, 0));
        if (each.type === HEADERS) secure.write(says(each.stream));
      }
    })();
  });
  await new Promise<void>(resolve => raw.listen(0, '127.0.0.1', resolve));
  const { port } = raw.address() as AddressInfo;
  stand = await openStand(
    (stream, headers, flags) => {
      if (headers[':path'] === '/wait')
        stream.once('data', () => stream.respond({ ':status': 200 }, { endStream: true }));
      else if (headers[':path'] === '/secret') {
        stream.respond({ ':status': 200, 'x-seen': String(headers.authorization) }, { waitForTrailers: true });
        stream.once('wantTrailers', () => stream.sendTrailers({ 'x-tail': `it is ${headers.authorization}` }));
        stream.end(`you sent ${headers.authorization}`);
      } else if (headers[':path'] === '/early') early(stream);
      else echo(stream, headers, flags);
    },
    {
      config: `    "raw.test:443": "127.0.0.1:${port}"\n`,
      intercept(request) {
        oldSockets.add(request.socket);
        return false;
      },
    },
  );
  authority = openAuthority({ dir: join(stand.world.dir, 'upstream-ca'), now: Date.now, random: randomBytes });
  await stand.world.ok(['secret', 'set', 'two-key', '--host', 'two.test', '--scheme', 'bearer'], { input: canary });
});
after(async () => {
  await stand?.close();
  for (const socket of connections) socket.destroy();
  raw.close();
});

function early(stream: ServerHttp2Stream): void {
  stream.respond({ ':status': 413 });
  stream.end('too large');
}

const plainly = async (host: string, path = '/'): Promise<{ status: number; body: string }> => {
  const socket = await openTls(stand.agent, { connect: `${host}:443` });
  const answer = readAnswer(socket);
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  const result = await answer;
  socket.destroy();
  return result;
};

test('a request over HTTP/1.1 goes on over HTTP/1.1, and one over HTTP/2 over HTTP/2, side by side', async () => {
  const streams = stand.streams.length;
  const plain = stand.plain.length;
  assert.equal((await plainly('two.test', '/one')).body, 'one');
  const session = await openSession(stand.agent);
  assert.equal((await ask(session, { ':path': '/two' })).headers[':status'], 200);
  assert.equal((await plainly('two.test', '/one')).status, 200);
  assert.deepEqual(stand.plain.slice(plain), ['/one', '/one']);
  assert.deepEqual(
    stand.streams.slice(streams).map(({ headers }) => headers[':path']),
    ['/two'],
  );
  session.close();
});

test('an upstream that only speaks HTTP/1.1 answers clients of HTTP/2, on one connection', async () => {
  const session = await openSession(stand.agent, { connect: 'upstream.test:443' });
  const seen = stand.world.received.length;
  oldSockets.clear();
  for (let i = 0; i < 5; i++) {
    const { headers, body } = await ask(session, { ':path': `/old/${i}`, ':method': 'POST' }, 'abc');
    assert.equal(headers[':status'], 200);
    assert.equal((JSON.parse(body) as { host: string }).host, 'upstream.test');
  }
  assert.equal(stand.world.received.length, seen + 5);
  assert.equal(stand.world.received.at(-1)!.body.toString(), 'abc');
  assert.equal(oldSockets.size, 1);
  // More than is read before the decision, with a length and without one.
  for (const more of [{ 'content-length': 3 << 20 }, {}]) {
    const long = await ask(session, { ':path': '/long', ':method': 'POST', ...more }, Buffer.alloc(3 << 20));
    assert.equal(long.headers[':status'], 200);
    assert.equal(stand.world.received.at(-1)!.body.length, 3 << 20);
  }
  session.close();
});

test('an upstream that only speaks HTTP/2 answers clients of HTTP/1.1', async () => {
  const { status, body } = await plainly('only.test', '/new');
  assert.equal(status, 200);
  assert.match(body, /"only\.test"/);
  assert.equal((await plainly('only.test', '/again')).status, 200);
});

test('streams of one gateway share one session to the upstream', async () => {
  const session = await openSession(stand.agent);
  await ask(session, { ':path': '/first' });
  const before = stand.sessions.size;
  await Promise.all(Array.from({ length: 40 }, (_, i) => ask(session, { ':path': `/shared/${i}` })));
  assert.equal(stand.sessions.size, before);
  session.close();
});

test('a secret that comes back over HTTP/2 is masked in head, body and trailers', async () => {
  const { world, agent } = stand;
  await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', 'http.get', '--effect', 'allow']);
  const session = await openSession(agent);
  const { headers, body, trailers } = await ask(session, { ':path': '/secret' });
  const sent = stand.streams.at(-1)!.headers.authorization;
  assert.equal(sent, `Bearer ${canary}`);
  const shown = JSON.stringify([headers, body, trailers]);
  assert.ok(!shown.includes(canary), shown);
  assert.match(String(trailers['x-tail']), /^it is .*\*\*\*/);
  session.close();
});

test('an answer that comes before the upload is over is passed on', async () => {
  const session = await openSession(stand.agent);
  const stream = session.request({ ':method': 'PUT', ':path': '/early' }, { endStream: false });
  stream.on('error', () => {}).resume();
  const answer = once(stream, 'response');
  const over = once(stream, 'end');
  for (let i = 0; i < 4; i++) stream.write(Buffer.alloc(1 << 20));
  assert.equal(((await answer)[0] as { ':status': number })[':status'], 413);
  await over;
  // Then it is told that the rest isn't wanted.
  if (!stream.aborted) await once(stream, 'aborted');
  session.close();
});

const ok = block(':status', '200');
const cases: Readonly<Record<string, readonly [says: (stream: number) => Buffer, code: string]>> = {
  'that resets the stream': [id => frame(RST_STREAM, 0, id, Buffer.from([0, 0, 0, 2])), 'upstream_reset'],
  'that refuses the stream': [id => frame(RST_STREAM, 0, id, Buffer.from([0, 0, 0, 7])), 'upstream_reset'],
  'that goes away': [() => frame(GOAWAY, 0, 0, Buffer.from([0, 0, 0, 0, 0, 0, 0, 2])), 'upstream_reset'],
  'that answers with a status of four digits': [
    id => frame(HEADERS, END_HEADERS | END_STREAM, id, block(':status', '2000')),
    'upstream_protocol',
  ],
  'whose trailers are 80 KiB': [
    id =>
      Buffer.concat([
        frame(HEADERS, END_HEADERS, id, ok),
        frame(HEADERS, END_STREAM, id, block('x', 'y'.repeat(16_000))),
        ...[1, 2, 3].map(n => frame(9, 0, id, block(`x-${n}`, 'y'.repeat(16_000)))),
        frame(9, END_HEADERS, id, block('z', 'y'.repeat(16_000))),
      ]),
    'reset',
  ],
  'that answers with a status that is none': [
    id => frame(HEADERS, END_HEADERS | END_STREAM, id, block(':status', '799')),
    'upstream_protocol',
  ],
  'that answers without a status': [
    id => frame(HEADERS, END_HEADERS | END_STREAM, id, block('x', 'y')),
    'upstream_protocol',
  ],
  'that answers with Connection': [
    id => frame(HEADERS, END_HEADERS | END_STREAM, id, Buffer.concat([ok, block('connection', 'close')])),
    'upstream_protocol',
  ],
  'that pushes': [
    id => frame(5, END_HEADERS, id, Buffer.concat([Buffer.from([0, 0, 0, 2]), block(':method', 'GET')])),
    'upstream_protocol',
  ],
  'that sends a head of 80 KiB': [
    id =>
      Buffer.concat([
        frame(HEADERS, 0, id, Buffer.concat([ok, block('x', 'y'.repeat(16_000))])),
        ...[1, 2, 3].map(n => frame(9, 0, id, block(`x-${n}`, 'y'.repeat(16_000)))),
        frame(9, END_HEADERS, id, block('z', 'y'.repeat(16_000))),
      ]),
    'upstream_protocol',
  ],
};
for (const [name, [bytes, code]] of Object.entries(cases)) {
  test(`an upstream ${name} is ${code === 'reset' ? 'never passed on' : code}`, async () => {
    says = bytes;
    const session = await openSession(stand.agent, { connect: 'raw.test:443' });
    const { headers, body, reset } = await ask(session, { ':path': '/x' });
    if (code === 'reset') assert.notEqual(reset, 0);
    else assert.equal(headers[':status'], 502, `${reset} ${body}`);
    session.close();
    if (code === 'reset') return;
    assert.equal((JSON.parse(body) as { code: string }).code, code, body);
    session.close();
  });
}

test('an answer that is cut without a word is no whole answer', async () => {
  const session = await openSession(stand.agent, { connect: 'raw.test:443' });
  for (const reason of [0, 8]) {
    says = id =>
      Buffer.concat([
        frame(HEADERS, END_HEADERS, id, ok),
        frame(DATA, 0, id, Buffer.from('half')),
        frame(RST_STREAM, 0, id, Buffer.from([0, 0, 0, reason])),
      ]);
    const { reset } = await ask(session, { ':path': '/half' });
    assert.notEqual(reset, 0);
  }
  const completed = (await entries(stand.world)).filter(({ type }) => type === 'action.completed');
  assert.deepEqual(
    completed.slice(-2).map(({ error }) => error),
    ['upstream_reset', 'upstream_reset'],
  );
  session.close();
});

test('an answer whose bytes are all there is whole, though the upstream resets it instead of ending it', async () => {
  const session = await openSession(stand.agent, { connect: 'raw.test:443' });
  says = id =>
    Buffer.concat([
      frame(HEADERS, END_HEADERS, id, Buffer.concat([ok, block('content-length', '4')])),
      frame(DATA, 0, id, Buffer.from('full')),
      frame(RST_STREAM, 0, id, Buffer.alloc(4)),
    ]);
  const { body, reset } = await ask(session, { ':path': '/full' });
  assert.deepEqual([body, reset], ['full', 0]);
  session.close();
});

test('an upload that the client gives up is reset at the upstream, and never ends there', async () => {
  says = () => Buffer.alloc(0);
  const session = await openSession(stand.agent, { connect: 'raw.test:443' });
  heard = [];
  const stream = session.request(
    { ':method': 'POST', ':path': '/a.B/C', 'content-type': 'application/grpc' },
    { endStream: false },
  );
  stream.on('error', () => {});
  stream.write('part');
  while (!heard.some(({ type }) => type === DATA)) await new Promise(resolve => setTimeout(resolve, 10));
  stream.destroy(new Error('enough'));
  while (!heard.some(({ type }) => type === RST_STREAM)) await new Promise(resolve => setTimeout(resolve, 10));
  assert.ok(!heard.some(({ type, flags }) => type === DATA && (flags & END_STREAM) !== 0));
  session.close();
});
