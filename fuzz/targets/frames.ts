/** Fuzz: WebSocket frames from an upstream. Cut in any way they say the same, keep their length, and hide the secret. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Refusal } from '../../src/errors.js';
import { maskFrames } from '../../src/http/frames.js';
import type { Target } from '../target.js';

const secret = 'topsecret';

const frame = (first: number, text: string): Buffer =>
  text.length < 126
    ? Buffer.concat([Buffer.of(first, text.length), Buffer.from(text)])
    : Buffer.concat([Buffer.of(first, 126, text.length >> 8, text.length & 255), Buffer.from(text)]);

/** What comes out, and whether the frames were good to their end. */
async function carried(input: Buffer, size: number): Promise<{ out: Buffer; whole: boolean; found: number }> {
  let found = 0;
  const stream = maskFrames([Buffer.from(secret)], count => {
    found += count;
  });
  const out: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => out.push(chunk));
  const closed = once(stream, 'close').then(
    () => true,
    (error: unknown) => {
      if (error instanceof Refusal) return false;
      throw error;
    },
  );
  for (let at = 0; at < input.length && !stream.destroyed; at += size)
    stream.write(Buffer.from(input.subarray(at, at + size)));
  if (!stream.destroyed) stream.end();
  return { whole: await closed, out: Buffer.concat(out), found };
}

export const frames: Target = {
  name: 'frames',
  seeds: [
    Buffer.concat([frame(0x81, 'hello'), frame(0x81, `a ${secret} b`), frame(0x88, '\x03\xe8bye')]),
    Buffer.concat([frame(0x01, 'a topse'), frame(0x89, 'ping'), frame(0x80, 'cret b')]),
    Buffer.concat([frame(0x82, 'x'.repeat(200)), frame(0x8a, secret)]),
    Buffer.concat([Buffer.of(0x82, 127, 0, 0, 0, 0, 0, 0, 0, 5), Buffer.from('short')]),
  ],
  tokens: [
    secret,
    'topse',
    'cret',
    '\x81\x05',
    '\x01\x03',
    '\x80\x02',
    '\x89\x00',
    '\x82\x7e',
    '\x82\x7f',
    '\0\0\0\0\0\0\0\x03',
  ],
  async run(input) {
    const first = await carried(input, 1);
    const second = await carried(input, 3 + (input.length >> 1));
    assert.equal(first.whole, second.whole);
    if (!first.whole) return 'refused';
    assert.deepEqual(first.out, second.out);
    assert.equal(first.found, second.found);
    assert.ok(first.out.length <= input.length);
    for (let i = 0; i < first.out.length; i++) assert.ok(first.out[i] === input[i] || first.out[i] === 0x2a);
    return `${input.length === first.out.length} ${first.found}`;
  },
};
