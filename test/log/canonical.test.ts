/** The spelling of entries: RFC 8785, held equal to the `canonicalize` package. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonical } from '../../src/log/canonical.js';
import { pieces } from '../../src/log/entry.js';
import type { Draft } from '../../src/model.js';

const canonicalize = createRequire(import.meta.url)('canonicalize') as (value: unknown) => string;
const wellFormed = fc.string({ unit: 'grapheme-composite' });
const json = fc.jsonValue({ stringUnit: 'grapheme-composite', maxDepth: 5 });

test('our spelling of any JSON value is the one of RFC 8785', () => {
  fc.assert(
    fc.property(json, value => assert.equal(canonical(value), canonicalize(value))),
    { numRuns: 500 },
  );
  // RFC 8785 §3.2.3 and appendix B.
  const sample = {
    '\u20ac': 'Euro',
    '\r': 'CR',
    '\ufb33': 'Dalet',
    '1': 'One',
    '\ud83d\ude00': 'Smiley',
    '\u0080': 'Control',
    '\u00f6': 'o',
  };
  assert.equal(
    canonical(sample),
    '{"\\r":"CR","1":"One","\u0080":"Control","\u00f6":"o","\u20ac":"Euro","\ud83d\ude00":"Smiley","\ufb33":"Dalet"}',
  );
  assert.equal(
    canonical([Number('333333333.33333329'), 1e30, 4.5, 2e-3, 1e-27, -0]),
    '[333333333.3333333,1e+30,4.5,0.002,1e-27,0]',
  );
});

test('an entry is the canonical JSON of its members, whatever they are and in whatever order', () => {
  const draft = fc.dictionary(
    wellFormed.filter(name => !['v', 'seq', 'id', 'time', 'prev', 'type', 'run', '__proto__'].includes(name)),
    json,
  );
  fc.assert(
    fc.property(draft, members => {
      const stamp = { id: 'ev_X', seq: 7, time: '2026-11-20T11:58:03.121Z' };
      const whole = { type: 'run.started', run: null, ...members } as Draft;
      const { before, after } = pieces(whole, stamp);
      assert.equal(before + 'ab'.repeat(32) + after, canonicalize({ ...whole, ...stamp, prev: 'ab'.repeat(32), v: 1 }));
    }),
    { numRuns: 300 },
  );
});

test('a frozen subject whose inside can still change is spelled as it is now', () => {
  const labels: Record<string, string> = { team: 'a' };
  const draft = { type: 'run.started', run: null, subject: Object.freeze({ labels }) } as const;
  const spell = (): string =>
    pieces(draft, { id: 'ev_X', seq: 0, time: '' }).before + pieces(draft, { id: 'ev_X', seq: 0, time: '' }).after;
  const first = spell();
  labels.team = 'b';
  assert.match(first, /"team":"a"/);
  assert.match(spell(), /"team":"b"/);
});

test('what JSON or UTF-8 can not hold is refused, and a lone surrogate in a string is replaced', () => {
  assert.equal(canonical('a\ud800b\udc00'), '"a\ufffdb\ufffd"');
  let deep: unknown = 1;
  for (let i = 0; i < 100; i++) deep = [deep];
  for (const value of [
    Number.NaN,
    1 / 0,
    1n,
    undefined,
    () => 1,
    new Date(0),
    new Map(),
    [undefined],
    { '\ud800': 1 },
    deep,
  ]) {
    assert.throws(() => canonical(value), TypeError);
  }
  assert.throws(
    () => pieces({ type: 'run.started', run: null, prev: 'x' }, { id: '', seq: 0, time: '' }),
    /its member prev/,
  );
  assert.throws(
    () => pieces({ type: 'run.started', run: null, x: 'x'.repeat(1 << 20) }, { id: '', seq: 0, time: '' }),
    /characters/,
  );
});
