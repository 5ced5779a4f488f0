/** HTTP/2 that could be read in two ways, or in none, byte by byte: refused, and nothing reaches the upstream. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openTls } from '../http/agent.js';
import {
  block,
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  frame,
  frames,
  GOAWAY,
  HEADERS,
  head,
  preface,
  RST_STREAM,
  request,
  uint32,
} from './frames.js';
import { ask, openSession, openStand, type Stand } from './stand.js';

let stand: Stand;
before(async () => {
  stand = await openStand();
});
after(() => stand?.close());

/** `400`, `reset`, `goaway` or `closed`: what came of stream 1. */
async function outcome(bytes: readonly Buffer[]): Promise<string> {
  const socket = await openTls(stand.agent, { connect: 'two.test:443', alpn: ['h2'] });
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
    frame(
      HEADERS,
      END_STREAM | END_HEADERS | 0x20,
      1,
      Buffer.concat([uint32(1), Buffer.from([16]), head('GET', '/h')]),
    ),
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

test('after every malformed head the log verifies', async () => {
  await stand.world.ok(['audit', 'verify']);
});
