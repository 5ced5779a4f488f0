/** Context: what time, suspicions and approvers make of a decision of the default policy. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import type { Access, Context, Effect, Permission, Question } from '../../src/model.js';
import { inProcess } from '../../src/policy/evaluator.js';
import { parsePermission, toData } from '../../src/policy/index.js';
import { momentsIn } from '../../src/policy/moments.js';
import { contextAt } from '../../src/policy/question.js';
import { shippedDirectory, shippedWasm } from '../../src/policy/shipped.js';
import { type Asked, ask, permission } from './question.js';
import { anyPermission, parameters, policy } from './shipped-policy.js';

const severity: readonly Effect[] = ['allow', 'defer', 'require_approval', 'deny'];
const zone = 'Europe/Berlin';
const given = (...all: Partial<Permission>[]) =>
  toData(
    all.map((fields, i) => permission({ id: `perm_${i + 1}`, ...fields })),
    [],
    { timezone: zone, freezes: [] },
  );

function asking(context: Partial<Context> & { readonly access?: Access } = {}, asked: Asked = {}): Question {
  const { access = 'write', ...around } = context;
  const question = ask(asked);
  return { ...question, action: { ...question.action, access }, context: { ...question.context, ...around } };
}
const decide = (question: Question, ...all: Partial<Permission>[]) => {
  policy.setData(given(...all));
  return policy.decide(question);
};

test('the context has the operator’s day and hour, and the time in UTC', () => {
  const context = contextAt(Date.parse('2026-12-31T23:30:00.250Z'), { minute: 1 }, ['x'], { timezone: 'Asia/Kolkata' });
  assert.deepEqual(context, {
    ...{ time: '2026-12-31T23:30:00.250Z', weekday: 'friday', hour: 5, minute: 0, timezone: 'Asia/Kolkata' },
    ...{ counters: { minute: 1 }, flags: ['x'], confidence: 1 },
  });
  assert.equal(contextAt(0, {}).weekday, 'thursday');
});

test('a permission applies in its hours only, and whoever comes at another time is told them', async () => {
  const open = { hours: 'mon-fri 09:00-17:00' };
  const at = (time: string, ...all: Partial<Permission>[]) => decide(asking({ time }), ...all);
  const noon = '2026-11-20T11:00:00.000Z';
  const night = '2026-11-20T16:00:00.000Z';
  assert.equal((await at(noon, open)).effect, 'allow');
  const closed = await at(night, open);
  assert.deepEqual([closed.effect, closed.rule], ['deny', 'default']);
  assert.match(closed.reason, /perm_1 would, but only mon-fri 09:00-17:00 Europe\/Berlin\.$/);
  assert.match((await at(night, { ...open, effect: 'require_approval' })).reason, /perm_1 would, but only mon-fri/);
  assert.equal((await at(noon, {}, { ...open, effect: 'deny' })).rule, 'perm_2');
  assert.equal((await at(night, {}, { ...open, effect: 'deny' })).rule, 'perm_1');
  assert.equal((await at(night, {}, { ...open, action: 'github.issue.create' })).rule, 'perm_1');
  const chain = asking({ time: night }, { chain: ['parent', 'g'] });
  assert.equal((await decide(chain, {}, { gateway: 'parent' })).effect, 'allow');
  assert.equal((await decide(chain, {}, { gateway: 'parent', ...open })).effect, 'deny');
});

test('what is suspected of something needs an approval where it changes something, and says why', async () => {
  for (const flag of ['prompt_injection_suspected', 'loop_suspected']) {
    for (const access of ['write', 'delete', 'permissions'] as const) {
      const { effect, rule, reason } = await decide(asking({ access, flags: [flag] }), {});
      assert.deepEqual([effect, rule], ['require_approval', 'perm_1']);
      assert.match(reason, /^This needs an approval, because it may be/);
    }
    assert.equal((await decide(asking({ flags: [flag] }), { effect: 'deny' })).effect, 'deny');
    assert.equal((await decide(asking({ flags: [flag] }), {}, { effect: 'require_approval' })).rule, 'perm_2');
  }
  assert.equal((await decide(asking({ flags: ['uninspected'] }), {})).effect, 'allow');
  const reading = { access: 'read', flags: ['prompt_injection_suspected'] } as const;
  assert.equal((await decide(asking(reading), {})).effect, 'allow');
  const again = await decide(asking({ access: 'list', flags: ['loop_suspected'] }), {});
  assert.deepEqual([again.effect, again.rule], ['deny', 'perm_1']);
  assert.match(again.reason, /^Not again: it may be a loop/);
});

test('who must approve it is what the permission says, and of a parent’s and a child’s demands none is lost', async () => {
  const two = { effect: 'require_approval', approvers: ['alice', 'role:ops'], approvals: 2 } as const;
  const { approvers, approvals, demands } = await decide(asking(), two);
  assert.deepEqual([approvers, approvals, demands], [['alice', 'role:ops'], 2, undefined]);
  assert.equal((await decide(asking(), { ...two, effect: 'allow', approvers: [], approvals: 1 })).approvers, undefined);
  const chain = asking({}, { chain: ['parent', 'g'] });
  const one = await decide(chain, {}, { gateway: 'parent', ...two });
  assert.deepEqual(
    [one.effect, one.approvers, one.approvals, one.demands],
    ['require_approval', two.approvers, 2, undefined],
  );
  const both = await decide(chain, { effect: 'require_approval', approvers: ['bob'] }, { gateway: 'parent', ...two });
  assert.deepEqual(
    [...(both.demands ?? [])].sort((a, b) => a.approvals - b.approvals),
    [
      { approvers: ['bob'], approvals: 1 },
      { approvers: ['alice', 'role:ops'], approvals: 2 },
    ],
  );
});

const anyFlags = fc.subarray(['prompt_injection_suspected', 'loop_suspected', 'uninspected']);
const anyAccess = fc.constantFrom<Access>('list', 'read', 'write', 'delete', 'permissions');
const anyHours = fc.constantFrom(
  undefined,
  undefined,
  'mon-fri 09:00-17:00',
  'fri 22:00-06:00',
  '00:00-12:00 Asia/Tokyo',
);
const anyTime = fc.nat({ max: 6 * 24 }).map(h => new Date(Date.UTC(2026, 10, 18) + h * 3_600_000).toISOString());
const several = fc.array(fc.tuple(anyPermission, anyHours, fc.constantFrom('g', 'parent')), { maxLength: 6 });
const anyQuestion = fc
  .record({ access: anyAccess, flags: anyFlags, time: anyTime, values: parameters, child: fc.boolean() })
  .map(({ values, child, ...context }) =>
    asking(context, { parameters: values, ...(child && { chain: ['parent', 'g'] }) }),
  );
const listed = (all: readonly (readonly [Partial<Permission>, string | undefined, string])[]): Partial<Permission>[] =>
  all.map(([fields, hours, gateway]) => ({ ...fields, gateway, ...(hours !== undefined && { hours }) }));

test('the default policy decides by its part of a question as it does by all of it', async () => {
  const whole = inProcess(shippedWasm(), '{}', 60_000, () => performance.now());
  await fc.assert(
    fc.asyncProperty(several, anyQuestion, async (all, question) => {
      const data = given(...listed(all));
      whole.setData(JSON.stringify(data));
      const answer = whole.evaluate('g', JSON.stringify(momentsIn(data).timed(question))) as Record<string, unknown>;
      policy.setData(data);
      const { effect, rule, reason } = await policy.decide(question);
      assert.deepEqual([effect, rule, reason], [answer.effect, answer.rule, answer.reason]);
    }),
    { numRuns: 400 },
  );
});

test('neither a flag nor hours of what is allowed make anything laxer', async () => {
  await fc.assert(
    fc.asyncProperty(several, anyQuestion, async (all, question) => {
      const set = listed(all);
      const always = set.map(fields => {
        const { hours: _, ...rest } = fields;
        return fields.effect === 'allow' ? rest : fields;
      });
      const plain = { ...question, context: { ...question.context, flags: [] } };
      const severe = async (permissions: readonly object[], asked: Question): Promise<number> =>
        severity.indexOf((await decide(asked, ...permissions)).effect);
      assert.ok((await severe(set, question)) >= (await severe(set, plain)));
      // Not so with a flag: what is read in a loop is denied, and what nobody may read without asking is asked about.
      assert.ok((await severe(set, plain)) >= (await severe(always, plain)));
    }),
    { numRuns: 300 },
  );
});

test('what a permission may say of its context is read strictly, and described in the schema', () => {
  const faults = (fields: object): string =>
    (parsePermission({ gateway: 'g', action: '*', effect: 'require_approval', ...fields }).faults ?? []).join('\n');
  for (const [fields, why] of [
    [{ hours: '' }, /not understood/],
    [{ hours: 5 }, /hours is a text/],
    [{ hours: ['09:00-10:00', 'mon-fro 09:00-10:00'] }, /"mon-fro" is not a day/],
    [{ repeats: '5/min' }, /the effect is then allow/],
    [{ effect: 'allow', repeats: '0/min' }, /not understood: write a number from 1 to 99/],
    [{ effect: 'allow', repeats: '5/day' }, /not understood/],
    [{ effect: 'allow', repeats: 5 }, /a text such as 5\/min/],
    [{ effect: 'allow', approvers: ['alice'] }, /the effect is then require_approval/],
    [{ effect: 'deny', approvals: 2 }, /the effect is then require_approval/],
    [{ approvers: ['al ice'] }, /Approvers are at most 20 names/],
    [{ approvers: ['role:'] }, /Approvers are at most 20 names/],
    [{ approvals: 0 }, /It can take 1 to 10/],
    [{ approvals: '2' }, /It can take 1 to 10/],
    [{ approvers: ['alice'], approvals: 2 }, /nobody could approve it/],
  ] as const)
    assert.match(faults(fields), why, JSON.stringify(fields));
  const { permission: read } = parsePermission({
    ...{ gateway: 'g', action: '*', effect: 'require_approval', approvals: 2 },
    ...{ hours: ['mon-fri 09:00-12:00', 'sat 10:00-12:00'], approvers: ['role:ops', 'alice', 'alice'] },
  });
  assert.equal(read?.hours, 'mon-fri 09:00-12:00, sat 10:00-12:00');
  assert.deepEqual([read?.approvers, read?.approvals], [['role:ops', 'alice'], 2]);
  const schema = z.fromJSONSchema(JSON.parse(readFileSync(new URL('data.schema.json', shippedDirectory()), 'utf8')));
  const freeze = {
    ...{ id: 'freeze_1', interval: '', timezone: zone, from: '', until: '', gateway: null },
    action: null,
  };
  const data = toData([permission({ ...read!, id: 'perm_1' }), permission({ id: 'perm_2', repeats: '5/min' })], [], {
    timezone: zone,
    freezes: [{ ...freeze, reason: '', by: '', created_at: '' }],
  });
  assert.deepEqual(schema.safeParse(data.tollfence).error?.issues, undefined);
});
