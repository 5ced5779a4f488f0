/** Fuzz: content codings. Whole and as a stream in any pieces they say the same, and keep to their limit. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { brotliCompressSync, brotliDecompressSync, deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import { decodeStream, decodeWhole } from '../../src/http/coding.js';
import { Zstd } from '../../src/http/zstd.js';
import { ZstdError } from '../../src/http/zstd-entropy.js';
import type { Target } from '../target.js';

const codings = ['gzip', 'deflate', 'br', 'zstd'] as const;
const most = 1 << 20;
const text = 'a text that is said twice, a text that is said twice: '.repeat(4);

/** The first byte says which coding; those of zstd are what its own program wrote. */
const seed = (coding: number, bytes: Buffer): Buffer => Buffer.concat([Buffer.of(coding), bytes]);
const zstd = [
  'KLUv/SAFKQAAaGVsbG8=',
  'UCpNGAMAAAABAgMotS/9IAUpAABoZWxsbw==',
  'KLUv/QBoFQ0App9TIEBr1AZTfNlqr2zswjZZYjgAkHC2Nox3Z2bKVjfDkzQiTABOAEcAB4/2GneEl2HnKbfp/SDEvdb8ReQkqaoj' +
    'B6HS2vHtEYjns196cRwJHz9vPCMoJH6qr6S98xg7QuJpzzuor+HXxvyU4jgu5S1rqeIAAYuBAYICg85HGzuzplJyDm7z4sji2m5T' +
    'cg8zJg2PamQWAU/FTva0s6lkd1bs9qcUT6IHXefKGrS6HMuSrtsV8+iqPpOozJvvcbg9g4JCEcq1E23Ke9oXfT/6vk3HB8P6fNEZ' +
    'vwdxLvhopTK6rlwyyLdrPxUZ0ynXuNARSFOVR9Ywqv6e6lPQlbmFJz5KuNQ57MxgOyIQaUfSUpvqr2VX5dY7r0ldbOQlPo+h/cST' +
    'xrcp6I3ucuQa7LbzWpb4WFWlJ44jaWzF4FqeeOZGOzva3DSafpnwJLUfZz3WeCEoIEKCoCsfIEZ63TQC3nqzV9mJJjlwyFhvlIOj' +
    '7YTgBGVr9eY8QkzwPMblAC+fgpZNDQsZDKFXU0S9h7JuWOS+fQD3wQpdRRe3CPrAVdFozA==',
  'KLUv/QBYbQUAAgUQFaC3DQ73kEdIW9UeiWwvacn7srdWK4Cw1+fT8eh47v9eq+20cbLRi9R50uKRHj9tJTlTHMM6U7fOijF1hHFI' +
    'EDYgQENJ9B0OYiAGYiBiPQKODQau7eAEoeOu4CKB46w4AoHjquAiwTmD8bDPIxCew2AHj2ycwWEZUuCcBiN4pHEDe7BbTgIeAHcA' +
    'cTCNM4c1RNzNcAyXxnHWEPwYjEvjcMYQfg3muJCzOgY=',
  'KLUv/QRIxQsANiBVJ5A1SQf/+bv7wfaXWCKlRE3KvRHa/UnapCFu4owLVHUEAjL569WxBEgATgBKAOvHy56rC8aHjaP1OfMqxhZ8' +
    'tEYM0HR8aE1H6yuH3mTdS8sKqHyUMLJ6hsDTP3SDSplxfZg0KT8+P4nK0+bDppVf+MCHjeNIAmiduPggKliTj8QwEAQqANHEzCcI' +
    'gRfm4gJWpsxyBDcYyWHDAEnYSyvBm7hYyQy2jKixHoXIusjqF9GFmMnqt8DI4opiRord58wAfuhzFgrMhc36hcoVPmycM59jcLEm' +
    'b/LzqPE1mGgPjBgEMHDAV2zJ76UCL+q6yQwKa77RM1+5L0phwmuo8UGVKbM8vaCvFLb+oY8SqKwpqz5cbVpEXrGY80GZtVUzqMNj' +
    'T9tocIMIhpEcNpB9KldbfuHnc+ZDzS9sTlx85b53tVmTVbL9sW4yYqX00XrNe1+MgsfrKgoA8OEP6+1qxxEZYMMJgjBgXlbdMSxI' +
    '8MZt4sMwKA6rMx/An/8=',
];

/** What the decoder finds wrong with the bytes: so that inputs are kept which come further than others. */
function complaint(bytes: Buffer): string {
  const decoder = new Zstd();
  decoder.push(bytes);
  try {
    for (let left = 20; left > 0 && decoder.next() !== null; ) left -= 1;
    return `${decoder.frames} ${decoder.between}`;
  } catch (error) {
    assert.ok(error instanceof ZstdError, String(error));
    return error.message;
  }
}

/** What the stream makes of the bytes, fed in pieces; null if it fails or makes too much. */
async function streamed(coding: string, bytes: Buffer): Promise<Buffer | null> {
  const stream = decodeStream(coding)!;
  const out: Buffer[] = [];
  let length = 0;
  stream.on('data', (piece: Buffer) => {
    out.push(piece);
    length += piece.length;
    if (length > most) stream.destroy();
  });
  const closed = once(stream, 'close').then(
    () => stream.readableEnded,
    () => false,
  );
  const size = 1 + ((bytes[bytes.length >> 1] ?? 0) % 7);
  for (let at = 0; at < bytes.length && !stream.destroyed; at += size) stream.write(bytes.subarray(at, at + size));
  if (!stream.destroyed) stream.end();
  return (await closed) ? Buffer.concat(out) : null;
}

const reference = { gzip: gunzipSync, deflate: inflateSync, br: brotliDecompressSync } as const;

export const coding: Target = {
  name: 'coding',
  seeds: [
    seed(0, gzipSync(text)),
    seed(1, deflateSync(text)),
    seed(2, brotliCompressSync(text)),
    ...zstd.map(each => seed(3, Buffer.from(each, 'base64'))),
  ],
  tokens: ['\x1f\x8b\x08', '\0', '\xff', '\x78\x9c'],
  longest: 2_000,
  async run(input) {
    const name = codings[(input[0] ?? 0) % 4]!;
    const bytes = input.subarray(1);
    let held = 0;
    const hold = (count: number): boolean => {
      held += count;
      return true;
    };
    const whole = await decodeWhole(bytes, [name], { depth: 1, bytes: most, hold });
    assert.ok(held <= most + (128 << 10), `${held} bytes were held`);
    const piecewise = await streamed(name, bytes);
    if (whole === null) return `${name} ${piecewise === null} ${name === 'zstd' && complaint(bytes)}`;
    assert.deepEqual(piecewise, whole);
    if (name !== 'zstd') assert.deepEqual(reference[name](bytes), whole);
    return `${name} ${Math.min(whole.length, 300)}`;
  },
};
