/**
 * An operator's own policy: whatever it does, the answer is a decision, and others get theirs.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../../src/errors.js';
import { openPolicy, type Policy, toData } from '../../src/policy/index.js';
import { shippedWasm } from '../../src/policy/shipped.js';
import { ask, compile, permission } from './question.js';

/** Opens a policy, uses it, and closes it. */
async function using(rego: string, use: (policy: Policy) => Promise<void>, deadline = 20_000): Promise<void> {
  const policy = await openPolicy({ wasm: await compile(rego), data: toData([permission()], []), deadline });
  try {
    await use(policy);
  } finally {
    await policy.close();
  }
}

const decides = (answer: string, body = ''): string => `package tollfence\n\ndecision := ${answer}\n${body}`;

test("an operator's policy decides, with its own rule, secret and time to hold", async () => {
  const rego = decides(
    '{"effect": "require_approval", "rule": "money", "reason": sprintf("%s asks.", [input.subject.id]), "secret": "stripe-key", "hold": "2m", "mask": [], "approvers": []}',
  );
  await using(rego, async policy => {
    const decision = await policy.decide(ask());
    assert.deepEqual(decision, {
      effect: 'require_approval',
      rule: 'money',
      reason: 'g asks.',
      secret: 'stripe-key',
      hold: 120_000,
      policy_sha256: policy.digest,
    });
    assert.equal(policy.shipped, false);
  });
});

test("an operator's policy reads the permissions, and the next question sees what was changed", async () => {
  const rego = decides('{"effect": data.tollfence.permissions.g[0].effect}');
  await using(rego, async policy => {
    assert.equal((await policy.decide(ask())).effect, 'allow');
    const old = policy.digest;
    const waiting = policy.decide(ask());
    policy.setData(toData([permission({ effect: 'deny' })], []));
    assert.deepEqual([(await waiting).effect, (await waiting).policy_sha256], ['deny', policy.digest]);
    assert.notEqual(policy.digest, old);
  });
});

const unusable: [what: string, rego: string, reason: RegExp][] = [
  ['says nothing', 'package tollfence\n\ndecision := {"effect": "allow"} if input.nothing', /no answer/],
  ['says true', decides('true'), /not an object/],
  ['says a list', decides('["allow"]'), /not an object/],
  ['leaves out the effect', decides('{"rule": "x", "reason": "y"}'), /no effect/],
  ['has an effect of its own', decides('{"effect": "ALLOW"}'), /not allow, deny/],
  ['has an effect that is not a string', decides('{"effect": ["allow"]}'), /not allow, deny/],
  ['has a rule of the wrong type', decides('{"effect": "allow", "rule": 7}'), /rule is not a string/],
  ['names a secret of the wrong type', decides('{"effect": "allow", "secret": {}}'), /secret is not/],
  ['holds for a time that is none', decides('{"effect": "require_approval", "hold": "soon"}'), /hold is not/],
  ['asks for a mask that nobody would apply', decides('{"effect": "allow", "mask": ["/card"]}'), /mask/],
  [
    'asks for more approvals than it names approvers',
    decides('{"effect": "require_approval", "approvers": ["a"], "approvals": 2}'),
    /more approvals than/,
  ],
  [
    'has two answers',
    'package tollfence\n\ndecision := {"effect": "allow"} if input.v == 1\n\ndecision := {"effect": "deny"} if input.v > 0',
    /conflict/,
  ],
  ['traps in a builtin', decides('{"effect": "allow", "reason": sprintf("%y", [1])}'), /failed/],
  [
    'runs out of memory',
    decides(
      '{"effect": "allow", "reason": concat("", [x | some i in numbers.range(1, 1000000); x := sprintf("%d", [i])])}',
    ),
    /failed|longer/,
  ],
];
test('a policy that fails, or whose answer cannot be used, denies and says why', async t => {
  for (const [what, rego, reason] of unusable) {
    await t.test(what, () =>
      using(
        rego,
        async policy => {
          const decision = await policy.decide(ask());
          assert.deepEqual([decision.effect, decision.rule], ['deny', 'policy']);
          assert.match(decision.reason, reason);
          assert.equal(decision.policy_sha256, policy.digest);
        },
        what.includes('memory') ? 3000 : 20_000,
      ),
    );
  }
});

test('a policy goes on after it has trapped', async () => {
  const rego = decides('{"effect": "allow", "reason": sprintf(input.action.name, [1])}');
  await using(rego, async policy => {
    assert.equal((await policy.decide(ask({ name: '%y' }))).effect, 'deny');
    assert.equal((await policy.decide(ask({ name: 'fine' }))).effect, 'allow');
  });
});

test('rule and reason are cut and made inert', async () => {
  const rego = decides(
    '{"effect": "deny", "rule": concat("", [x | some i in numbers.range(1, 999); x := "r"]), "reason": "a\\u001b[31m\\nb\\u202e"}',
  );
  await using(rego, async policy => {
    const { rule, reason } = await policy.decide(ask());
    assert.ok(rule.length <= 128);
    assert.equal(reason, 'a\ufffd[31m\ufffdb\ufffd');
  });
});

const looping = `package tollfence

decision := {"effect": "allow", "rule": "fast"} if input.subject.id != "looping"

decision := {"effect": "allow", "rule": "slow"} if {
	input.subject.id == "looping"
	range := numbers.range(1, 2000)
	count([1 | some a in range; some b in range; some c in range; a < b; b < c; c < a]) == 0
}
`;

test('a policy that loops for one gateway is a denial at the deadline, while the others are decided', async () => {
  await using(
    looping,
    async policy => {
      const order: string[] = [];
      const asked = async (gateway: string): Promise<void> => {
        const { effect, reason } = await policy.decide(ask({ gateway }));
        order.push(`${gateway} ${effect}${effect === 'deny' ? ` ${reason}` : ''}`);
      };
      await asked('warm');
      const stuck = [asked('looping'), asked('looping')];
      for (let i = 0; i < 20; i++) await asked('other');
      assert.deepEqual(order, ['warm allow', ...Array.from({ length: 20 }, () => 'other allow')]);
      await Promise.all(stuck);
      assert.deepEqual(
        order.slice(21),
        Array.from({ length: 2 }, () => 'looping deny The policy took longer than 2000 ms.'),
      );
      await asked('other');
      assert.equal(order.at(-1), 'other allow');
    },
    2000,
  );
});

test('a gateway that asks too much at once is denied, and nobody else', async () => {
  await using(
    looping,
    async policy => {
      await policy.decide(ask());
      const flood = Array.from({ length: 200 }, () => policy.decide(ask({ gateway: 'looping' })));
      assert.equal((await policy.decide(ask())).effect, 'allow');
      const reasons = (await Promise.all(flood)).map(({ effect, reason }) => `${effect} ${reason}`);
      assert.ok(reasons.includes('deny Too many questions to the policy are waiting.'));
      assert.ok(reasons.every(reason => reason.startsWith('deny ')));
      assert.equal((await policy.decide(ask())).effect, 'allow');
    },
    300,
  );
});

test('what cannot be loaded is refused with a sentence, and the policy in force stays', async () => {
  const policy = await openPolicy({ data: toData([permission()], []) });
  const digest = policy.digest;
  const empty = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  const cases: [Uint8Array, RegExp][] = [
    [Buffer.from('not wasm'), /not WebAssembly/],
    [new Uint8Array(0), /not WebAssembly/],
    [empty, /not compiled by OPA/],
    [shippedWasm().slice(0, 5000), /not WebAssembly/],
    [await compile(decides('{"effect": "allow", "reason": uuid.rfc4122("x")}')), /uuid\.rfc4122/],
    [
      await compile(
        decides('{"effect": "allow", "reason": http.send({"method": "get", "url": "http://127.0.0.1"}).body}'),
      ),
      /http\.send/,
    ],
    [await compile('package tollfence\n\ndecision := {"effect": "allow"} if input.nothing'), /sample question/],
  ];
  for (const [wasm, message] of cases) {
    await assert.rejects(
      policy.replace(wasm),
      (error: unknown) => error instanceof Fault && message.test(error.message),
      String(message),
    );
  }
  assert.deepEqual([policy.digest, policy.shipped], [digest, true]);
  assert.equal((await policy.decide(ask())).effect, 'allow');
  await policy.close();
});

test('another policy, and the default one again, are in force for the next question', async () => {
  const policy = await openPolicy({ data: toData([permission()], []), deadline: 20_000 });
  const first = policy.digest;
  const sample = await policy.replace(await compile(decides('{"effect": "deny", "rule": "freeze"}')));
  assert.equal(sample.rule, 'freeze');
  assert.equal((await policy.decide(ask())).rule, 'freeze');
  assert.notEqual(policy.digest, first);
  await policy.replace();
  assert.equal((await policy.decide(ask())).rule, 'perm_1');
  assert.equal(policy.digest, first);
  await policy.close();
});

test('of several questions one that can’t be asked denies all, and the policy isn’t asked about the others', async () => {
  await using(decides('"no decision"'), async policy => {
    let dropped = 0;
    const drop = (): number => (dropped += 1);
    process.on('unhandledRejection', drop);
    const { action, resource } = ask();
    const deep = { ...action, parameters: JSON.parse(`${'{"a":'.repeat(40)}1${'}'.repeat(40)}`) };
    const { effect, reason } = await policy.decide({ ...ask(), also: [{ action: deep, resource }] });
    assert.deepEqual([effect, reason.includes('nested more than')], ['deny', true]);
    // The thread answers questions in order: what was asked before has been answered.
    await policy.decide(ask());
    await new Promise(setImmediate);
    process.off('unhandledRejection', drop);
    assert.equal(dropped, 0);
  });
});
