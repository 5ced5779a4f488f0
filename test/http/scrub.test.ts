import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { needles } from '../../src/credentials/index.js';
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

/** What comes out, whatever the chunks, is the whole text masked; and what went in is as it was. */
function same(needles: readonly Buffer[], chunks: readonly Buffer[]): void {
  const scrub = scrubber(needles);
  const text = Buffer.concat(chunks);
  const out = Buffer.concat([...chunks.map(chunk => scrub.push(chunk)), scrub.end()]);
  const wanted = masked(text, needles);
  assert.ok(out.equals(wanted), `${text} became ${out} and not ${wanted}, of ${needles.join(', ')}`);
  assert.ok(Buffer.concat(chunks).equals(text));
  assert.equal(scrub.found > 0, !wanted.equals(text));
}

test('whatever the chunks are, the same is masked as in the whole text, and nothing else', () => {
  // The shortest decides how much can be skipped: nothing, a little, much.
  for (const [least, most, pieces] of [
    [1, 6, 7],
    [3, 9, 12],
    [8, 40, 60],
  ] as const)
    fc.assert(
      fc.property(
        fc.array(letters(least, most), { minLength: 1, maxLength: 30 }),
        fc.array(letters(0, pieces), { maxLength: 12 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        (needles, noise, picked) => {
          // Whole needles and beginnings of them, between the noise.
          const chunks = noise.flatMap((piece, i) => {
            const needle = needles[(picked[i] ?? 0) % needles.length]!;
            return [piece, needle.subarray(0, needle.length - ((picked[i + 1] ?? 0) % 3))];
          });
          same(needles, chunks);
          const text = Buffer.concat(chunks);
          same(needles, [text]);
          const size = 1 + ((picked[0] ?? 0) % 20);
          same(
            needles,
            Array.from({ length: Math.ceil(text.length / size) }, (_, i) => text.subarray(i * size, (i + 1) * size)),
          );
        },
      ),
      { numRuns: 2_000 },
    );
});

test('a secret in any form, among others, in any pieces, is never in what comes out; and the rest is as it was', () => {
  const secrets = fc.array(fc.string({ unit: 'grapheme-ascii', minLength: 6, maxLength: 60 }), {
    minLength: 1,
    maxLength: 6,
  });
  fc.assert(
    fc.property(
      secrets,
      fc.array(fc.tuple(fc.nat(), fc.uint8Array({ maxLength: 40 })), { maxLength: 8 }),
      fc.array(fc.nat(), { maxLength: 12 }),
      (values, parts, cuts) => {
        const all = values.flatMap(value => needles(Buffer.from(value), 'header:X'));
        const text = Buffer.concat(parts.flatMap(([pick, noise]) => [all[pick % all.length]!, noise]));
        const at = [0, ...cuts.map(cut => cut % (text.length + 1)).sort((a, b) => a - b), text.length];
        same(
          all,
          at.slice(1).map((end, i) => Buffer.from(text.subarray(at[i], end))),
        );
      },
    ),
    { numRuns: 400 },
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

test('text that keeps beginning like a secret costs in proportion to its length', () => {
  // Each place of it is the beginning of a needle: whoever compares from each one would take its length squared.
  const needle = Buffer.concat([Buffer.alloc(20_000, 'a'), Buffer.from('b')]);
  const scrub = scrubber([needle, Buffer.from('aaab'), Buffer.from('abab')]);
  const text = Buffer.alloc(2_000_000, 'a');
  const out = Buffer.concat([scrub.push(text), scrub.end()]);
  assert.ok(out.equals(text));
});

test('many secrets are looked for as one is', () => {
  const secrets = Array.from({ length: 300 }, (_, i) => Buffer.from(`ghp_same-beginning-${i}-${'x'.repeat(20)}`));
  const all = secrets.flatMap(secret => needles(secret, 'bearer'));
  assert.ok(all.length >= 3_000);
  const scrub = scrubber(all);
  for (const secret of secrets) {
    assert.doesNotMatch(
      scrub.push(Buffer.from(`key: ${secret}, hex: ${secret.toString('hex')}.`)).toString(),
      /ghp_|6768705f/,
    );
  }
  assert.equal(scrub.found, 600);
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
