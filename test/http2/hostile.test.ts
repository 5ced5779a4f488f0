/** HTTP/2 from somebody who wants through, byte by byte: refused within limits, recorded, and nobody else notices. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { openTls, readAnswer } from '../http/agent.js';
import {
  block,
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  type Frame,
  frame,
  frames,
  GOAWAY,
  HEADERS,
  head,
  PING,
  preface,
  RST_STREAM,
  SETTINGS,
} from './frames.js';
import { ask, openSession, openStand, type Stand } from './stand.js';

let stand: Stand;
before(async () => {
  stand = await openStand();
});
after(() => stand?.close());

const open = (): Promise<Socket> => openTls(stand.agent, { connect: 'two.test:443', alpn: ['h2'] });
const request = (fields: Buffer, id = 1, flags = END_STREAM): Buffer => frame(HEADERS, flags | END_HEADERS, id, fields);
const code = (count: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(count);
  return bytes;
};

/** `400`, `reset`, `goaway` or `closed`: what came of stream 1. */
async function outcome(bytes: readonly Buffer[]): Promise<string> {
  const socket = await open();
  const next = frames(socket);
  socket.write(Buffer.concat([preface, ...bytes]));
  const last = await next(
    ({ type, stream }) => type === GOAWAY || (stream === 1 && (type === HEADERS || type === RST_STREAM)),
  );
  socket.destroy();
  if (last === null) return 'closed';
  // `:status: 400` is entry 12 of the static table, and `:status: 200` is entry 8 (RFC 7541, appendix A).
  if (last.type === HEADERS) return last.payload[0] === 0x8c ? '400' : `answered ${last.payload[0]?.toString(16)}`;
  return last.type === RST_STREAM ? 'reset' : 'goaway';
}

const base = [':method', 'GET', ':scheme', 'https', ':authority', 'two.test', ':path', '/h'] as const;
const get = (...more: string[]): Buffer[] => [request(block(...base, ...more))];
const instead = (name: string, value: string | null): Buffer[] => {
  const fields = base.flatMap((text, i) => {
    if (base[i - (i % 2)] !== name) return [text];
    return value === null ? [] : [i % 2 === 0 ? text : value];
  });
  return [request(block(...fields))];
};

const cases: Readonly<Record<string, Buffer[]>> = {
  'a method twice': get(':method', 'POST'),
  'a path twice': get(':path', '/other'),
  'an authority twice': get(':authority', 'two.test'),
  'an unknown pseudo-header': get(':secret', 'x'),
  'a status in a request': get(':status', '200'),
  'a pseudo-header behind a field': [request(block(...base.slice(0, 6), 'x', 'y', ':path', '/h'))],
  'no path': instead(':path', null),
  'no method': instead(':method', null),
  'no scheme': instead(':scheme', null),
  'no authority': instead(':authority', null),
  'the scheme http': instead(':scheme', 'http'),
  'an empty path': instead(':path', ''),
  'a path in full': instead(':path', 'https://other.test/'),
  'a path with a space': instead(':path', '/a b'),
  'a path with a line break': instead(':path', '/a\r\nx: y'),
  'dot segments': instead(':path', '/a/../b'),
  'a method in lower case': instead(':method', 'get'),
  TRACE: instead(':method', 'TRACE'),
  CONNECT: [request(block(':method', 'CONNECT', ':authority', 'other.test:443'))],
  'extended CONNECT': [request(block(':method', 'CONNECT', ':protocol', 'websocket', ...base.slice(2)))],
  'an authority with user information': instead(':authority', 'user@two.test'),
  'a Host that differs': get('host', 'other.test'),
  'two Hosts': get('host', 'two.test', 'host', 'two.test'),
  Connection: get('connection', 'close'),
  'Transfer-Encoding': get('transfer-encoding', 'chunked'),
  Upgrade: get('upgrade', 'websocket'),
  'Keep-Alive': get('keep-alive', '5'),
  'Proxy-Connection': get('proxy-connection', 'close'),
  'TE other than trailers': get('te', 'gzip'),
  'a name in upper case': get('X-Upper', 'y'),
  'a length of a body that never comes': get('content-length', '5'),
  'two lengths': [
    request(block(...base.slice(2), ':method', 'POST', 'content-length', '2', 'content-length', '2'), 1, 0),
    frame(DATA, END_STREAM, 1, Buffer.from('ab')),
  ],
  'less data than its length': [
    request(head('POST', '/h', 'content-length', '5'), 1, 0),
    frame(DATA, END_STREAM, 1, Buffer.from('abc')),
  ],
  'more data than its length': [
    request(head('POST', '/h', 'content-length', '2'), 1, 0),
    frame(DATA, END_STREAM, 1, Buffer.from('abc')),
  ],
  '120 fields': get(...Array.from({ length: 120 }, (_, i) => [`x-${i}`, 'y']).flat()),
  'a head of 20 KiB': [
    frame(HEADERS, END_STREAM, 1, head('GET', '/h', 'x', 'y'.repeat(16_000))),
    frame(CONTINUATION, END_HEADERS, 1, block('z', 'y'.repeat(4_000))),
  ],
  'a target of 9 KiB': instead(':path', `/${'a'.repeat(9_000)}`),
  'an even stream id': [request(head('GET', '/h'), 2)],
  'data on a stream that was never opened': [frame(DATA, END_STREAM, 1, Buffer.from('x'))],
  'a frame larger than was agreed': [frame(HEADERS, END_STREAM | END_HEADERS, 1, Buffer.alloc(20_000))],
  'a table index that is not there': [request(Buffer.from([0xff, 0xff, 0x7f]))],
  'a stream that depends on itself': [
    frame(HEADERS, END_STREAM | END_HEADERS | 0x20, 1, Buffer.concat([code(1), Buffer.from([16]), head('GET', '/h')])),
  ],
};

for (const [name, bytes] of Object.entries(cases)) {
  test(`${name}, over HTTP/2: refused, and nothing reaches the upstream`, async () => {
    const seen = stand.streams.length + stand.plain.length + stand.world.received.length;
    const came = await outcome(bytes);
    assert.match(came, /^(400|reset|goaway|closed)$/);
    // Somebody else, after it, is answered; and only they have reached the upstream.
    const session = await openSession(stand.agent);
    const { headers } = await ask(session, { ':path': '/after' });
    assert.equal(headers[':status'], 200);
    session.close();
    const ends = stand.streams.length + stand.plain.length + stand.world.received.length;
    assert.equal(ends, seen + 1, came);
  });
}

test('a body that is reset before its end is not sent, whatever the code says', async () => {
  const seen = stand.streams.length;
  for (const reason of [0, 1, 2, 5, 8]) {
    const socket = await open();
    const next = frames(socket);
    socket.write(
      Buffer.concat([preface, request(head('POST', '/reset'), 1, 0), frame(DATA, 0, 1, Buffer.from('half'))]),
    );
    // Its settings are acknowledged, and so all before them was read.
    await next(({ type, flags }) => type === SETTINGS && flags === 1);
    socket.write(Buffer.concat([frame(RST_STREAM, 0, 1, code(reason)), request(head('GET', '/next'), 3)]));
    const answer = await next(({ type, stream }) => type === HEADERS && stream === 3);
    assert.equal(answer?.payload[0], 0x88);
    socket.destroy();
  }
  assert.deepEqual(
    stand.streams.slice(seen).map(({ headers }) => headers[':path']),
    Array(5).fill('/next'),
  );
});

test('a long upload that is reset is reset at the upstream: it never sees a whole request', async () => {
  for (const reason of [0, 8]) {
    const socket = await open();
    const next = frames(socket);
    const seen = stand.streams.length;
    socket.write(Buffer.concat([preface, frame(8, 0, 0, code(1 << 20)), request(head('PUT', '/long'), 1, 0)]));
    const piece = frame(DATA, 0, 1, Buffer.alloc(16_384));
    let credit = 65_535;
    let taken = 0;
    const more = (frame: Frame): boolean => frame.type === 8 && frame.stream === 1;
    const counted = new Set<Frame>();
    // More than is read before the decision, as fast as the proxy gives room for it.
    for (let sent = 0; sent < 3 << 20; ) {
      if (credit - sent >= 16_384) {
        socket.write(piece);
        sent += 16_384;
        continue;
      }
      const update = await next(each => more(each) && !counted.has(each));
      assert.ok(update);
      counted.add(update);
      credit += update.payload.readUInt32BE(0);
      taken += 1;
    }
    assert.ok(taken > 0);
    while (stand.streams.length === seen) await new Promise(resolve => setTimeout(resolve, 10));
    const { stream } = stand.streams.at(-1)!;
    let ended = false;
    stream.once('end', () => {
      ended = !stream.aborted;
    });
    stream.resume();
    const closed = new Promise(resolve => stream.once('close', resolve));
    socket.write(frame(RST_STREAM, 0, 1, code(reason)));
    await closed;
    assert.equal(ended, false);
    assert.equal(stream.aborted, true);
    socket.destroy();
  }
});

/** Sends this so often, unless the connection ends before; resolves with the code that the proxy gives as its reason. */
async function flood(bytes: (round: number) => Buffer, rounds: number): Promise<number | undefined> {
  const socket = await open();
  const next = frames(socket);
  socket.write(preface);
  for (let round = 0; round < rounds && !socket.destroyed; round++) {
    socket.write(bytes(round));
    await new Promise(resolve => setImmediate(resolve));
  }
  const last = await next(({ type }) => type === GOAWAY);
  socket.destroy();
  return last?.payload.readUInt32BE(4);
}

const others = async (): Promise<void> => {
  const session = await openSession(stand.agent);
  assert.equal((await ask(session, { ':path': '/others' })).headers[':status'], 200);
  session.close();
};

test('streams that are opened and reset at once end their session, and nobody else notices', async () => {
  const seen = stand.streams.length;
  // 400 of them: fewer than nghttp2 itself puts up with.
  const reason = await flood(round => {
    const ids = Array.from({ length: 10 }, (_, i) => 1 + round * 20 + 2 * i);
    const each = (id: number): Buffer[] => [request(head('POST', '/rapid'), id, 0), frame(RST_STREAM, 0, id, code(8))];
    return Buffer.concat(ids.flatMap(each));
  }, 40);
  assert.equal(reason, 11);
  assert.equal(stand.streams.length, seen);
  await others();
});

test('a head that goes on for ever ends its session', async () => {
  const piece = (round: number): Buffer => block(`x-${round}`, 'y'.repeat(200));
  const reason = await flood(
    round => (round === 0 ? frame(HEADERS, 0, 1, block(...base)) : frame(CONTINUATION, 0, 1, piece(round))),
    1_000,
  );
  assert.notEqual(reason, 0);
  await others();
});

test('a flood of SETTINGS by a client that reads nothing ends its session', async () => {
  const socket = await open();
  let over = false;
  const closed = new Promise<void>(resolve => socket.once('close', () => resolve()));
  void closed.then(() => {
    over = true;
  });
  // It is not read, so acknowledgements pile up at the proxy.
  socket.pause();
  socket.write(preface);
  const lot = Buffer.concat(Array.from({ length: 10_000 }, () => frame(SETTINGS, 0, 0)));
  while (!over) {
    if (socket.writableLength < 4 << 20) socket.write(lot);
    await new Promise(resolve => setImmediate(resolve));
  }
  await others();
});

test('a flood of PING by a client that reads nothing comes to a standstill, and nobody else notices', async () => {
  const socket = await open();
  socket.pause();
  socket.write(preface);
  const lot = Buffer.concat(Array.from({ length: 10_000 }, () => frame(PING, 0, 0, Buffer.alloc(8))));
  for (let i = 0; i < 200 && !socket.destroyed; i++) {
    if (socket.writableLength < 4 << 20) socket.write(lot);
    await new Promise(resolve => setImmediate(resolve));
  }
  await others();
  socket.destroy();
});

test('fields that HTTP/2 can not hold are gone before anybody reads them: what is judged and sent is the rest', async () => {
  const seen = stand.streams.length;
  for (const fields of [
    ['a b', 'y'],
    ['', 'y'],
    ['x', 'a\r\nhost: other.test'],
    ['x', 'a\0b'],
  ])
    assert.match(await outcome(get(...fields)), /^(answered 88|400|reset)$/);
  for (const { raw } of stand.streams.slice(seen)) {
    const names = raw.filter((_, i) => i % 2 === 0);
    assert.deepEqual(names, [':method', ':scheme', ':authority', ':path']);
  }
});

test('more streams at once than were agreed are refused, and those before them answered', async () => {
  const socket = await open();
  const next = frames(socket);
  const all = Array.from({ length: 130 }, (_, i) => request(head('POST', '/many'), 1 + 2 * i, 0));
  socket.write(Buffer.concat([preface, ...all]));
  const refused = await next(({ type, stream }) => type === RST_STREAM && stream === 1 + 2 * 129);
  assert.equal(refused?.payload.readUInt32BE(0), 7);
  socket.write(frame(DATA, END_STREAM, 1, Buffer.from('x')));
  assert.equal((await next(({ type, stream }) => type === HEADERS && stream === 1))?.payload[0], 0x88);
  socket.destroy();
});

test('HTTP/2 without TLS is refused in words', async () => {
  const socket = connect({ host: '127.0.0.1', port: stand.agent.port });
  socket.on('error', () => {});
  const answer = readAnswer(socket);
  socket.write(preface);
  const { status, body } = await answer;
  assert.equal(status, 400);
  assert.match(body, /HTTP\/2/);
  socket.destroy();
});

test('after all of this the program is the same one, and the log verifies', async () => {
  await others();
  await stand.world.ok(['audit', 'verify']);
});
