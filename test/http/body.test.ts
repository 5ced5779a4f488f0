import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { type Code, Refusal } from '../../src/errors.js';
import { bodyLimits, breakOff, openBodies, type ReadBody } from '../../src/http/body.js';
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

const readBody = openBodies();
const stream = (...chunks: Buffer[]): Readable => Readable.from(chunks, { objectMode: false });
const refused =
  (code: Code) =>
  (error: unknown): boolean =>
    error instanceof Refusal && error.code === code;

/** Reads a body and gives its memory back. */
async function read(chunks: readonly Buffer[], codings?: string): Promise<ReadBody> {
  const body = await readBody(head(codings), stream(...chunks), 'agent');
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

test('a body that broke, or was lost, before anybody read it is refused at once', async () => {
  const cut = stream(Buffer.from('{"a":1}'));
  cut.on('error', () => {});
  breakOff(cut, new Error('A chunk has no length.'));
  await assert.rejects(readBody(head(), cut, 'agent'), refused('malformed_request'));
  const lost = stream(Buffer.from('{"a":1}')).destroy();
  await assert.rejects(readBody(head(), lost, 'agent'), refused('malformed_request'));
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
    ['compress', Buffer.from('x')],
    ['gzip', Buffer.from('not gzip')],
    ['deflate', deflateRawSync('raw')],
    ['gzip', gzipSync('cut short').subarray(0, 15)],
    ['gzip', bomb],
    ['gzip, gzip, gzip', gzipSync(gzipSync(gzipSync('deep')))],
  ] as const) {
    const { facts, content, bytes } = await read([coded], codings);
    assert.equal(facts.state, 'opaque', codings);
    assert.equal(content, null);
    assert.deepEqual(bytes, coded);
  }
});

test('what decodes to more than a hundred times its size is opaque, unless it is modest', async () => {
  const modest = gzipSync(Buffer.alloc(1 << 20));
  assert.ok(modest.length * 100 < 1 << 20);
  assert.equal((await read([modest], 'gzip')).facts.state, 'complete');
  const greedy = gzipSync(Buffer.alloc((1 << 20) + 1));
  assert.equal((await read([greedy], 'gzip')).facts.state, 'opaque');
});

test('of a long body a prefix is judged, and the whole of it is still there to be sent', async () => {
  const long = Buffer.alloc(bodyLimits.document + 100_000, 'abc');
  const chunks = Array.from({ length: Math.ceil(long.length / 60_000) }, (_, i) =>
    long.subarray(i * 60_000, (i + 1) * 60_000),
  );
  for (const codings of ['', 'gzip']) {
    const body = await readBody(head(codings), stream(...chunks), 'agent');
    assert.equal(body.facts.state, 'truncated');
    assert.equal(body.facts.sha256, undefined);
    assert.equal(body.bytes, null);
    if (codings === '') assert.ok(body.content!.equals(long.subarray(0, bodyLimits.other)));
    else assert.equal(body.content, null);
    const sent: Buffer[] = [];
    for await (const chunk of body.stream!) sent.push(chunk as Buffer);
    assert.ok(Buffer.concat(sent).equals(long));
    body.release();
  }
});

test('a body that is cut short is refused', async () => {
  const source = new Readable({ read() {} });
  source.push('half');
  const reading = readBody(head(), source, 'agent');
  setImmediate(() => source.destroy(new Error('reset')));
  await assert.rejects(reading, refused('malformed_request'));
});

test('a body that stops, or only drips, is refused', async () => {
  const impatient = openBodies({ ...bodyLimits, stall: 300 });
  const stopped = new Readable({ read() {} });
  const dripping = new Readable({ read() {} });
  stopped.push('half');
  const drip = setInterval(() => dripping.push('a'), 10);
  await assert.rejects(impatient(head(), stopped, 'agent'), refused('malformed_request'));
  await assert.rejects(impatient(head(), dripping, 'agent'), refused('malformed_request'));
  clearInterval(drip);
});

test("a gateway's bodies have a share of the memory, decoded ones too, and leave the rest to others", async () => {
  const bodies = openBodies({ ...bodyLimits, total: 250_000, perGateway: 100_000 });
  const ask = (gateway: string, bytes: Buffer, codings = ''): Promise<ReadBody> =>
    bodies(head(codings), stream(bytes), gateway);
  const held = await ask('a', Buffer.alloc(60_000));
  await assert.rejects(ask('a', Buffer.alloc(60_000)), refused('overloaded'));
  await assert.rejects(ask('a', gzipSync(Buffer.alloc(60_000)), 'gzip'), refused('overloaded'));
  const other = await ask('b', gzipSync(Buffer.alloc(90_000)), 'gzip');
  assert.equal(other.facts.state, 'complete');
  const third = await ask('c', Buffer.alloc(90_000));
  await assert.rejects(ask('d', Buffer.alloc(90_000)), refused('overloaded'));
  held.release();
  held.release();
  (await ask('a', Buffer.alloc(60_000))).release();
  other.release();
  third.release();
  for (const gateway of ['a', 'b', 'c', 'd']) (await ask(gateway, Buffer.alloc(100_000))).release();
});

test('a long upload holds what has not been sent yet, and no more', async () => {
  const bodies = openBodies({ ...bodyLimits, other: 50_000, document: 50_000, total: 200_000, perGateway: 100_000 });
  const chunks = Array.from({ length: 20 }, () => Buffer.alloc(10_000));
  const upload = await bodies(head('', 'application/pdf'), stream(...chunks), 'a');
  const ask = (): Promise<ReadBody> => bodies(head(), stream(Buffer.alloc(45_000)), 'a');
  await assert.rejects(ask(), refused('overloaded'));
  for await (const _ of upload.stream!);
  (await ask()).release();
  upload.release();
});

test('a body in the smallest pieces is held in a few: each costs more than the byte that is in it', async () => {
  const drops = Array.from({ length: 8_000 }, () => Buffer.from('a'));
  const readSome = openBodies({ ...bodyLimits, other: 4_000 });
  const body = await readSome(head('', 'application/octet-stream'), stream(...drops), 'agent');
  assert.equal(body.facts.state, 'truncated');
  let pieces = 0;
  let length = 0;
  body.stream!.on('data', (piece: Buffer) => {
    length += piece.length;
    if (length <= body.facts.bytes) pieces += 1;
  });
  await once(body.stream!.resume(), 'end');
  body.release();
  assert.equal(length, drops.length);
  assert.ok(pieces < 300, `${pieces} pieces`);
});
