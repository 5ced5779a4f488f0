/** Fuzz: the scrubber. Whatever the pieces are, nothing of a secret comes through, and all else does, at its place. */
import assert from 'node:assert/strict';
import { scrubber } from '../../src/http/scrub.js';
import type { Target } from '../target.js';

const needles = ['secret', 'crets', 'aaaab', 'aab', 'se\\u0063ret', '\xff\0\xff'].map(each =>
  Buffer.from(each, 'latin1'),
);

/** Masks in pieces of this size. */
function mask(input: Buffer, size: number): Buffer {
  const scrub = scrubber(needles);
  const out: Buffer[] = [];
  for (let at = 0; at < input.length; at += size)
    out.push(Buffer.from(scrub.push(Buffer.from(input.subarray(at, at + size)))));
  out.push(Buffer.from(scrub.end()));
  return Buffer.concat(out);
}

/** What the mask must be: every byte of every occurrence, overlapping ones too. */
function reference(input: Buffer): Buffer {
  const out = Buffer.from(input);
  for (const needle of needles)
    for (let at = input.indexOf(needle); at >= 0; at = input.indexOf(needle, at + 1))
      out.fill('*', at, at + needle.length);
  return out;
}

export const scrub: Target = {
  name: 'scrub',
  seeds: [
    'a secret and no secre',
    'secrets secretsecret',
    'aaaaaaab',
    'nothing',
    'se\\u0063ret',
    Buffer.from([255, 0, 255, 0, 255]),
  ],
  tokens: ['secret', 'secre', 'ecret', 'crets', 'aaa', 'aab', 'b', '*', 'se\\u0063', '\\', '\0'],
  run(input) {
    const expected = reference(input);
    for (const size of [1, 2, 3, 5, 64, input.length + 1]) assert.deepEqual(mask(input, size), expected);
    return `${expected.filter((byte, i) => byte !== input[i]).length}`;
  },
};
