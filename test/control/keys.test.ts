/** Keys of gateways, as an operator rotates them. */
import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { after, before, test } from 'node:test';
import { entries } from '../faults/ledger.js';
import { openWorld, type World } from '../world.js';

let world: World;

before(async () => {
  world = await openWorld({ config: 'workers: 2' });
  await world.ok(['gateway', 'create', 'agent']);
  await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', 'github.*', '--effect', 'allow']);
  await world.ok(['secret', 'set', 'gh', '--connector', 'github'], { input: 'ghp_0123456789abcdefghij' });
});
after(() => world.close());

const request = (): Promise<{ code: number; stdout: string }> =>
  world.tf(['run', '--', 'agent', 'curl', '-sS', 'https://api.github.com/repos/acme/site/issues']);

interface Shown {
  readonly id: string;
  readonly public: string;
  readonly rotated_at: string | null;
}
const keys = async (): Promise<Shown[]> => JSON.parse(await world.ok(['key', 'list', 'agent', '--json'])) as Shown[];

test('a key is rotated while two workers carry requests, and each request has its secret before and after', async () => {
  assert.match((await request()).stdout, /ghp_|\*{3}|authorization/i);
  const [before] = await keys();
  assert.equal(createPublicKey(before!.public).asymmetricKeyType, 'ed25519');
  await world.ok(['key', 'rotate', 'agent']);
  const [old, now, ...more] = await keys();
  assert.deepEqual([old!.id, more.length], [before!.id, 0]);
  assert.ok(old!.rotated_at !== null && now!.rotated_at === null);
  assert.equal((await request()).code, 0);
  const sent = world.received.map(({ headers }) => headers.authorization);
  assert.deepEqual(sent, ['Bearer ghp_0123456789abcdefghij', 'Bearer ghp_0123456789abcdefghij']);
  const rotated = (await entries(world)).filter(({ type }) => type === 'key.rotated');
  assert.deepEqual(
    rotated.map(({ gateway, before: from, key }) => [gateway, from, (key as unknown as Shown).id]),
    [['agent', old!.id, now!.id]],
  );
  assert.ok(!JSON.stringify(rotated).includes('PRIVATE'));
});

test('a key is not rotated from inside a run, nor for a gateway that there is not', async () => {
  const before = await keys();
  const inside = await world.tf([
    'run',
    '--',
    'agent',
    process.execPath,
    process.argv[1]!.replace(/test\/.*$/, 'bin/tf.js'),
    'key',
    'rotate',
    'agent',
  ]);
  assert.equal(inside.code, 3);
  assert.match(inside.stderr, /from inside a run/);
  assert.equal((await world.tf(['key', 'rotate', 'nobody'])).code, 4);
  assert.deepEqual(await keys(), before);
});
