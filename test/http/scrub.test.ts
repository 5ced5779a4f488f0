import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { scrubber, scrubText } from '../../src/http/scrub.js';

/** What the scrubber must show, by going through all of the text at once. */
function masked(text: Buffer, needles: readonly Buffer[]): Buffer {
  const out = Buffer.from(text);
  for (const needle of needles) {
    for (let at = text.indexOf(needle); at >= 0; at = text.indexOf(needle, at + 1))
      out.fill(0x2a, at, at + needle.length);
  }
  return out;
}

// Few letters, so that needles occur, overlap and nearly occur all the time.
const letters = (min: number, max: number) =>
  fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: min, maxLength: max }).map(text => Buffer.from(text));

test('whatever the chunks are, the same is masked as in the whole text, and nothing else', () => {
  fc.assert(
    fc.property(
      fc.array(letters(1, 6), { minLength: 1, maxLength: 4 }),
      fc.array(letters(0, 7), { maxLength: 12 }),
      (needles, chunks) => {
        const scrub = scrubber(needles);
        const out = Buffer.concat([...chunks.map(chunk => scrub.push(Buffer.from(chunk))), scrub.end()]);
        assert.equal(out.toString(), masked(Buffer.concat(chunks), needles).toString());
      },
    ),
    { numRuns: 3_000 },
  );
});

test('the secret is never in what was shown so far, and little is kept back', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 8, maxLength: 40 }),
      fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 6 }),
      fc.nat(),
      (secret, noise, cut) => {
        const needle = Buffer.from(secret);
        const text = Buffer.concat([...noise, secret, ...noise]);
        const at = cut % (text.length + 1);
        const scrub = scrubber([needle]);
        const first = scrub.push(Buffer.from(text.subarray(0, at)));
        assert.ok(at - first.length < needle.length);
        const all = Buffer.concat([first, scrub.push(Buffer.from(text.subarray(at))), scrub.end()]);
        assert.equal(all.length, text.length);
        assert.equal(all.indexOf(needle), -1);
        assert.ok(scrub.found >= 1);
      },
    ),
    { numRuns: 500 },
  );
});

test('a form that ends where another one begins hides neither of them', () => {
  const scrub = scrubber([Buffer.from('one-two'), Buffer.from('two-three')]);
  const out = Buffer.concat([scrub.push(Buffer.from('x one-two')), scrub.push(Buffer.from('-three y')), scrub.end()]);
  assert.equal(out.toString(), 'x ************* y');
});

test('text without the secret is the same text', () => {
  assert.deepEqual(scrubText('nothing here', [Buffer.from('secret')]), { text: 'nothing here', found: 0 });
  assert.deepEqual(scrubText('a secret secret', [Buffer.from('secret')]), { text: 'a ****** ******', found: 2 });
});

test('a secret is masked in large pieces as it is in small ones', () => {
  const secret = Buffer.from('ghp_824fA9c0d1e2f3a4b5c6');
  for (const size of [100, 4_000, 4_096, 4_097, 70_000]) {
    const text = Buffer.concat([Buffer.alloc(size, 'x'), secret, Buffer.alloc(size, 'y')]);
    const scrub = scrubber([secret]);
    const out = Buffer.concat([scrub.push(Buffer.from(text)), scrub.end()]);
    assert.equal(out.length, text.length);
    assert.equal(scrub.found, 1);
    assert.ok(!out.includes(secret));
  }
});
