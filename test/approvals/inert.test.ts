import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { inert } from '../../bin/print.js';

test('text of agents is printed so that nothing in it is obeyed, and nothing in it is unseen', () => {
  const cases: Readonly<Record<string, string>> = {
    '\u001b[2Jgone': '\\u{1b}[2Jgone',
    'a\r\nb\u2028c': 'a\\u{d}\\u{a}b\\u{2028}c',
    'pay \u202eecila\u202c': 'pay \\u{202e}ecila\\u{202c}',
    'de\u200blete\u00ad': 'de\\u{200b}lete\\u{ad}',
    'tag\u{e0041}\u{e007f}': 'tag\\u{e0041}\\u{e007f}',
    'a\ufe0fb\u3164': 'a\\u{fe0f}b\\u{3164}',
    'lone \ud800': 'lone \\u{d800}',
  };
  for (const [text, shown] of Object.entries(cases)) assert.equal(inert(text), shown);
});

test('a word that mixes Latin with letters that look like it shows them; a word of one script is left alone', () => {
  assert.equal(inert('p\u0430ypal.com'), 'p\\u{430}ypal.com');
  assert.equal(inert('\u03bfctocat'), '\\u{3bf}ctocat');
  for (const text of ['платёж acme', 'Ελλάδα', 'Zoë Müller', 'naïve 東京 café']) assert.equal(inert(text), text);
});

test('what is inert stays as it is, whatever it was', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => {
      const shown = inert(text);
      assert.doesNotMatch(shown, /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u);
      assert.equal(inert(shown), shown);
    }),
  );
});
