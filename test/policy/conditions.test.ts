/**
 * Conditions of permissions: proven, refuted or neither.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { printWhere } from '../../src/policy/where.js';
import { decide, parameters, where } from './shipped-policy.js';

test('an allow on a condition over an unknown parameter is never an allow, and the stricter effects apply', async () => {
  await fc.assert(
    fc.asyncProperty(where, parameters, fc.constantFrom('p', '*', 'p.x'), async (expression, given, unknown) => {
      fc.pre(unknown !== 'p.x' || expression.startsWith('p.x'));
      const asked = { parameters: given, unknown: [unknown] };
      assert.equal((await decide([{ where: expression }], asked)).effect, 'deny');
      for (const effect of ['deny', 'require_approval', 'defer'] as const) {
        assert.equal((await decide([{}, { effect, where: expression }], asked)).effect, effect);
      }
    }),
    { numRuns: 150 },
  );
});

test('whatever a parameter is, it is not both proven for an allow and refuted for a denial', async () => {
  await fc.assert(
    fc.asyncProperty(where, parameters, async (expression, given) => {
      const allowed = (await decide([{ where: expression }], { parameters: given })).effect === 'allow';
      const denied =
        (await decide([{}, { effect: 'deny', where: expression }], { parameters: given })).effect === 'deny';
      assert.ok(denied || !allowed);
    }),
    { numRuns: 300 },
  );
});

test('a parameter that a body not read to its end may hold is unknown', async () => {
  for (const asked of [{ body: 'truncated' }, { body: 'opaque' }, { unknown: ['body'] }] as const) {
    assert.equal((await decide([{ where: 'amount != 5' }], asked)).effect, 'deny');
    assert.equal((await decide([{}, { effect: 'deny', where: 'amount > 5' }], asked)).effect, 'deny');
  }
  assert.equal((await decide([{}, { effect: 'deny', where: 'amount > 5' }])).effect, 'allow');
});

test('numbers are compared exactly', async () => {
  const holds = async (amount: number, expression: string): Promise<boolean> =>
    (await decide([{ where: expression }], { parameters: { amount } })).effect === 'allow';
  assert.ok(await holds(9007199254740991, 'amount > 9007199254740990'));
  assert.ok(await holds(9007199254740992, 'amount == 9007199254740992'));
  assert.ok(!(await holds(9007199254740992, 'amount == 9007199254740991')));
  assert.ok(await holds(0.1 + 0.2, 'amount > 0.3'));
  assert.ok(await holds(19.99, 'amount == 19.99'));
  assert.ok(await holds(1e21, 'amount > 999999999999999'));
  assert.ok(await holds(-0, 'amount == 0'));
  await fc.assert(
    fc.asyncProperty(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      async (a, b) => {
        assert.equal(await holds(a, printWhere([{ name: 'amount', op: '<', value: b }])), a < b);
        assert.equal(await holds(a, printWhere([{ name: 'amount', op: '==', value: a }])), true);
      },
    ),
    { numRuns: 150 },
  );
});

test('a string never compares as a number', async () => {
  assert.equal((await decide([{ where: 'amount < 100' }], { parameters: { amount: '5' } })).effect, 'deny');
  assert.equal((await decide([{ where: 'amount == "5"' }], { parameters: { amount: 5 } })).effect, 'deny');
  const { effect, reason } = await decide([{}, { effect: 'deny', where: 'amount > 1000', reason: 'Too much.' }], {
    parameters: { amount: '5' },
  });
  assert.deepEqual([effect, reason], ['deny', 'Too much. (Not determined: amount.)']);
});

test('a condition is proven, refuted or neither: only proven lets an allow apply, only refuted holds off a denial', async () => {
  const parameters = { n: 5, s: 'a/b', list: ['a'], inner: { x: 1 }, nothing: null };
  const expected = {
    proven: [
      'n < 6',
      'n <= 5',
      'n > 4',
      'n >= 5',
      'n in [4, 5]',
      's startswith "a"',
      's endswith "b"',
      's contains "/"',
      's matches "a/*"',
      'list contains "a"',
      'inner.x == 1',
      'n != 6',
    ],
    refuted: [
      'n < 5',
      'n <= 4',
      'n > 5',
      'n >= 6',
      'n in [4, 6]',
      's startswith "b"',
      's endswith "a"',
      's contains "c"',
      's matches "b/*"',
      's matches "a/b/*"',
      'list contains "b"',
      'inner.x == 2',
      'n != 5',
      'absent == 1',
      'absent > 1',
      'absent < 1',
      'absent in [1]',
      'absent contains "a"',
      'inner.y == 1',
      'absent.y == 1',
    ],
    neither: [
      's < 6',
      's <= 6',
      's > 6',
      's >= 6',
      's in [1]',
      's == 5',
      's != 5',
      'n startswith "5"',
      'n endswith "5"',
      'n contains "5"',
      'n matches "*"',
      'list contains 1',
      'list == "a"',
      'nothing == "a"',
      'nothing != "a"',
      'absent != 1',
      'inner.y != 1',
      's.x == 1',
      'n == true',
    ],
  };
  for (const [verdict, expressions] of Object.entries(expected)) {
    for (const where of expressions) {
      const allowed = (await decide([{ where }], { parameters })).effect === 'allow';
      const denied = (await decide([{}, { effect: 'deny', where }], { parameters })).effect === 'deny';
      assert.deepEqual([allowed, denied], [verdict === 'proven', verdict !== 'refuted'], `${where} is ${verdict}`);
    }
  }
});
