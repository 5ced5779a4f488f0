/** The canary of a run: a gate that lets it through is no gate, and the child doesn't start. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openWorld, type World } from '../world.js';

let world: World;

before(async () => {
  world = await openWorld();
  await world.ok(['gateway', 'create', 'agent']);
});
after(() => world.close());

const run = (): Promise<{ code: number; stdout: string; stderr: string }> =>
  world.tf(['run', '--', 'agent', 'sh', '-c', 'echo started']);

test('each run is preceded by a denied canary in the log', async () => {
  assert.equal((await run()).code, 0);
  const entries = await world.ok(['logs', '--json', '--effect', 'deny']);
  assert.match(entries, /"host":"canary\.tollfence\.invalid"/);
});

test('permissions that allow everything still deny the canary', async () => {
  await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', '*', '--effect', 'allow']);
  assert.deepEqual(await run(), { code: 0, stdout: 'started\n', stderr: '' });
});

test("under an operator's policy that allows everything no run starts, until the policy is replaced", async t => {
  const directory = join(world.dir, 'rego');
  mkdirSync(directory);
  writeFileSync(
    join(directory, 'policy.rego'),
    'package tollfence\n\ndecision := {"effect": "allow", "rule": "all", "reason": "Everything is allowed."}\n',
  );
  const activated = await world.tf(['policy', 'activate', directory]);
  if (/no OPA|not found|is not installed/i.test(activated.stderr))
    return t.skip('the OPA compiler is not installed: not run');
  assert.equal(activated.code, 0, activated.stderr);
  const refused = await run();
  assert.equal(refused.code, 125);
  assert.equal(refused.stdout, '');
  assert.match(refused.stderr, /must be denied/);
  await world.ok(['policy', 'activate', '--default']);
  assert.equal((await run()).code, 0);
});

test('while everything is killed no run starts that could do something', async () => {
  await world.ok(['kill', '--all', '--reason', 'drill']);
  const { stdout } = await world.tf(['run', '--', 'agent', 'curl', '-sS', 'https://upstream.test/']);
  assert.doesNotMatch(stdout, /"method"/);
  assert.equal(world.received.length, 0);
  await world.ok(['resume', '--all']);
});
