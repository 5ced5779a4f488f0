/** Flags: what a hostile text can make the search cost. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openScanner, shippedRules } from '../../src/flags/index.js';
import { normalise } from '../../src/flags/normalise.js';
import { limits } from '../../src/flags/texts.js';

test('no rule looks at more than some hundred characters from where it begins, so that its work grows with the text alone', () => {
  for (const { id, pattern } of shippedRules().rules) {
    // Quantifiers stand outside of classes, and behind no backslash.
    const bare = pattern.replace(/\\[^pu]/g, 'x').replace(/\[[^\]]*\]/g, 'c');
    assert.doesNotMatch(bare, /[*+]|\{\d+,\}/, id);
    for (const [, most] of bare.matchAll(/\{\d+,(\d+)\}/g)) assert.ok(Number(most) <= 400, id);
    // A group that may come several times is a product of choices: twice at most.
    for (const [, most] of bare.matchAll(/\)\{\d+,(\d+)\}/g)) assert.ok(Number(most) <= 2, id);
    assert.doesNotMatch(bare, /\\\d/, id);
  }
});

test('whatever white space a text has, rules see one of it between two words', () => {
  const space = fc.constantFrom(
    ...'\n\r\t\f\v \u00a0\u1680\u2003\u2028\u2029\u202f\u205f\u3000\ufeff\u0085',
    'a',
    '#',
    '\u200b',
  );
  fc.assert(
    fc.property(fc.string({ unit: space, maxLength: 60 }), text => {
      const { text: normal } = normalise(text);
      assert.doesNotMatch(normal, /\s\s/);
      assert.equal(normalise(normal).text, normal);
    }),
    { numRuns: 500 },
  );
});

test('a text as long as any that is looked at, made to match almost, is looked through', { timeout: 30_000 }, () => {
  const scanner = openScanner();
  for (const unit of [
    '\n\u2028',
    '\n\u3000',
    'ignore the ',
    'human: \n',
    '<|',
    'curl $(',
    '\u200ba',
    'a b ',
    '1a',
    '\u0430',
  ])
    assert.ok(scanner.value(unit.repeat(limits.characters / unit.length)).confidence > 0, unit);
});
