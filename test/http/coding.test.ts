import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { decodeStream, decodeWhole, undoable } from '../../src/http/coding.js';

const limits = { depth: 2, bytes: 8 << 20, hold: () => true };
const plain = Buffer.from('{"amount":4200}'.repeat(50));

/** What a stream makes of the bytes, which come in pieces of this size. */
async function streamed(coding: string, bytes: Buffer, size = bytes.length): Promise<Buffer> {
  const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
    bytes.subarray(i * size, (i + 1) * size),
  );
  const out: Buffer[] = [];
  const into = new Writable({
    write(chunk: Buffer, _, done) {
      out.push(chunk);
      setImmediate(done);
    },
  });
  await pipeline(Readable.from(pieces, { objectMode: false }), decodeStream(coding)!, into);
  return Buffer.concat(out);
}

const hasZstd = spawnSync('zstd', ['--version']).status === 0;
const withZstd = { skip: hasZstd ? false : 'the zstd program is not installed' };
const zstd = (bytes: Buffer, ...options: string[]): Buffer =>
  execFileSync('zstd', ['-q', '-c', ...options], { input: bytes, maxBuffer: 64 << 20 });
/** What the zstd program makes of the bytes; null if it refuses them. */
const unzstd = (bytes: Buffer): Buffer | null => {
  const { status, stdout } = spawnSync('zstd', ['-q', '-d', '-c', '-M8MB'], { input: bytes, maxBuffer: 256 << 20 });
  return status === 0 ? stdout : null;
};

/** A zstd frame with one block, made by hand: `header` behind the magic number, and the block's type and content. */
const frame = (header: readonly number[], type: number, size: number, content: readonly number[]): Buffer => {
  const block = (size << 3) | (type << 1) | 1;
  return Buffer.from([0x28, 0xb5, 0x2f, 0xfd, ...header, block & 255, (block >> 8) & 255, block >> 16, ...content]);
};
const hello = frame([0x20, 5], 0, 5, [...Buffer.from('hello')]);
const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);

test('every coding that is named is undone, whole and as a stream, however it is cut', async () => {
  const coded: Record<string, Buffer> = {
    gzip: gzipSync(plain),
    'x-gzip': gzipSync(plain),
    deflate: deflateSync(plain),
    br: brotliCompressSync(plain),
  };
  for (const coding of undoable) {
    const bytes = coding === 'zstd' ? hello : coded[coding]!;
    const expected = coding === 'zstd' ? Buffer.from('hello') : plain;
    assert.deepEqual(await decodeWhole(bytes, [coding], limits), expected, coding);
    for (const size of [1, 2, 3, 7, bytes.length])
      assert.deepEqual(await streamed(coding, bytes, size), expected, `${coding} in pieces of ${size}`);
    assert.equal(await decodeWhole(bytes.subarray(0, -1), [coding], limits), null);
    await assert.rejects(streamed(coding, bytes.subarray(0, -1)), coding);
  }
  assert.equal(decodeStream('compress'), null);
  assert.equal(decodeStream('GZIP'), null);
});

test('codings are undone in the reverse of the order in which they were applied, and only so many', async () => {
  const twice = brotliCompressSync(gzipSync(plain));
  assert.deepEqual(await decodeWhole(twice, ['gzip', 'br'], limits), plain);
  assert.equal(await decodeWhole(twice, ['br', 'gzip'], limits), null);
  assert.equal(await decodeWhole(gzipSync(twice), ['gzip', 'br', 'gzip'], limits), null);
});

test('what follows the first member, frame or stream is read differently, so that the whole is not read', async () => {
  const empty = gzipSync('');
  for (const [coding, bytes] of [
    ['gzip', Buffer.concat([gzipSync(plain), gzipSync('more')])],
    ['gzip', Buffer.concat([empty, gzipSync(plain)])],
    ['gzip', Buffer.concat([gzipSync(plain), empty])],
    ['gzip', Buffer.concat([gzipSync(plain), Buffer.alloc(8)])],
    ['gzip', Buffer.concat([gzipSync(plain), Buffer.from('garbage')])],
    ['deflate', Buffer.concat([deflateSync(plain), Buffer.from('x')])],
    ['deflate', Buffer.concat([deflateSync(plain), deflateSync('more')])],
    ['deflate', deflateRawSync(plain)],
    ['br', Buffer.concat([brotliCompressSync(plain), Buffer.from('x')])],
    ['br', Buffer.concat([brotliCompressSync(plain), brotliCompressSync('more')])],
    ['zstd', Buffer.concat([hello, hello])],
    ['zstd', Buffer.concat([hello, skippable])],
    ['zstd', Buffer.concat([skippable, hello])],
    ['zstd', Buffer.concat([hello, Buffer.from('x')])],
  ] as const)
    assert.equal(await decodeWhole(bytes, [coding], limits), null, `${coding} ${bytes.length}`);
});

test('gzip is read with every field that its header may have, and not with a wrong length or sum', async () => {
  const member = gzipSync(plain);
  const rest = member.subarray(10);
  const header = (flags: number, ...more: number[]): Buffer =>
    Buffer.concat([Buffer.from([0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3, ...more]), rest]);
  assert.deepEqual(await decodeWhole(header(1 | 4 | 8 | 16, 2, 0, 7, 7, 97, 0, 98, 0), ['gzip'], limits), plain);
  assert.equal(await decodeWhole(header(32), ['gzip'], limits), null);
  assert.equal(await decodeWhole(header(8, 97), ['gzip'], limits), null);
  for (const at of [1, 5]) {
    const wrong = Buffer.from(member);
    wrong[wrong.length - at]! ^= 1;
    assert.equal(await decodeWhole(wrong, ['gzip'], limits), null);
  }
});

test('decoding stops at its limit, not after it', async () => {
  for (const [coding, bomb] of [
    ['gzip', gzipSync(Buffer.alloc(16 << 20))],
    ['br', brotliCompressSync(Buffer.alloc(16 << 20))],
    ['zstd', Buffer.concat([frame([0, 0x58], 1, 131_072, [0]), ...Array(64).fill(hello)])],
  ] as const) {
    let held = 0;
    const hold = (bytes: number): boolean => {
      held += bytes;
      return true;
    };
    assert.equal(await decodeWhole(bomb, [coding], { depth: 2, bytes: 100_000, hold }), null, coding);
    assert.ok(held <= 100_000 + (128 << 10), `${coding} held ${held}`);
    const refused = await decodeWhole(bomb, [coding], { depth: 2, bytes: 32 << 20, hold: () => false });
    assert.equal(refused, null);
  }
});

test('a stream goes on with further members and frames, takes raw deflate, and drops what follows', async () => {
  const twice = Buffer.concat([plain, plain]);
  assert.deepEqual(await streamed('gzip', Buffer.concat([gzipSync(plain), gzipSync(plain)]), 10), twice);
  for (const size of [1, 2, 1000]) {
    assert.deepEqual(await streamed('deflate', deflateRawSync(plain), size), plain);
    assert.equal((await streamed('zstd', Buffer.concat([hello, skippable, hello]), size)).toString(), 'hellohello');
  }
  await assert.rejects(streamed('deflate', Buffer.from([0xff, 0xff, 0xff])));
  await assert.rejects(streamed('zstd', Buffer.concat([hello, Buffer.from('garbage')])));
});

test("a stream makes no more than its reader takes: a bomb waits for the reader's pace", async () => {
  const blocks = Array.from({ length: 5_000 }, () => Buffer.from([0x02, 0x00, 0x10, 0]));
  for (const [coding, bomb] of [
    ['zstd', Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0x58]), ...blocks])],
    ['gzip', gzipSync(Buffer.alloc(64 << 20))],
    ['deflate', deflateRawSync(Buffer.alloc(64 << 20))],
  ] as const) {
    const stream = decodeStream(coding)!;
    stream.on('error', () => {});
    let waiting = true;
    stream.write(bomb, () => {
      waiting = false;
    });
    for (let turn = 0; turn < 40; turn++) await new Promise(resolve => setTimeout(resolve, 5));
    assert.ok(stream.readableLength <= 512 << 10, `${coding} made ${stream.readableLength}`);
    assert.ok(waiting, coding);
    stream.destroy();
  }
});

test('zstd reads what the zstd program writes, at every level, cut anywhere', withZstd, async () => {
  const texts = [
    Buffer.alloc(0),
    Buffer.from('a'),
    plain,
    readFileSync(process.execPath).subarray(0, 3 << 20),
    randomBytes(200_000),
    Buffer.alloc(3 << 20),
    Buffer.from(JSON.stringify(Array.from({ length: 5_000 }, (_, id) => ({ id, name: `n${id}`, x: Math.sin(id) })))),
  ];
  for (const text of texts) {
    for (const options of [
      ['-1'],
      ['-3'],
      ['--fast=5'],
      ['-19', '--long=23'],
      ['--no-check'],
      ['-12', '--zstd=wlog=12'],
    ]) {
      const coded = zstd(text, ...options);
      assert.ok((await decodeWhole(coded, ['zstd'], limits))?.equals(text), options.join(' '));
      assert.ok((await streamed('zstd', coded, 1 + (text.length >> 4))).equals(text), options.join(' '));
    }
  }
});

/** A window of 1 KiB, 2,000 bytes, and a match of three: `bits` say how far back it is, with so many behind the code. */
const matching = (bits: readonly number[], code: number): Buffer => {
  const raw = [0x40, 0x1f, 0, ...Buffer.alloc(1000, 'abc')];
  const header = ((6 + bits.length) << 3) | 5;
  return Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0, ...raw, ...raw, header, 0, 0, 0, 1, 0x54, 0, code, 0, ...bits]);
};

test('zstd refuses what asks for much or means nothing', async () => {
  const big = frame([0, 0x70], 0, 1, [1]);
  const cases: Record<string, Buffer> = {
    'a window of 16 MiB': big,
    'a single segment of 9 MiB': frame([0xa0, 0, 0, 0x90, 0], 0, 1, [1]),
    'a dictionary': frame([0x21, 7, 5], 0, 5, [...Buffer.from('hello')]),
    'a reserved bit': frame([0x28, 5], 0, 5, [...Buffer.from('hello')]),
    'a reserved type of block': frame([0x20, 5], 3, 5, [...Buffer.from('hello')]),
    'a block longer than the window': frame([0, 0], 1, 1025, [0]),
    'more content than announced': frame([0x20, 4], 0, 5, [...Buffer.from('hello')]),
    'less content than announced': frame([0x20, 6], 0, 5, [...Buffer.from('hello')]),
    // Ten bytes that another decoder takes seconds for: 32,767 sequences without bits to read them from.
    'sequences without bits': frame([0, 0x38], 2, 9, [0, 255, 255, 0, 0x54, 0, 0, 52, 1]),
    'a match before the beginning': frame([0, 0x38], 2, 7, [0, 1, 0x54, 0, 4, 0, 1]),
    'a match behind the window': matching([0xdf, 0x05], 10),
    'bits that are left over': matching([0, 0xf7, 0x01], 8),
    'a tree that was never given': frame([0, 0x38], 2, 6, [0x03, 0, 0, 0, 0, 0]),
    'an empty block that is compressed': frame([0, 0x38], 2, 0, []),
  };
  assert.deepEqual(
    await decodeWhole(frame([0x21, 0, 5], 0, 5, [...Buffer.from('hello')]), ['zstd'], limits),
    Buffer.from('hello'),
  );
  assert.equal((await decodeWhole(matching([0xf7, 0x01], 8), ['zstd'], limits))?.length, 2_003);
  for (const [name, bytes] of Object.entries(cases)) {
    assert.equal(await decodeWhole(bytes, ['zstd'], limits), null, name);
    // Its own program passes over an empty block, and reads further back than the window where it has more at hand.
    const lenient = name === 'an empty block that is compressed' || name === 'a match behind the window';
    if (hasZstd && !lenient) assert.equal(unzstd(bytes), null, `zstd takes ${name}`);
  }
});

test('what zstd reads of damaged data is what the zstd program reads, or nothing', withZstd, async () => {
  const sources = [plain, Buffer.from(JSON.stringify(process.versions)), randomBytes(300)].flatMap(text => [
    zstd(text, '--no-check'),
    zstd(Buffer.concat([text, text, text]), '-19', '--no-check'),
  ]);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...sources),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 3 }),
      async (source, flips) => {
        const bytes = Buffer.from(source);
        for (const [at, mask] of flips) bytes[at % bytes.length]! ^= mask;
        const ours = await decodeWhole(bytes, ['zstd'], limits);
        if (ours !== null) assert.deepEqual(unzstd(bytes), ours);
      },
    ),
    { numRuns: 150 },
  );
});
