import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decimalsOf, exactly, fromMinor, parseMoney, printMoney } from '../../src/spending/currencies.js';
import { parseBudget, parseRate } from '../../src/spending/limits.js';
import { endOf, type Period, windowAt } from '../../src/spending/windows.js';

const currency = fc.constantFrom('usd', 'eur', 'jpy', 'krw', 'kwd', 'bhd', 'clf', 'isk', 'huf');
const periods: readonly Period[] = ['s', 'min', 'hour', 'day', 'month'];

test('an amount that is printed is read as the same amount, in every currency', () => {
  fc.assert(
    fc.property(currency, fc.integer({ min: 0, max: 1_000_000_000 }), (code, minor) => {
      const micro = fromMinor(minor, code)!;
      assert.equal(micro, minor * 10 ** (6 - decimalsOf(code)!));
      assert.equal(parseMoney(printMoney(micro, code), code), micro);
    }),
  );
});

test('money that is written has no more decimals than its currency, and is never rounded', () => {
  fc.assert(
    fc.property(currency, fc.stringMatching(/^\d{1,9}(\.\d{1,8})?$/), (code, text) => {
      const micro = parseMoney(text, code);
      const fraction = text.split('.')[1] ?? '';
      assert.equal(micro !== undefined, fraction.length <= decimalsOf(code)!);
      if (micro === undefined) return;
      const scaled = BigInt(text.replace('.', '')) * 10n ** BigInt(6 - fraction.length);
      assert.equal(BigInt(micro), scaled);
    }),
  );
});

test('currencies have the minor units of ISO 4217', () => {
  const decimals = ['usd', 'eur', 'jpy', 'isk', 'kwd', 'tnd', 'clf', 'mga', 'ugx', 'xyz', 'USD'].map(decimalsOf);
  assert.deepEqual(decimals, [2, 2, 0, 0, 3, 3, 4, 2, 0, undefined, undefined]);
});

test('what is no plain numeral, or too large to be counted exactly, is no amount', () => {
  for (const text of ['', '-1', '+1', '1e3', '1,000', '1_000', '.5', '5.', ' 5', '0x10', 'NaN', '9007199254740993'])
    assert.equal(exactly(text, 0), undefined, text);
  assert.equal(parseMoney('9007199255', 'usd'), undefined);
  assert.equal(fromMinor(0.5, 'usd'), undefined);
  assert.equal(fromMinor(-1, 'usd'), undefined);
  assert.equal(fromMinor(Number.MAX_SAFE_INTEGER, 'jpy'), undefined);
});

test('limits are read in one spelling, and what is wrong with one is a sentence', () => {
  const read = (limit: ReturnType<typeof parseRate>): unknown => (typeof limit === 'string' ? null : limit);
  assert.deepEqual(read(parseRate('010/min')), { text: '10/min', unit: 'requests', most: 10, period: 'min' });
  assert.deepEqual(read(parseBudget('USD 20.5/day')), {
    text: 'usd 20.50/day',
    unit: 'usd',
    most: 20_500_000,
    period: 'day',
  });
  assert.deepEqual(read(parseBudget('tokens 100000/month')), {
    text: 'tokens 100000/month',
    unit: 'tokens',
    most: 100_000,
    period: 'month',
  });
  for (const text of ['', '10', '0/min', '10/week', '10/month', '-1/s', '1.5/s', '10 /min', '10/min/s'])
    assert.match(String(parseRate(text)), /^The rate ".*as in 10\/min\.$/, text);
  for (const text of ['20/day', 'usd/day', 'usd 20', 'usd 20/s', 'usd 20.001/day', 'jpy 1.5/day', 'xyz 5/day'])
    assert.match(String(parseBudget(text)), /^The budget ".*as in "usd 20\/day"\.$/, text);
  for (const text of ['tokens 1.5/day', 'usd 0/day', 'usd -1/day', 'requests 5/day', 'usd 1e3/day'])
    assert.equal(typeof parseBudget(text), 'string', text);
});

test('windows follow each other without a gap, and hold each instant once', () => {
  const instant = fc.integer({ min: 0, max: Date.UTC(2100, 0, 1) });
  fc.assert(
    fc.property(
      fc.constantFrom(...periods),
      instant,
      fc.integer({ min: 0, max: 40 * 86_400_000 }),
      (period, now, later) => {
        const window = windowAt(period, now);
        assert.ok(endOf(period, window - 1) <= now && now < endOf(period, window));
        assert.equal(windowAt(period, endOf(period, window)), window + 1);
        assert.equal(windowAt(period, endOf(period, window) - 1), window);
        assert.ok(windowAt(period, now + later) >= window);
      },
    ),
  );
});

test('a day begins at midnight UTC, a month on its first', () => {
  const at = (text: string): number => Date.parse(text);
  assert.equal(endOf('day', windowAt('day', at('2026-11-20T23:59:59.999Z'))), at('2026-11-21T00:00:00Z'));
  assert.equal(endOf('month', windowAt('month', at('2026-12-31T23:59:59.999Z'))), at('2027-01-01T00:00:00Z'));
  assert.equal(endOf('month', windowAt('month', at('2028-02-10T00:00:00Z'))), at('2028-03-01T00:00:00Z'));
});
