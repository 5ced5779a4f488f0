import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPolicy, parsePermission, toData } from '../../src/policy/index.js';
import { ask, compile, permission } from './question.js';

const fields = { gateway: 'g', action: 'openai.*', effect: 'allow' };

test('rates and budgets are kept in one spelling, one or several', () => {
  assert.deepEqual(
    parsePermission({ ...fields, rate: '010/min', budget: ['USD 20/day', 'tokens 5/hour'] }).permission,
    {
      ...{ ...fields, resource: null, where: null, reason: '' },
      ...{ rate: ['10/min'], budget: ['usd 20.00/day', 'tokens 5/hour'] },
    },
  );
  // One without limits is as it was before there were any.
  assert.deepEqual(Object.keys(parsePermission({ ...fields, rate: [], budget: null }).permission!).sort(), [
    ...['action', 'effect', 'gateway', 'reason', 'resource', 'where'],
  ]);
});

test('a limit, condition or resource that is empty is a fault: a variable that is not set must not restrict nothing', () => {
  for (const member of ['rate', 'budget', 'where', 'resource'])
    for (const empty of ['', ...(member === 'rate' || member === 'budget' ? [['']] : [])])
      assert.equal(parsePermission({ ...fields, [member]: empty }).faults?.length, 1, member);
});

test('all that is wrong with limits is said at once', () => {
  const { faults = [] } = parsePermission({
    ...fields,
    effect: 'deny',
    where: 'amount >',
    rate: ['many', 5, '3/min', '4/min'],
    budget: ['usd 20', 'xyz 1/day'],
  });
  for (const said of [
    'amount >',
    '"many"',
    'rate is a text',
    '"usd 20"',
    'no currency',
    'two limits of requests',
    'effect is then allow',
  ])
    assert.ok(
      faults.some(fault => fault.includes(said)),
      said,
    );
  const rate = Array.from({ length: 9 }, (_, i) => `${i + 1}/min`);
  assert.ok(parsePermission({ ...fields, rate }).faults?.some(fault => fault.includes('at most 8')));
});

test('a decision names the limits that it is under: of the permission that wins, and of each parent', async () => {
  const limited = { rate: ['10/min'] };
  const permissions = [
    permission({ id: 'perm_1', ...limited }),
    permission({ id: 'perm_2', action: 'github.*', ...limited }),
    permission({ id: 'perm_3', action: 'github.pr.*', gateway: 'parent', effect: 'require_approval', ...limited }),
    permission({ id: 'perm_4', gateway: 'parent' }),
    permission({ id: 'perm_5', gateway: 'free' }),
  ];
  const policy = await openPolicy({ data: toData(permissions, []) });
  const limits = async (asked: Parameters<typeof ask>[0]) => (await policy.decide(ask(asked))).limits;
  assert.deepEqual(await limits({}), ['perm_2']);
  assert.deepEqual(await limits({ name: 'slack.message.post' }), ['perm_1']);
  assert.equal(await limits({ gateway: 'free' }), undefined);
  assert.deepEqual(await limits({ chain: ['parent', 'g'] }), ['perm_2']);
  assert.deepEqual([...((await limits({ name: 'github.pr.merge', chain: ['parent', 'g'] })) ?? [])].sort(), [
    'perm_2',
    'perm_3',
  ]);
  // A denial is under none.
  assert.equal(await limits({ chain: ['nobody', 'g'] }), undefined);
  const several = ask({ name: 'slack.message.post' });
  const { action, resource } = ask({ name: 'github.issue.create' });
  assert.deepEqual((await policy.decide({ ...several, also: [{ action, resource }] })).limits, ['perm_1', 'perm_2']);
  await policy.close();
});

test("a policy of the operator's own names the permissions by whose limits it wants a request counted", async () => {
  const rego = (limits: string): string =>
    `package tollfence\n\ndecision := {"effect": "allow", "rule": "mine", "limits": ${limits}}\n`;
  const wasm = await compile(rego('["perm_1", "perm_1"]'));
  const policy = await openPolicy({ data: toData([], []), wasm });
  assert.deepEqual((await policy.decide(ask())).limits, ['perm_1']);
  await policy.replace(
    await compile(
      'package tollfence\n\ndecision := {"effect": "allow", "limits": input.action.parameters.limits} if input.subject.id == "g"\n\nelse := {"effect": "deny"}\n',
    ),
  );
  assert.equal((await policy.decide(ask({ parameters: { limits: 'perm_1' } }))).effect, 'deny');
  await policy.close();
});
