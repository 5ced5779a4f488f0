/**
 * The default policy: the shipped module, asked through the door of the room; and what permissions may look like.
 */
import fc from 'fast-check';
import type { Decision, Effect, Permission, Value } from '../../src/model.js';
import { openPolicy, type Policy, toData } from '../../src/policy/index.js';
import { type Asked, ask, permission } from './question.js';

export const policy: Policy = await openPolicy({ data: toData([], []), deadline: 60_000 });

/** What the default policy says when these are the only permissions, in this order. */
export async function decide(permissions: readonly Partial<Permission>[], asked: Asked = {}): Promise<Decision> {
  policy.setData(
    toData(
      permissions.map((fields, i) => permission({ id: `perm_${i + 1}`, ...fields })),
      [],
    ),
  );
  return policy.decide(ask(asked));
}

const json: fc.Arbitrary<Value> = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom('a', 'b', ''),
  fc.boolean(),
  fc.constant(null),
  fc.array(fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom('a', 'b'))),
  fc.record({ x: fc.integer({ min: 0, max: 2 }) }),
);
export const parameters = fc.dictionary(fc.constantFrom('p', 'q'), json);
export const where = fc.constantFrom(
  'p == 1',
  'p != 1',
  'p > 0',
  'p <= 2',
  'p in ["a", "b"]',
  'p startswith "a"',
  'p contains "a"',
  'p matches "*"',
  'p.x == 1',
  'p.x != 1',
);
export const anyPermission = fc.record({
  action: fc.constantFrom('*', 'github.*', 'github.issue.create', 'github.*.create', 'github.pr.*'),
  effect: fc.constantFrom<Effect>('allow', 'deny', 'require_approval', 'defer'),
  resource: fc.constantFrom(null, 'repo:acme/*', 'repo:acme/site', 'repo:other/*'),
  where: fc.option(where),
});
