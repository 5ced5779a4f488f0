/**
 * The default policy: the shipped module, asked through the door of the room.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { matchesPattern } from '../../src/action/pattern.js';
import { Fault } from '../../src/errors.js';
import type { Effect, Permission, Value } from '../../src/model.js';
import { openPolicy, parsePermission, toData } from '../../src/policy/index.js';
import { shippedDirectory } from '../../src/policy/shipped.js';
import { ask, permission } from './question.js';
import { anyPermission, decide, parameters, policy } from './shipped-policy.js';

const strictness: Record<Effect, number> = { allow: 0, defer: 1, require_approval: 2, deny: 3 };

test('a gateway without permissions may do nothing, and is told so in a sentence', async () => {
  const { effect, rule, reason, secret } = await decide([], { gateway: 'research-agent' });
  assert.deepEqual({ effect, rule, secret }, { effect: 'deny', rule: 'default', secret: null });
  assert.equal(reason, 'No permission of research-agent allows github.issue.create.');
});

test('whoever is denied for a condition or a resource only is told which, and by which permission', async () => {
  const reason = async (fields: Partial<Permission>): Promise<string> => (await decide([fields], asked)).reason;
  const asked = { parameters: { labels: 'bug' }, unknown: ['title'] };
  assert.equal(
    await reason({ where: 'labels == "a<b" and title == "x"' }),
    'No permission of g allows this github.issue.create: perm_1 would, but labels == "a<b" does not hold, and title == "x" could not be determined.',
  );
  assert.equal(
    await reason({ resource: 'repo:other/*' }),
    'No permission of g allows this github.issue.create: perm_1 would, but only on repo:other/*.',
  );
  assert.equal(
    await reason({ action: 'github.pr.*', resource: 'repo:other/*' }),
    'No permission of g allows github.issue.create.',
  );
});

test('a permission counts for its own gateway only', async () => {
  assert.equal((await decide([{ gateway: 'other' }])).effect, 'deny');
  assert.equal((await decide([{ gateway: '__proto__' }], { gateway: '__proto__' })).effect, 'allow');
  assert.equal((await decide([{}], { gateway: 'constructor' })).effect, 'deny');
});

const rows: [name: string, permissions: Partial<Permission>[], wins: string, effect: Effect][] = [
  ['an exact allow allows', [{ action: 'github.issue.create' }], 'perm_1', 'allow'],
  [
    'deny beats a more specific allow',
    [
      { action: 'github.issue.create', resource: 'repo:acme/site' },
      { action: '*', effect: 'deny' },
    ],
    'perm_2',
    'deny',
  ],
  [
    'the most specific of two denials is named',
    [
      { action: '*', effect: 'deny' },
      { action: 'github.*', effect: 'deny' },
    ],
    'perm_2',
    'deny',
  ],
  [
    'the more specific action wins',
    [{ action: 'github.issue.*' }, { action: 'github.*', effect: 'require_approval' }],
    'perm_1',
    'allow',
  ],
  [
    'the more specific resource wins',
    [{ resource: 'repo:acme/*', effect: 'defer' }, { resource: 'repo:acme/site' }],
    'perm_2',
    'allow',
  ],
  [
    'action counts before resource',
    [
      { action: 'github.*', resource: 'repo:acme/site' },
      { action: 'github.issue.*', effect: 'defer' },
    ],
    'perm_2',
    'defer',
  ],
  [
    'among equals the stricter wins',
    [{}, { effect: 'defer' }, { effect: 'require_approval' }],
    'perm_3',
    'require_approval',
  ],
  [
    'conditions do not make a pattern more specific',
    [{ where: 'amount < 100' }, { effect: 'require_approval' }],
    'perm_2',
    'require_approval',
  ],
  [
    'a condition that fails leaves the other permission',
    [{}, { effect: 'deny', where: 'amount > 100' }],
    'perm_1',
    'allow',
  ],
  [
    'a star before the end is one segment',
    [{ action: 'github.*.create' }, { action: 'github.*.delete', effect: 'deny' }],
    'perm_1',
    'allow',
  ],
  [
    'another resource does not count',
    [{ resource: 'repo:other/*' }, { resource: 'repo:acme' }, { resource: 'charge:*' }],
    'default',
    'deny',
  ],
  [
    'a shorter name does not fit a longer pattern',
    [{ action: 'github.issue.create.*' }, { action: 'github.issue' }],
    'default',
    'deny',
  ],
];
for (const [name, permissions, rule, effect] of rows) {
  test(`precedence: ${name}`, async () => {
    const decision = await decide(permissions, { parameters: { amount: 50 } });
    assert.deepEqual([decision.rule, decision.effect], [rule, effect]);
  });
}

const segment = fc.constantFrom('a', 'b', 'c');
const pattern = fc.array(fc.oneof(segment, fc.constant('*')), { minLength: 1, maxLength: 4 });
const value = fc.array(segment, { minLength: 1, maxLength: 4 });

test('action and resource patterns fit what the pattern room says they fit', async () => {
  await fc.assert(
    fc.asyncProperty(pattern, value, pattern, value, async (actions, action, resources, resource) => {
      const written = {
        action: actions.join('.'),
        resource: `${resources[0]}:${resources.slice(1).join('/')}`.replace(/:$/, ''),
      };
      const id = resource.slice(1).join('/');
      const fits =
        matchesPattern(written.action, action.join('.'), '.') &&
        matchesPattern(written.resource, id === '' ? resource[0]! : `${resource[0]}:${id}`, '/');
      const { effect } = await decide([written], { name: action.join('.'), resource: { type: resource[0]!, id } });
      assert.equal(effect, fits ? 'allow' : 'deny');
    }),
    { numRuns: 500 },
  );
});

test('one more denial never makes anything laxer', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyPermission, { maxLength: 6 }),
      anyPermission,
      parameters,
      async (permissions, more, given) => {
        const before = await decide(permissions, { parameters: given });
        const after = await decide([...permissions, { ...more, effect: 'deny' }], { parameters: given });
        assert.ok(strictness[after.effect] >= strictness[before.effect]);
      },
    ),
    { numRuns: 300 },
  );
});

test('a child may do only what each of its parents may', async () => {
  const chain = ['parent', 'g'];
  assert.equal((await decide([{}], { chain })).effect, 'deny');
  const both = [{}, { gateway: 'parent', effect: 'require_approval' as const }];
  assert.deepEqual(
    [(await decide(both, { chain })).effect, (await decide(both, { chain })).rule],
    ['require_approval', 'perm_2'],
  );
  assert.equal((await decide([{}, { gateway: 'parent' }], { chain })).effect, 'allow');
});

test('a decision is exact only when no star stood for the action', async () => {
  assert.equal((await decide([{ action: 'github.issue.create' }])).exact, true);
  assert.equal((await decide([{ action: 'github.issue.*' }])).exact, undefined);
  assert.equal((await decide([])).exact, undefined);
});

test('an answer that can’t be searched is denied, whatever is allowed', async () => {
  policy.setData(toData([permission({ action: 'github.issue.create' })], []));
  assert.equal((await policy.decide(ask())).effect, 'allow');
  for (const chain of [['g'], ['outer', 'g']]) {
    const response = { scannable: false, status: 206, media_type: 'text/plain', coding: 'gzip' } as const;
    const { effect, rule } = await policy.decide({ ...ask({ chain }), response });
    assert.deepEqual([effect, rule], ['deny', 'unscannable']);
  }
});

test('a change of permissions acts on the next question, and has another digest', async () => {
  const before = await decide([{}]);
  const after = await decide([{ effect: 'deny' }]);
  assert.deepEqual([before.effect, after.effect], ['allow', 'deny']);
  assert.match(after.policy_sha256, /^[0-9a-f]{64}$/);
  assert.notEqual(before.policy_sha256, after.policy_sha256);
  assert.equal((await decide([{}])).policy_sha256, before.policy_sha256);
});

test('what an agent puts into parameters can only get it denied', async () => {
  let deep: Value = 'x';
  for (let i = 0; i < 40; i++) deep = [deep];
  for (const parameters of [{ deep }, { long: 'x'.repeat(70_000) }, { broken: '\ud800' }]) {
    const { effect, rule } = await decide([{}], { parameters });
    assert.deepEqual([effect, rule], ['deny', 'policy']);
  }
  assert.equal((await decide([{}], { parameters: { nul: '\0', quote: '"', __proto__: 'x' } })).effect, 'allow');
});

test('a decision of the default policy that comes after the deadline is a denial', async () => {
  let time = 0;
  const slow = await openPolicy({ data: toData([permission()], []), deadline: 250, now: () => (time += 251) });
  const { effect, rule, reason } = await slow.decide(ask());
  assert.deepEqual([effect, rule, reason], ['deny', 'policy', 'The policy took longer than 250 ms.']);
});

test('the default policy reads no more of a question than it is given', () => {
  const rego = ['decision', 'permissions', 'conditions']
    .map(name => readFileSync(new URL(`tollfence/${name}.rego`, shippedDirectory()), 'utf8').replace(/#.*/g, ''))
    .join('\n');
  const read = new Set(rego.match(/\binput\b[a-z_.]*/g));
  const given = [
    'v',
    'subject.id',
    'subject.chain',
    'resource.type',
    'resource.id',
    'request.body.state',
    'response.scannable',
    'context.flags',
    'context.within',
  ];
  const action = ['name', 'aliases', 'connector', 'access', 'parameters', 'unknown'].map(name => `action.${name}`);
  assert.deepEqual([...read].sort(), [...given, ...action].map(path => `input.${path}`).sort());
});

test('what the policy reads is what its schema describes', () => {
  const schema = z.fromJSONSchema(JSON.parse(readFileSync(new URL('data.schema.json', shippedDirectory()), 'utf8')));
  fc.assert(
    fc.property(fc.array(anyPermission), permissions => {
      const data = toData(
        permissions.map(fields => permission(fields)),
        [],
      );
      assert.deepEqual(schema.safeParse(data.tollfence).error?.issues, undefined);
    }),
    { numRuns: 50 },
  );
});

test('all faults of a permission are told at once', () => {
  const { faults } = parsePermission({
    gateway: '',
    action: 'github.is*',
    effect: 'permit',
    resource: 'acme',
    where: 'a = 1 and b',
    reason: '',
  });
  assert.equal(faults?.length, 5);
  const unknown = parsePermission({ gateway: 'g', action: '*', effect: 'allow', hour: 'mon-fri' });
  assert.match(unknown.faults?.[0] ?? '', /has no "hour"/);
  assert.ok(parsePermission({ gateway: 'g', action: '*', effect: 'deny', reason: 'a\u001b[31m' }).faults);
});

test('a stored permission that cannot be read keeps the whole policy from loading, and is named', () => {
  const broken = permission({ id: 'perm_9', effect: 'deny', where: 'amount >' });
  assert.throws(
    () => toData([permission(), broken], []),
    (error: unknown) => error instanceof Fault && /perm_9/.test(error.message),
  );
  const many = Array.from({ length: 1001 }, (_, i) => permission({ id: `perm_${i}` }));
  assert.throws(() => toData(many, []), Fault);
});
