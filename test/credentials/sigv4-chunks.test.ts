/** Bodies in signed chunks: their signatures are made anew while they go by, and nothing else of them changes. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import { signingKey } from '../../src/credentials/sigv4.js';
import { Chunks, mostChunk } from '../../src/credentials/sigv4-chunks.js';
import type { Refusal } from '../../src/errors.js';
import { rewritten } from '../../src/http/resign.js';

const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
const line = (size: number): Buffer => Buffer.from(`${size.toString(16)};chunk-signature=${'0'.repeat(64)}\r\n`);
const crlf = Buffer.from('\r\n');
const scope = { date: '20261120', region: 'eu-central-1', service: 's3' };
const open = (trailers = false): Chunks =>
  new Chunks({ key: signingKey(secret, scope), time: '20261120T123456Z', scope, signature: 'f'.repeat(64) }, trailers);

test('chunks are signed alike however the body comes in pieces, and nothing but signatures changes', () => {
  const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 5 });
  fc.assert(
    fc.property(pieces, fc.array(fc.nat(2000), { maxLength: 12 }), fc.boolean(), (chunks, cuts, trailers) => {
      const end = trailers
        ? `X-Amz-Checksum-Sha1: abc=\n\r\nx-amz-trailer-signature:${'0'.repeat(64)}\n\r\n\r\n`
        : '\r\n';
      const body = Buffer.concat([
        ...chunks.flatMap(data => [line(data.length), data, crlf]),
        line(0),
        Buffer.from(end),
      ]);
      const inPieces = (at: readonly number[]): Buffer => {
        const work = open(trailers);
        const ready = at.map((from, i) => work.push(body.subarray(from, at[i + 1] ?? body.length)));
        return Buffer.concat([...ready.flat(), ...work.end()]);
      };
      const whole = inPieces([0]);
      assert.ok(inPieces([0, ...cuts.map(cut => Math.min(cut, body.length)).sort((a, b) => a - b)]).equals(whole));
      assert.equal(whole.length, body.length);
      const bare = (all: Buffer): string => all.toString('latin1').replace(/(signature[=:])[0-9a-f]{64}/g, '$1');
      assert.equal(bare(whole), bare(body));
      assert.equal(whole.includes('0'.repeat(64)), false);
    }),
    { numRuns: 150 },
  );
});

test('what is not in signed chunks to its last byte is refused', () => {
  const run = (trailers: boolean, ...parts: (string | Buffer)[]): void => {
    const work = open(trailers);
    for (const part of parts) work.push(Buffer.from(part));
    work.end();
  };
  run(false, line(3), 'abc', crlf, line(0), crlf);
  const cases: readonly (readonly [boolean, (string | Buffer)[], RegExp])[] = [
    [false, ['3\r\nabc\r\n0\r\n\r\n'], /a size and a signature/],
    [false, [line(3), 'abcd', crlf], /longer than it says/],
    [false, [line(3), 'abc', crlf], /ends before its last chunk/],
    [false, [line(0), crlf, 'GET'], /more behind its last chunk/],
    [false, [line(0), 'ab'], /last chunk has data/],
    [false, ['0'.repeat(200)], /line in front of a chunk is too long/],
    [false, [line(mostChunk + 1)], /longer than 1048576 bytes/],
    [true, [line(0), 'x-amz-checksum-crc32:AAAA\r\n\r\n'], /trailers are not signed/],
    [true, [line(0), 'x'.repeat(9000)], /more behind its last chunk/],
  ];
  for (const [trailers, parts, sentence] of cases)
    assert.throws(
      () => run(trailers, ...parts),
      (error: Refusal) => error.code === 'malformed_request' && sentence.test(error.message),
    );
});

test('a body in signed chunks waits for who takes it, and its key is forgotten when it is given up', async () => {
  let made = 0;
  const data = Buffer.alloc(65_536, 'x');
  const source = Readable.from(
    (function* () {
      for (; made < 4096; made++) yield Buffer.concat([line(data.length), data, crlf]);
    })(),
  );
  const key = signingKey(secret, scope);
  const seed = { key, time: '20261120T123456Z', scope, signature: 'f'.repeat(64) };
  const stream = rewritten(source, new Chunks(seed, false)) as Readable;
  for (let i = 0; i < 50; i++) await new Promise(resolve => setImmediate(resolve));
  // Of 256 MiB.
  assert.ok(made > 0 && made < 64, String(made));
  stream.destroy();
  await new Promise(resolve => source.once('close', resolve));
  assert.ok(key.every(byte => byte === 0));
});

test('a chunk that comes byte by byte takes no more memory than its bytes', () => {
  const work = open();
  const used = (): number => {
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  work.push(line(mostChunk));
  const byte = Buffer.from('x');
  const before = used();
  for (let i = 0; i < mostChunk; i++) work.push(byte);
  assert.ok(used() - before < 64 << 20, String(used() - before));
  assert.equal(Buffer.concat(work.push(crlf)).length, line(mostChunk).length + mostChunk + 2);
});
