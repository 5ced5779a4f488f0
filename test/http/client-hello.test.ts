/** The server name in a ClientHello: read from what real clients send, however it is cut, and from nothing else. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { type ConnectionOptions, connect } from 'node:tls';
import fc from 'fast-check';
import { Refusal } from '../../src/errors.js';
import { maxHello, serverName } from '../../src/http/client-hello.js';

/** What Node's client sends first. */
async function sent(options: ConnectionOptions): Promise<Buffer> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const client = connect({ ...options, port: (server.address() as AddressInfo).port });
  client.on('error', () => {});
  const [socket] = (await once(server, 'connection')) as [Socket];
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  client.destroy();
  socket.destroy();
  server.close();
  return chunk;
}

const two = (value: number): Buffer => Buffer.from([value >> 8, value & 255]);
const vector = (lengthBytes: 1 | 2, ...parts: Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  return Buffer.concat([lengthBytes === 1 ? Buffer.from([body.length]) : two(body.length), body]);
};
const entry = (name: string | Buffer, type = 0): Buffer =>
  Buffer.concat([Buffer.from([type]), vector(2, Buffer.from(name))]);
const extension = (type: number, body: Buffer): Buffer => Buffer.concat([two(type), vector(2, body)]);
const names = (...entries: Buffer[]): Buffer => extension(0, vector(2, ...entries));

/** A handshake message with these extensions; null: none at all. */
function handshake(extensions: readonly Buffer[] | null, behind: Buffer = Buffer.alloc(0)): Buffer {
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32, 7),
    vector(1, Buffer.alloc(32)),
    vector(2, two(0x1301)),
    vector(1, Buffer.from([0])),
    ...(extensions === null ? [] : [vector(2, ...extensions)]),
    behind,
  ]);
  return Buffer.concat([Buffer.from([1, 0]), two(body.length), body]);
}

/** The same in records of this size. */
function records(message: Buffer, size = message.length): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < message.length; at += size)
    parts.push(Buffer.concat([Buffer.from([22, 3, 1]), vector(2, message.subarray(at, at + size))]));
  return Buffer.concat(parts);
}

const refused = (bytes: Buffer, what: string): void =>
  assert.throws(
    () => serverName(bytes),
    (error: unknown) => error instanceof Refusal && error.code === 'malformed_request',
    what,
  );

test('the name that a real client asks for is found, in every version, and its absence too', async () => {
  for (const versions of [{}, { maxVersion: 'TLSv1.2' as const }, { ALPNProtocols: ['h2', 'http/1.1'] }])
    assert.equal(serverName(await sent({ servername: 'Pinned.example.com', ...versions })), 'pinned.example.com');
  assert.equal(serverName(await sent({})), null);
  assert.equal(serverName(records(handshake(null))), null);
  assert.equal(serverName(records(handshake([]))), null);
});

test('a ClientHello says nothing until it is whole, however it is cut into pieces and records', async () => {
  const real = await sent({ servername: 'pinned.example.com' });
  for (let length = 0; length < real.length; length++) assert.equal(serverName(real.subarray(0, length)), undefined);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), fc.nat({ max: 400 }), (size, behind) => {
      const message = handshake([extension(43, Buffer.from([2, 3, 4])), names(entry('a.example'))]);
      const bytes = records(message, size);
      assert.equal(serverName(bytes), 'a.example');
      for (const cut of [1, 5, size, bytes.length - 1])
        assert.equal(serverName(bytes.subarray(0, Math.min(cut, bytes.length - 1))), undefined);
      // What follows (early data) isn't ours to read.
      assert.equal(serverName(Buffer.concat([bytes, Buffer.alloc(behind, 23)])), 'a.example');
    }),
  );
});

test('a ClientHello that could be read in two ways, or is none, is refused', () => {
  const good = entry('a.example');
  for (const [what, bytes] of Object.entries({
    'two names': records(handshake([names(good, entry('b.example'))])),
    'the extension twice': records(handshake([names(good), names(good)])),
    'another extension twice': records(handshake([names(good), extension(9, two(1)), extension(9, two(2))])),
    'no name in the list': records(handshake([names()])),
    'an empty name': records(handshake([names(entry(''))])),
    'a name of another type': records(handshake([names(entry('a.example', 1))])),
    'an address': records(handshake([names(entry('127.1'))])),
    'a name that ends with a dot': records(handshake([names(entry('a.example.'))])),
    'a name with NUL': records(handshake([names(entry('a.example\0.b.example'))])),
    'bytes behind the list': records(handshake([extension(0, Buffer.concat([vector(2, good), two(0)]))])),
    'bytes behind the extensions': records(handshake([names(good)], two(7))),
    'a second message in the record': records(Buffer.concat([handshake([names(good)]), Buffer.from([0])])),
    'an extension longer than the rest': records(handshake([Buffer.from([0, 0, 0, 9, 0])])),
    'an empty record': Buffer.concat([
      records(handshake([names(good)]), 10).subarray(0, 15),
      Buffer.from([22, 3, 1, 0, 0]),
    ]),
    'an alert in between': Buffer.concat([records(handshake([names(good)]), 10).subarray(0, 15), Buffer.from([21])]),
    'a ServerHello': Buffer.from([22, 3, 3, 0, 4, 2]),
    'a message that is too long': Buffer.from([22, 3, 1, 0, 4, 1, 1, 0, 0]),
    'a record that is too long': Buffer.from([22, 3, 1, 0x40, 0x01]),
    'SSL 2': Buffer.from([0x80, 0x2e, 1, 0, 2]),
    HTTP: Buffer.from('GET / HTTP/1.1\r\n'),
    SSH: Buffer.from('S'),
  }))
    refused(bytes, what);
});

test('no bytes do anything but give a name, none, or a refusal, and enough of them always end it', () => {
  const hello = records(handshake([names(entry('a.example')), extension(16, vector(2, vector(1, Buffer.from('h2'))))]));
  const damaged = fc
    .array(fc.tuple(fc.nat({ max: hello.length - 1 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 })
    .map(changes => {
      const bytes = Buffer.from(hello);
      for (const [at, byte] of changes) bytes[at] = byte;
      return bytes;
    });
  fc.assert(
    fc.property(
      fc.oneof(
        damaged,
        fc.uint8Array({ maxLength: 200 }).map(bytes => Buffer.from(bytes)),
      ),
      bytes => {
        try {
          const name = serverName(bytes);
          assert.ok(name === undefined || name === null || /^[a-z0-9._-]+$/.test(name));
          if (name === undefined)
            assert.throws(
              () =>
                assert.notEqual(
                  serverName(Buffer.concat([bytes, Buffer.alloc(maxHello)])),
                  undefined,
                  'still not whole',
                ),
              Refusal,
            );
        } catch (error) {
          assert.ok(error instanceof Refusal && error.code === 'malformed_request', String(error));
        }
      },
    ),
    { numRuns: 5_000 },
  );
});
