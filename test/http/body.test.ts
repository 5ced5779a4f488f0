import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { Refusal } from '../../src/errors.js';
import { judgedBytes, type ReadBody, readBody } from '../../src/http/body.js';
import { decode, type Head } from '../../src/http/decode.js';

const head = (codings = '', media = 'application/json'): Head =>
  decode({
    method: 'POST',
    target: 'https://api.test/x',
    tunnel: null,
    sni: null,
    rawHeaders: [
      'Host',
      'api.test',
      'Content-Type',
      media,
      'Transfer-Encoding',
      'chunked',
      ...(codings === '' ? [] : ['Content-Encoding', codings]),
    ],
  });

/** Reads a body and gives its memory back. */
async function read(chunks: readonly Buffer[], codings?: string): Promise<ReadBody> {
  const body = await readBody(head(codings), Readable.from(chunks, { objectMode: false }));
  body.release();
  return body;
}

test('a body is judged, hashed and sent as the bytes that came, however they were cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { minLength: 1, maxLength: 8 }),
      async parts => {
        const whole = Buffer.concat(parts);
        const { facts, content, bytes, stream } = await read(parts.map(part => Buffer.from(part)));
        assert.deepEqual(facts, {
          state: 'complete',
          bytes: whole.length,
          sha256: createHash('sha256').update(whole).digest('hex'),
          media_type: 'application/json',
        });
        assert.deepEqual(content, whole);
        assert.deepEqual(bytes, whole);
        assert.equal(stream, null);
      },
    ),
    { numRuns: 100 },
  );
});

test('codings are undone for judgement only: what is sent and hashed stays coded', async () => {
  const plain = Buffer.from('{"amount":4200}');
  const gzip = gzipSync(plain);
  for (const [codings, coded] of [
    ['gzip', gzip],
    ['x-gzip', gzip],
    ['deflate', deflateSync(plain)],
    ['br', brotliCompressSync(plain)],
    ['gzip, br', brotliCompressSync(gzip)],
    ['identity', plain],
  ] as const) {
    const { facts, content, bytes } = await read([coded], codings);
    assert.equal(facts.state, 'complete', codings);
    assert.deepEqual(content, plain, codings);
    assert.deepEqual(bytes, coded, codings);
    assert.equal(facts.sha256, createHash('sha256').update(coded).digest('hex'));
  }
});

test("what can't be undone is opaque, and a bomb is undone only so far", async () => {
  const bomb = gzipSync(Buffer.alloc(64 << 20));
  for (const [codings, coded] of [
    ['zstd', Buffer.from('x')],
    ['gzip', Buffer.from('not gzip')],
    ['deflate', deflateRawSync('raw')],
    ['gzip', gzipSync('cut short').subarray(0, 15)],
    ['gzip', bomb],
    ['gzip, gzip, gzip', gzipSync(gzipSync(gzipSync('deep')))],
  ] as const) {
    const { facts, content } = await read([coded], codings);
    assert.equal(facts.state, 'opaque', codings);
    assert.equal(content, null);
  }
});

test('of a long body a prefix is judged, and the whole of it is still there to be sent', async () => {
  const long = Buffer.alloc(judgedBytes.document + 100_000, 'abc');
  const chunks = Array.from({ length: Math.ceil(long.length / 60_000) }, (_, i) =>
    long.subarray(i * 60_000, (i + 1) * 60_000),
  );
  const body = await readBody(head(), Readable.from(chunks, { objectMode: false }));
  assert.equal(body.facts.state, 'truncated');
  assert.equal(body.facts.sha256, undefined);
  assert.equal(body.bytes, null);
  assert.ok(body.content!.equals(long.subarray(0, judgedBytes.other)));
  const sent: Buffer[] = [];
  for await (const chunk of body.stream!) sent.push(chunk as Buffer);
  assert.ok(Buffer.concat(sent).equals(long));
  body.release();
});

test('a body that is cut short is refused', async () => {
  const source = new Readable({ read() {} });
  source.push('half');
  const reading = readBody(head(), source);
  setImmediate(() => source.destroy(new Error('reset')));
  await assert.rejects(reading, (error: unknown) => error instanceof Refusal && error.code === 'malformed_request');
});
