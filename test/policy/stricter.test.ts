/** Stricter: what is added to what is asked, or comes to hold while people are asked, never takes anything back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { confirmed } from '../../bin/proxy/confirm.js';
import { openTrace } from '../../src/gateway.js';
import type { Decision, Effect, Permission } from '../../src/model.js';
import { readAnswer } from '../../src/policy/answer.js';
import { strictestAlong } from '../../src/policy/chain.js';
import { openCounters, openPolicy, parseFreeze, toData } from '../../src/policy/index.js';
import { repeatsIn } from '../../src/policy/repeats.js';
import { questionsIn, strictest } from '../../src/policy/several.js';
import { ask, permission } from './question.js';
import { anyPermission, policy } from './shipped-policy.js';

const severity: readonly Effect[] = ['allow', 'defer', 'require_approval', 'deny'];
const rank = ({ effect }: Decision): number => severity.indexOf(effect);
const times = ({ limits = [] }: Decision, id: string): number => limits.filter(each => each === id).length;
const answered = (fields: Partial<Decision>): Decision => ({
  ...{ effect: 'allow', rule: 'r', reason: '', secret: null, policy_sha256: 'x' },
  ...fields,
});

test('a freeze without an end, to the last year that can be written, holds', async () => {
  for (const [interval, zone] of [
    ['2026-01-01/9999-12-31', 'UTC'],
    ['2026-01-01/9999-12-31', 'America/New_York'],
    ['2026-01-01T00:00/9999-12-31T23:00-05:00', 'UTC'],
  ] as const) {
    const { freeze } = parseFreeze({ interval }, zone);
    policy.setData(
      toData([permission()], [], {
        timezone: zone,
        freezes: [{ ...freeze!, id: 'freeze_1', by: 'me', created_at: '' }],
      }),
    );
    assert.equal((await policy.decide(ask())).rule, 'freeze_1', interval);
  }
});

const limited = fc.array(fc.constantFrom('perm_1', 'perm_2'), { maxLength: 4 });
const demand = fc.record({ approvers: fc.constantFrom([], ['alice'], ['bob', 'alice']), approvals: fc.constant(1) });
const anyAnswer = fc
  .record({
    effect: fc.constantFrom(...severity),
    limits: limited,
    who: demand,
    hold: fc.option(fc.nat({ max: 9 }), { nil: undefined }),
    exact: fc.boolean(),
  })
  .map(({ who, hold, effect, ...rest }) =>
    answered({
      ...{ ...rest, effect, ...(hold !== undefined && { hold }) },
      ...(effect === 'require_approval' && who),
    }),
  );

const demandsOf = ({ effect, demands, approvers = [], approvals = 1 }: Decision): readonly string[] =>
  effect === 'require_approval' ? (demands ?? [{ approvers, approvals }]).map(each => JSON.stringify(each)) : [];

for (const [what, together] of [
  ['a parent', strictestAlong],
  [
    'an action in the same request',
    (all: readonly Decision[]) => {
      const { action, resource } = ask();
      return strictest(questionsIn({ ...ask(), also: all.slice(1).map(() => ({ action, resource })) }), all);
    },
  ],
] as const)
  test(`${what} more takes back no effect, no limit, no approver, and lets nothing through that was no exact match`, () => {
    fc.assert(
      fc.property(fc.array(anyAnswer, { minLength: 1, maxLength: 4 }), anyAnswer, (answers, one) => {
        const before = together(answers);
        for (const more of [
          [one, ...answers],
          [...answers, one],
        ]) {
          const after = together(more);
          assert.ok(rank(after) >= rank(before) && rank(after) >= rank(one));
          assert.ok(before.exact === true || after.exact !== true);
          if (after.effect === 'deny') continue;
          for (const id of ['perm_1', 'perm_2'])
            for (const each of [before, one]) assert.ok(times(after, id) >= times(each, id), `${id} counts less`);
          for (const wanted of [before, one].flatMap(demandsOf)) assert.ok(demandsOf(after).includes(wanted), wanted);
        }
      }),
      { numRuns: 500 },
    );
  });

test('the same approver named twice is one person, of whom two approvals can’t be had', () => {
  const answer = { effect: 'require_approval', approvers: ['alice', 'alice'], approvals: 2 };
  assert.throws(() => readAnswer(answer, 'x'), /more approvals than it names approvers/);
});

test('a clock that goes back takes no request from the count', () => {
  const start = Date.UTC(2026, 10, 20, 12, 0, 30);
  const counters = openCounters(start);
  for (let i = 0; i < 5; i++) counters.count('g', 'x', start);
  assert.deepEqual(counters.count('g', 'x', start - 3_600_000), { minute: 6, hour: 6, same: 6, same_hour: 6 });
  assert.deepEqual(counters.count('g', 'x', start), { minute: 7, hour: 7, same: 6, same_hour: 6 });
});

test('whichever permission allows it, its repeats are the ones that are looked at', async () => {
  const allowing = anyPermission.map(fields => ({ ...fields, effect: 'allow' as const }));
  const set = fc.array(fc.tuple(allowing, fc.boolean()), { minLength: 2, maxLength: 4 });
  const about = fc.record({ unknown: fc.constantFrom([], ['resource']), id: fc.constantFrom('acme/site', '') });
  await fc.assert(
    fc.asyncProperty(set, about, async (given, { unknown, id }) => {
      const all = given.map(([{ where: _, ...fields }, watched], i) =>
        permission({
          ...{ id: `perm_${i}`, ...fields },
          ...(watched && { repeats: '1/min' }),
        }),
      );
      const data = toData(all, []);
      policy.setData(data);
      const question = ask({ unknown, resource: { type: 'repo', id } });
      const { effect, rule } = await policy.decide(question);
      const winner = all.find(each => each.id === rule);
      if (effect !== 'allow' || winner?.repeats === undefined) return;
      assert.ok(repeatsIn(data, false).exceeded(question, { same: 2 }), `${rule} allows it, and nobody looks`);
    }),
    { numRuns: 1000 },
  );
});

const noon = Date.UTC(2026, 10, 20, 12);
const waiting = (set: readonly Partial<Permission>[]) =>
  toData(
    set.map((each, i) => permission({ id: `perm_${i + 1}`, ...each })),
    [],
  );
const trusting = { live: () => true };

test('what was approved isn’t refused for good because the policy is busy when it is asked again', async () => {
  let step = 0;
  let time = 0;
  const busy = await openPolicy({ data: waiting([{ effect: 'require_approval' }]), now: () => (time += step) });
  const question = ask();
  const trace = { ...openTrace(null), question, decision: await busy.decide(question) };
  const confirm = () => confirmed({ policy: busy, grants: trusting }, trace, () => noon);
  step = 300;
  await assert.rejects(confirm(), { code: 'policy_unavailable', message: 'The policy took longer than 250 ms.' });
  step = 0;
  await confirm();
  await busy.close();
});

test('an approval that is redeemed within a freeze lets nothing through', async () => {
  const question = ask();
  const set = [permission({ effect: 'require_approval' })];
  const freezes = [
    {
      ...parseFreeze({ interval: '2026-11-20T12:00/2026-11-20T13:00', reason: 'Now' }, 'UTC').freeze!,
      ...{ id: 'freeze_1', by: 'me', created_at: '' },
    },
  ];
  const frozen = await openPolicy({ data: toData(set, [], { timezone: 'UTC', freezes }) });
  const trace = { ...openTrace(null), question, decision: await frozen.decide(question) };
  assert.equal(trace.decision.effect, 'require_approval');
  const confirm = (at: number) => confirmed({ policy: frozen, grants: trusting }, trace, () => at);
  await confirm(noon - 1);
  await assert.rejects(confirm(noon), { code: 'denied', message: /\(freeze_1\): Now\.$/ });
  await frozen.close();
});

test('who must approve it by what holds now is not passed by, though fewer have approved what held before', async () => {
  const own = await openPolicy({ data: waiting([{ effect: 'require_approval' }]), deadline: 60_000 });
  const question = ask();
  const trace = { ...openTrace(null), question, decision: await own.decide(question) };
  const confirm = () => confirmed({ policy: own, grants: trusting }, trace, () => noon);
  await confirm();
  own.setData(waiting([{ effect: 'require_approval', approvers: ['alice', 'bob'], approvals: 2 }]));
  await assert.rejects(confirm(), /Who must approve it was changed while it waited/);
  own.setData(waiting([{ effect: 'require_approval', action: 'github.issue.create' }]));
  await assert.rejects(confirm(), /The credential that it may have was changed/);
  own.setData(waiting([{ effect: 'require_approval', rate: ['5/min'] }]));
  await assert.rejects(confirm(), /The limits that it counts by were changed/);
  own.setData(waiting([{}]));
  await confirm();
  await own.close();
});
