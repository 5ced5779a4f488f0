import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Decision, Gateway, Grant, Permission, Question } from '../../src/model.js';
import { covers, obstacle, withinGrants } from '../../src/policy/index.js';
import { ask } from './question.js';
import { decide } from './shipped-policy.js';

const words = ['github', 'pr', 'merge', 'issue', 'create'];
const action = fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 4 }).map(parts => parts.join('.'));
const pattern = fc
  .array(fc.constantFrom(...words, '*', '*'), { minLength: 1, maxLength: 4 })
  .map(parts => parts.join('.'));
const place = fc.constantFrom('repo:acme/site', 'repo:acme/api', 'repo:other/site', 'issue:acme/site/7', 'account');
const places = fc.constantFrom('*', 'repo:*', 'repo:acme/*', 'repo:*/site', 'repo:acme/site', 'account');
const scope = fc.record({
  actions: fc.array(pattern, { minLength: 1, maxLength: 3 }),
  resources: fc.array(places, { maxLength: 2 }),
});
type Scope = Pick<Grant, 'actions' | 'resources'>;

const grant = (id: number, fields: Partial<Grant>): Grant => ({
  id: `gr_${id}`,
  gateway: 'g',
  run: 'run_g',
  task: 'a task',
  actions: ['*'],
  resources: [],
  parent: null,
  issued_at: '2026-11-20T00:00:00.000Z',
  expires_at: '2026-11-21T00:00:00.000Z',
  ...fields,
});
const grants = (scopes: readonly Scope[]): Grant[] => scopes.map((fields, i) => grant(i, fields));

const asked = fc
  .record({
    name: action,
    about: place,
    unknown: fc.boolean(),
    more: fc.array(fc.tuple(action, place), { maxLength: 2 }),
  })
  .map(({ name, about, unknown, more }): Question => {
    const part = (each: string, on: string) => {
      const [type = '', id = ''] = on.split(/:(.*)/s);
      return { name: each, resource: { type, id } };
    };
    const question = ask({ ...part(name, about), unknown: unknown ? ['resource'] : [] });
    if (more.length === 0) return question;
    const also = more.map(([each, on]) => {
      const { name: called, resource } = part(each, on);
      return { action: { ...question.action, name: called }, resource };
    });
    return { ...question, also };
  });
const permissions = fc.array(
  fc.record({
    action: pattern,
    resource: fc.option(places),
    effect: fc.constantFrom('allow', 'deny', 'require_approval') as fc.Arbitrary<Permission['effect']>,
  }),
  { maxLength: 4 },
);

const free = (): undefined => undefined;
const severity = ['allow', 'defer', 'require_approval', 'deny'];
const strictness = ({ effect }: Decision): number => severity.indexOf(effect);
const under = (decision: Decision, question: Question, held: readonly Grant[]): Decision =>
  withinGrants(decision, question, { subject: question.subject, grants: held }, free);

test('whatever is allowed with grants is allowed without them, with as much approval', async () => {
  await fc.assert(
    fc.asyncProperty(permissions, asked, fc.array(scope, { maxLength: 3 }), async (rows, question, held) => {
      const { action, resource } = question;
      const without = await decide(rows, { name: action.name, unknown: action.unknown, resource });
      const decision = under(without, question, grants(held));
      assert.ok(strictness(decision) >= strictness(without));
      if (decision.effect !== 'deny') assert.deepEqual(decision, without);
    }),
    { numRuns: 500 },
  );
});

const allowed: Decision = { effect: 'allow', rule: 'perm_1', reason: '', secret: null, policy_sha256: '' };

test('adding a grant, and narrowing one, never allows more', () => {
  fc.assert(
    fc.property(asked, fc.array(scope, { maxLength: 3 }), scope, fc.nat(3), (question, held, more, at) => {
      const before = under(allowed, question, grants(held));
      const added = [...held.slice(0, at), more, ...held.slice(at)];
      assert.ok(strictness(under(allowed, question, grants(added))) >= strictness(before));
      const narrowed = held.map(({ actions, resources }, i) =>
        // Fewer actions; and where some resources are named, fewer of those.
        i === at % held.length
          ? { actions: actions.slice(1), resources: resources.length > 1 ? resources.slice(1) : resources }
          : { actions, resources },
      );
      assert.ok(strictness(under(allowed, question, grants(narrowed))) >= strictness(before));
    }),
    { numRuns: 2_000 },
  );
});

test('a grant below another one allows nothing that the one above does not, however wide it is', () => {
  fc.assert(
    fc.property(asked, scope, scope, (question, above, below) => {
      const both = under(allowed, question, grants([above, below]));
      const parent = under(allowed, question, grants([above]));
      if (both.effect === 'allow') assert.equal(parent.effect, 'allow');
      if (parent.effect === 'deny') assert.equal(both.rule, 'grant:gr_0');
    }),
    { numRuns: 2_000 },
  );
});

test('every part of a request must be covered, and each by every grant', () => {
  fc.assert(
    fc.property(asked, fc.array(scope, { minLength: 1, maxLength: 3 }), (question, held) => {
      const parts = [question, ...(question.also ?? [])];
      const all = held.every(each => parts.every(part => covers(each, part)));
      assert.equal(under(allowed, question, grants(held)).effect, all ? 'allow' : 'deny');
    }),
    { numRuns: 2_000 },
  );
});

test('a resource that is not certain is covered only by a grant that names none', () => {
  const part = ask({ unknown: ['resource'] });
  assert.ok(covers({ actions: ['github.*'], resources: [] }, part));
  for (const resources of [['*'], ['repo:*'], ['repo:acme/site']])
    assert.ok(!covers({ actions: ['github.*'], resources }, part));
  assert.ok(covers({ actions: ['github.*'], resources: ['repo:acme/*'] }, ask({ unknown: ['body'] })));
});

test('an action is covered under any of its names', () => {
  const question = ask();
  const named = { ...question, action: { ...question.action, aliases: ['github.issues.create'] } };
  for (const name of ['github.issue.create', 'github.issues.create'])
    assert.ok(covers({ actions: [name], resources: [] }, named));
  assert.ok(!covers({ actions: ['github.issues.create'], resources: [] }, question));
});

test('a gateway that requires grants is denied without one of its own, and so is what it started', () => {
  const question = ask({ gateway: 'child', chain: ['g', 'child'] });
  const { subject } = question;
  const find = (name: string): Pick<Gateway, 'grants'> => (name === 'g' ? { grants: 'required' } : {});
  assert.equal(obstacle({ subject, grants: [] }, question, find)?.rule, 'grant');
  assert.equal(obstacle({ subject, grants: [grant(1, { gateway: 'child' })] }, question, find)?.rule, 'grant');
  assert.equal(obstacle({ subject, grants: [grant(1, {})] }, question, find), null);
  assert.equal(obstacle({ subject, grants: [] }, question, free), null);
});

test('what a grant denies says which grant, what it covers and what to do', () => {
  const { reason, rule } = under(allowed, ask(), grants([{ actions: ['github.pr.*'], resources: ['repo:acme/*'] }]));
  assert.equal(rule, 'grant:gr_0');
  assert.match(
    reason,
    /gr_0 for "a task" covers github\.pr\.\* on repo:acme\/\*, and not github\.issue\.create on repo:acme\/site\. Do without it, or ask for a grant that covers it: tf grant issue\./,
  );
  const denied: Decision = { ...allowed, effect: 'deny', rule: 'perm_2', limits: [] };
  assert.deepEqual(under(denied, ask(), grants([{ actions: ['github.*'], resources: [] }])), denied);
});
