import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import type { Decision, Effect, Permission, Question } from '../../src/model.js';
import { questionsAlong, strictestAlong } from '../../src/policy/chain.js';
import { openPolicy, type Policy, toData } from '../../src/policy/index.js';
import { ask, compile, permission } from './question.js';
import { anyPermission, parameters } from './shipped-policy.js';

const effects: readonly Effect[] = ['allow', 'defer', 'require_approval', 'deny'];
const rank = ({ effect }: Decision): number => effects.indexOf(effect);

/** An operator's own Rego: each permission that names the action decides, by the gateway's name alone. */
const rego = `package tollfence

import rego.v1

default decision := {"effect": "deny", "rule": "own", "reason": "Nobody said anything."}

decision := {"effect": found.effect, "rule": found.id, "reason": "Own.", "exact": true, "secret": sprintf("%s-key", [input.subject.id])} if {
	some i
	found := data.tollfence.permissions[input.subject.id][i]
	every earlier in array.slice(data.tollfence.permissions[input.subject.id], 0, i) { not said(earlier) }
	said(found)
}

said(permission) if permission.action in {"*", input.action.name}
`;

const shipped = await openPolicy({ data: toData([], []), deadline: 60_000 });
const own = await openPolicy({ wasm: await compile(rego), data: toData([], []), deadline: 20_000 });
after(() => Promise.all([shipped.close(), own.close()]));

const names = ['a', 'b', 'c', 'd'];
const set = fc.array(fc.tuple(fc.constantFrom(...names), anyPermission), { maxLength: 12 });
const chains = fc.shuffledSubarray(names, { minLength: 2, maxLength: 4 });

const given = (all: readonly (readonly [string, Partial<Permission>])[]) =>
  toData(
    all.map(([gateway, fields], i) => permission({ id: `perm_${i + 1}`, gateway, ...fields })),
    [],
  );

for (const [what, policy, numRuns] of [
  ['the default policy', shipped, 300],
  ["an operator's own Rego", own, 150],
] as readonly (readonly [string, Policy, number])[]) {
  test(`a parent more never makes anything laxer, by ${what}`, async () => {
    await fc.assert(
      fc.asyncProperty(set, chains, parameters, async (permissions, chain, given_) => {
        policy.setData(given(permissions));
        const gateway = chain.at(-1)!;
        const asked = (members: readonly string[]) =>
          policy.decide(ask({ gateway, chain: members, parameters: given_ }));
        for (let from = chain.length - 1; from > 0; from--) {
          const less = await asked(chain.slice(from));
          const more = await asked(chain.slice(from - 1));
          assert.ok(rank(more) >= rank(less), `${chain.slice(from - 1)}: ${less.effect} became ${more.effect}`);
          assert.ok(less.exact === true || more.exact !== true, 'exact');
          const parent = await policy.decide(ask({ gateway: chain[from - 1]!, parameters: given_ }));
          assert.ok(rank(more) >= rank(parent), `${parent.effect} of the parent became ${more.effect}`);
        }
      }),
      { numRuns },
    );
  });
}

test("by an operator's own Rego the secret is the child's own, and a parent's denial is the answer", async () => {
  own.setData(
    given([
      ['a', { action: '*', effect: 'allow' }],
      ['b', { action: '*', effect: 'allow' }],
    ]),
  );
  const allowed = await own.decide(ask({ gateway: 'b', chain: ['a', 'b'] }));
  assert.deepEqual([allowed.effect, allowed.secret, allowed.exact], ['allow', 'b-key', true]);
  own.setData(given([['b', { action: '*', effect: 'allow' }]]));
  const denied = await own.decide(ask({ gateway: 'b', chain: ['a', 'b'] }));
  assert.deepEqual([denied.effect, denied.secret, denied.reason], ['deny', null, 'Nobody said anything.']);
});

test('each member is asked with its own name, labels and parents, and without the signature of the child', () => {
  const question = ask({ gateway: 'c', chain: ['a', 'b', 'c'] });
  const signed: Question = { ...question, subject: { ...question.subject, signature: { key: 'k', value: 'v' } } };
  const questions = questionsAlong(signed, { a: { environment: 'prod', labels: { team: 'x' } } });
  assert.deepEqual(
    questions.map(({ subject }) => [subject.id, subject.chain.join(), subject.run, subject.environment]),
    [
      ['a', 'a', 'run_a', 'prod'],
      ['b', 'a,b', 'run_b', ''],
      ['c', 'a,b,c', 'run_1', 'dev'],
    ],
  );
  assert.deepEqual(
    questions.map(({ subject }) => subject.signature !== undefined),
    [false, false, true],
  );
});

const answer = (fields: Partial<Decision>): Decision => ({
  effect: 'allow',
  rule: 'r',
  reason: '',
  secret: null,
  policy_sha256: 'x',
  ...fields,
});

test('limits of all are counted, the shortest hold holds, and what each demands of approvers is demanded', () => {
  const both = strictestAlong([
    answer({ effect: 'require_approval', approvers: ['role:security'], approvals: 2, hold: 10, limits: ['perm_1'] }),
    answer({ effect: 'require_approval', hold: 20, limits: ['perm_2'], secret: 'own' }),
  ]);
  assert.deepEqual(both.limits, ['perm_1', 'perm_2']);
  assert.deepEqual([both.hold, both.secret], [10, 'own']);
  assert.deepEqual(both.demands, [
    { approvers: ['role:security'], approvals: 2 },
    { approvers: [], approvals: 1 },
  ]);
  assert.equal(strictestAlong([answer({ secret: 'theirs' }), answer({})]).secret, null);
});
