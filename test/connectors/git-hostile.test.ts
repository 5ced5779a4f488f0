/** git: what a pack may cost us that is made to cost much. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { ancestry, readCommits } from '../../connectors/git/pack.js';
import { exampleRequest } from '../../src/action/examples.js';
import { View } from '../../src/action/view.js';

/** A pack's entry: its type and size, what is between them and its content, and the content deflated. */
function entry(type: number, content: Uint8Array, between: readonly number[] = []): Buffer {
  const head: number[] = [];
  let rest = content.length >> 4;
  head.push((type << 4) | (content.length & 15) | (rest > 0 ? 128 : 0));
  for (; rest > 0; rest >>= 7) head.push((rest & 127) | (rest > 127 ? 128 : 0));
  return Buffer.concat([Buffer.from([...head, ...between]), deflateSync(content)]);
}

/** How far back a delta's base is, as a pack says it. */
function offset(back: number): number[] {
  const bytes = [back & 127];
  for (let rest = back >> 7; rest > 0; rest >>= 7) bytes.unshift(128 | (--rest & 127));
  return bytes;
}

const size = (value: number): number[] => [(value & 127) | 128, ((value >> 7) & 127) | 128, value >> 14];

test('deltas of a few bytes that each make a big commit are read until they made as much as a pack may hold', () => {
  const big = 65_000;
  const base = entry(1, Buffer.alloc(big, 'x'));
  const parts = [Buffer.from('PACK\0\0\0\u0002\0\0\0\0', 'latin1'), base];
  let at = 12 + base.length;
  for (let i = 0; i < 3000; i++) {
    // All of the base, copied.
    const delta = Buffer.from([...size(big), ...size(big), 0x80 | 0x30, big & 255, big >> 8]);
    const next = entry(6, delta, offset(at - 12));
    parts.push(next);
    at += next.length;
  }
  const bytes = Buffer.concat(parts);
  assert.ok(bytes.length < 1 << 20);
  let made = 0;
  let commits = 0;
  const request = exampleRequest('POST /', 'github.com');
  const view = new View({ ...request, content: bytes });
  const found = readCommits(
    {
      bytes,
      digest(algorithm, content) {
        made += content.length;
        commits += 1;
        return createHash(algorithm).update(content).digest('hex');
      },
      inflate: (from, limit) => view.inflate(from, limit),
    },
    0,
    'sha1',
  );
  assert.equal(found.size, 1);
  assert.ok(commits > 10, String(commits));
  assert.ok(made < 8 << 20, String(made));
});

test('a history that is wider than a push may cost to go through tells nothing', () => {
  const wide = Array.from({ length: 5000 }, (_, i) => `parent ${i}`);
  const commits = new Map([
    ['tip', wide],
    ['parent 4999', ['old']],
  ]);
  assert.equal(ancestry(commits, 'old', 'tip', 100_000), true);
  assert.deepEqual(ancestry(commits, 'old', 'tip', 1000), []);
});
