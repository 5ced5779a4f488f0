/** HTTP/2 from somebody who breaks off or floods: it ends within limits, and nobody else notices. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { openTls, readAnswer } from '../http/agent.js';
import {
  block,
  CONTINUATION,
  DATA,
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
  request,
  SETTINGS,
  uint32,
} from './frames.js';
import { ask, openSession, openStand, type Stand } from './stand.js';

let stand: Stand;
before(async () => {
  stand = await openStand();
});
after(() => stand?.close());

const open = (): Promise<Socket> => openTls(stand.agent, { connect: 'two.test:443', alpn: ['h2'] });

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
    socket.write(Buffer.concat([frame(RST_STREAM, 0, 1, uint32(reason)), request(head('GET', '/next'), 3)]));
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
    socket.write(Buffer.concat([preface, frame(8, 0, 0, uint32(1 << 20)), request(head('PUT', '/long'), 1, 0)]));
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
    socket.write(frame(RST_STREAM, 0, 1, uint32(reason)));
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
    const each = (id: number): Buffer[] => [
      request(head('POST', '/rapid'), id, 0),
      frame(RST_STREAM, 0, id, uint32(8)),
    ];
    return Buffer.concat(ids.flatMap(each));
  }, 40);
  assert.equal(reason, 11);
  assert.equal(stand.streams.length, seen);
  await others();
});

test('a head that goes on for ever ends its session', async () => {
  const piece = (round: number): Buffer => block(`x-${round}`, 'y'.repeat(200));
  const reason = await flood(
    round => (round === 0 ? frame(HEADERS, 0, 1, head('GET', '/h')) : frame(CONTINUATION, 0, 1, piece(round))),
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
