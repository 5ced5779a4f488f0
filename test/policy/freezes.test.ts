/** Freezes: when they begin and end, what they forbid, and that they only ever forbid. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Action, Effect, Freeze } from '../../src/model.js';
import { openFreezes, openPolicy, parseFreeze, toData } from '../../src/policy/index.js';
import { ask, compile, permission } from './question.js';
import { anyPermission, parameters, policy } from './shipped-policy.js';

const berlin = 'Europe/Berlin';
const ends = (interval: string, zone = berlin): string => {
  const { freeze, faults } = parseFreeze({ interval }, zone);
  return freeze === undefined ? faults.join(' ') : `${freeze.from} ${freeze.until}`;
};
const frozen = (fields: Partial<Freeze> = {}): Freeze => ({
  ...{
    id: 'freeze_1',
    interval: '',
    timezone: berlin,
    gateway: null,
    action: null,
    reason: '',
    by: 'me',
    created_at: '',
  },
  ...{ from: '2026-11-20T00:00:00.000Z', until: '2026-11-21T00:00:00.000Z', ...fields },
});
const severity: readonly Effect[] = ['allow', 'defer', 'require_approval', 'deny'];

test('dates are whole days in the operator’s time zone, the last one included', () => {
  assert.equal(ends('2026-12-20/2027-01-02'), '2026-12-19T23:00:00.000Z 2027-01-02T23:00:00.000Z');
  assert.equal(ends('2026-12-20/2027-01-02', 'UTC'), '2026-12-20T00:00:00.000Z 2027-01-03T00:00:00.000Z');
  assert.equal(ends('2026-03-29/2026-03-29'), '2026-03-28T23:00:00.000Z 2026-03-29T22:00:00.000Z');
  // In Cairo the day of 24 April 2026 begins at 01:00.
  assert.equal(ends('2026-04-24/2026-04-24', 'Africa/Cairo'), '2026-04-23T21:00:00.000Z 2026-04-24T21:00:00.000Z');
});

test('times are in the operator’s time zone unless they say an offset, and where the clock is changed the longer freeze counts', () => {
  assert.equal(ends('2026-12-20T18:00/2027-01-02T08:00'), '2026-12-20T17:00:00.000Z 2027-01-02T07:00:00.000Z');
  assert.equal(ends('2026-12-20T18:00Z/2027-01-02T08:00-05:00'), '2026-12-20T18:00:00.000Z 2027-01-02T13:00:00.000Z');
  // 02:30 comes twice, or not at all.
  assert.equal(ends('2026-10-25T02:30/2026-10-25T02:30'), '2026-10-25T00:30:00.000Z 2026-10-25T01:30:00.000Z');
  assert.equal(ends('2026-03-29T02:30/2026-03-29T02:30'), '2026-03-29T00:30:00.000Z 2026-03-29T01:30:00.000Z');
});

test('an interval that is none is refused with a sentence, and all faults are told at once', () => {
  for (const wrong of ['2026-12-20', '2026-12-20/27', '2026-02-30/2026-03-01', '2026-12-20/2026-12-21/2026-12-22'])
    assert.match(ends(wrong), /is not understood: write two dates/, wrong);
  assert.match(ends('2026-12-20T25:00/2026-12-21'), /not understood/);
  assert.match(ends('2027-01-02/2026-12-20'), /ends before it begins/);
  assert.match(ends('2026-12-20T12:00/2026-12-20T12:00'), /ends before it begins/);
  const { faults } = parseFreeze({ interval: 'x', gateway: '', action: 'git*', reason: 'a\u001b[31m', for: 1 }, berlin);
  assert.equal(faults?.length, 5);
});

test('a freeze denies what changes something while it lasts, with its number and its reason, and lets reading be', async () => {
  const asked = ask();
  const decide = (action: Partial<Action>, time: string, chain = ['g']) =>
    policy.decide({
      ...{ ...asked, subject: { ...asked.subject, chain }, action: { ...asked.action, ...action } },
      context: { ...asked.context, time },
    });
  const during = '2026-11-20T11:58:03.120Z';
  const permissions = [permission(), permission({ id: 'perm_2', gateway: 'parent' })];
  const around = (freeze: Partial<Freeze>) => ({ timezone: berlin, freezes: [frozen(freeze)] });
  policy.setData(toData(permissions, [], around({ reason: 'Holidays' })));
  for (const access of ['write', 'delete', 'permissions'] as const) {
    const { effect, rule, reason } = await decide({ access }, during);
    assert.deepEqual([effect, rule], ['deny', 'freeze_1']);
    assert.equal(reason, 'Nothing is changed until 2026-11-21 01:00 Europe/Berlin (freeze_1): Holidays.');
  }
  for (const access of ['list', 'read'] as const) assert.equal((await decide({ access }, during)).effect, 'allow');
  const effects = async (...times: string[]) => (await Promise.all(times.map(t => decide({}, t)))).map(d => d.effect);
  assert.deepEqual(await effects('2026-11-19T23:59:59.999Z', '2026-11-20T00:00:00.000Z', '2026-11-20T23:59:59.999Z'), [
    'allow',
    'deny',
    'deny',
  ]);
  assert.deepEqual(await effects('2026-11-21T00:00:00.000Z'), ['allow']);

  policy.setData(toData(permissions, [], around({ gateway: 'parent' })));
  assert.equal((await decide({}, during)).effect, 'allow');
  assert.equal((await decide({}, during, ['parent', 'g'])).rule, 'freeze_1');
  policy.setData(toData(permissions, [], around({ action: 'github.issues.*' })));
  assert.equal((await decide({}, during)).effect, 'allow');
  assert.equal((await decide({ aliases: ['github.issues.create'] }, during)).rule, 'freeze_1');
  const also = [{ action: { ...asked.action, name: 'github.issues.lock' }, resource: asked.resource }];
  assert.equal((await policy.decide({ ...asked, also })).rule, 'freeze_1');
});

test('a freeze holds whatever the operator’s own Rego says, which can read it', async () => {
  const wasm = await compile(`package tollfence
    decision := {"effect": "allow", "reason": concat(",", [f.id | some f in data.tollfence.freezes])}`);
  const own = await openPolicy({ wasm, data: toData([], [], { timezone: berlin, freezes: [frozen()] }) });
  const asked = ask();
  assert.equal((await own.decide(asked)).rule, 'freeze_1');
  const { effect, reason } = await own.decide({ ...asked, action: { ...asked.action, access: 'read' } });
  assert.deepEqual([effect, reason], ['allow', 'freeze_1']);
  await own.close();
});

test('a freeze never makes anything laxer, and never takes a denial away', async () => {
  const time = (h: number) => new Date(Date.UTC(2026, 10, 19) + h * 3_600_000).toISOString();
  const when = fc.tuple(fc.nat({ max: 72 }), fc.nat({ max: 72 }));
  const freezes = fc.array(
    fc.record({
      ends: when,
      gateway: fc.constantFrom(null, 'g', 'parent', 'other'),
      action: fc.constantFrom(null, 'github.*', 'github.issue.create', 'stripe.*'),
    }),
    { maxLength: 3 },
  );
  const hours = fc.option(fc.constantFrom('mon-fri 09:00-17:00', 'thu 22:00-06:00', '00:00-12:00 Asia/Tokyo'));
  const permissions = fc.array(fc.tuple(anyPermission, hours), { maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(permissions, freezes, parameters, fc.nat({ max: 72 }), async (given, cold, values, now) => {
      const asked = ask({ parameters: values, chain: ['parent', 'g'] });
      const question = { ...asked, context: { ...asked.context, time: time(now) } };
      const set = given.flatMap(([fields, at], i) =>
        ['g', 'parent'].map(gateway =>
          permission({ id: `perm_${i}${gateway}`, gateway, ...fields, ...(at !== null && { hours: at }) }),
        ),
      );
      const listed = cold.map(({ ends: [a, b], ...scope }, i) =>
        frozen({ id: `freeze_${i}`, from: time(Math.min(a, b)), until: time(Math.max(a, b)), ...scope }),
      );
      policy.setData(toData(set, []));
      const before = await policy.decide(question);
      policy.setData(toData(set, [], { timezone: 'UTC', freezes: listed }));
      const after = await policy.decide(question);
      assert.ok(severity.indexOf(after.effect) >= severity.indexOf(before.effect));
      if (before.effect === 'deny') assert.deepEqual([after.rule, after.reason], [before.rule, before.reason]);
    }),
    { numRuns: 300 },
  );
});

test('freezes outlive a restart, in the order in which they begin, and there are not endlessly many', () => {
  const kept = new Map<string, Freeze>();
  const store = {
    all: () => [...kept.values()],
    put: (key: string, value: Freeze) => void kept.set(key, value),
    remove: (key: string) => kept.delete(key),
  };
  let last = 0;
  const freezes = openFreezes(store, () => ++last);
  const add = (interval: string) => freezes.add(parseFreeze({ interval }, 'UTC').freeze!, 'me', 0).id;
  assert.deepEqual([add('2026-12-24/2026-12-26'), add('2026-12-01/2026-12-02')], ['freeze_1', 'freeze_2']);
  const again = openFreezes(store, () => ++last);
  assert.deepEqual(
    again.list().map(({ id }) => id),
    ['freeze_2', 'freeze_1'],
  );
  again.remove('freeze_2');
  assert.deepEqual(
    openFreezes(store, () => ++last)
      .list()
      .map(({ id }) => id),
    ['freeze_1'],
  );
  assert.throws(() => {
    for (let i = 0; i < 200; i++) add('2026-12-01/2026-12-02');
  }, /There are 200 freezes already/);
});
