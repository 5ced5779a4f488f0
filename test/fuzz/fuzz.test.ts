/** Every fuzzing target for a bounded number of inputs; `npm run fuzz` goes on for as long as one likes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drive } from '../../fuzz/drive.js';
import { targets } from '../../fuzz/targets/index.js';

for (const target of targets) {
  test(`${target.name}: what must hold holds for whatever comes`, async () => {
    const { finding, outcomes } = await drive(target, { seed: 1, goOn: inputs => inputs < 1_000 });
    const input = finding?.input.toString('base64') ?? '';
    assert.equal(finding, null, `npm run fuzz -- ${target.name} --input ${input}\n${String(finding?.error)}`);
    assert.ok(outcomes.size > 2, [...outcomes].join());
  });
}

test('a finding is found again with the same seed', async () => {
  const target = {
    name: 'broken',
    seeds: ['abc'],
    tokens: ['xyz'],
    run(input: Buffer): string {
      if (input.includes('zx')) throw new Error('found');
      return String(input.length);
    },
  };
  const runs = await Promise.all([7, 7].map(seed => drive(target, { seed, goOn: inputs => inputs < 100_000 })));
  assert.ok(runs[0]!.finding?.input.includes('zx'));
  assert.deepEqual(runs[0]!.finding?.input, runs[1]!.finding?.input);
  assert.equal(runs[0]!.inputs, runs[1]!.inputs);
});
