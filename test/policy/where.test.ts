/**
 * The `--where` expression.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Condition, parseWhere, printWhere } from '../../src/policy/where.js';

const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>;
const name = fc.stringMatching(/^[A-Za-z_$][\w$:[\]-]{0,8}(\.[\w-]{1,6}){0,3}$/).filter(text => text !== 'and');
const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const number = fc
  .oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }))
  .map(value => (value === 0 ? 0 : value));
const condition: fc.Arbitrary<Condition> = fc.oneof(
  record({ name, op: fc.constantFrom('==', '!=', 'contains'), value: fc.oneof(text, number, fc.boolean()) }),
  record({ name, op: fc.constantFrom('<', '<=', '>', '>='), value: number }),
  record({ name, op: fc.constantFrom('startswith', 'endswith'), value: text }),
  record({
    name,
    op: fc.constant('matches'),
    value: fc.array(fc.constantFrom('*', 'refs', ''), { minLength: 1 }).map(s => s.join('/')),
  }),
  record({
    name,
    op: fc.constant('in'),
    value: fc.oneof(fc.array(text, { minLength: 1 }), fc.array(number, { minLength: 1 })),
  }),
) as fc.Arbitrary<Condition>;

test('what is printed is read back as the same conditions', () => {
  fc.assert(
    fc.property(fc.array(condition, { minLength: 1, maxLength: 5 }), conditions => {
      const printed = printWhere(conditions);
      fc.pre(printed.length <= 2000);
      assert.deepEqual(parseWhere(printed), { conditions });
    }),
    { numRuns: 500 },
  );
});

test('whatever is typed gives conditions or faults, and never throws', () => {
  const piece = fc.oneof(
    fc.string(),
    fc.constantFrom(' and ', '"', '[', ']', ',', '==', 'in', '\\', 'amount', '1e999', '*'),
  );
  fc.assert(
    fc.property(
      fc.array(piece).map(pieces => pieces.join('')),
      typed => {
        const { conditions, faults } = parseWhere(typed);
        if (faults) assert.ok(faults.length > 0 && faults.every(fault => fault.length > 0));
        else assert.deepEqual(parseWhere(printWhere(conditions)), { conditions });
      },
    ),
    { numRuns: 1000 },
  );
});

test('the examples of the manual are read', () => {
  const read = parseWhere(
    'amount>1000 and base=="main" and labels contains "safe" and ref matches "refs/heads/agent/*"',
  );
  assert.deepEqual(
    read.conditions?.map(({ name, op, value }) => [name, op, value]),
    [
      ['amount', '>', 1000],
      ['base', '==', 'main'],
      ['labels', 'contains', 'safe'],
      ['ref', 'matches', 'refs/heads/agent/*'],
    ],
  );
});

test('all faults of an expression are told at once, each with its place', () => {
  const { faults } = parseWhere(
    'amount = 5 and base == main and > 3 and x in [] and y < "a" and z == \'q\' and n == 9007199254740993',
  );
  assert.equal(faults?.length, 7);
  const told = faults.join('\n');
  for (const hint of [
    'equality is written `==`',
    'double quotes, "main"',
    'not the name of a parameter',
    'a list that is not empty',
    '`<` compares numbers',
    'double quotes, "q"',
    'cannot be compared exactly',
  ]) {
    assert.ok(told.includes(hint), `${hint} in ${told}`);
  }
});

test('an expression that does more than it says is refused', () => {
  const refused = [
    '',
    ' ',
    'a',
    'a ==',
    '== 1',
    'a == 1 b == 2',
    'a == 1 and',
    'and a == 1',
    'a == 1 or b == 2',
    'a == "x" "y"',
    'a == "x',
    'a in "x"',
    'a in [1, "x"]',
    'a in [1,,2]',
    'a in [1,]',
    'a in [,1]',
    'a in [1',
    'a == [1]',
    'a == 01',
    'a == 1e400',
    'a == NaN',
    'a == null',
    'a matches "x*"',
    'a matches 1',
    'a.b. == 1',
    '.a == 1',
    'a == "\\q"',
    'a == "\\ud800"',
    'a === 1',
    `a == "${'x'.repeat(2000)}"`,
    Array.from({ length: 17 }, () => 'a == 1').join(' and '),
    'a.b.c.d.e.f.g.h.i == 1',
  ];
  for (const expression of refused) assert.ok(parseWhere(expression).faults, expression);
});
