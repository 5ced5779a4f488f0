import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openWorld, type World } from '../world.js';

let world: World;

before(async () => {
  world = await openWorld();
  await world.ok(['gateway', 'create', 'agent']);
  await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', 'github.issue.*', '--effect', 'allow']);
});
after(() => world.close());

const ask = async (): Promise<Record<string, unknown>> => {
  const { stdout } = await world.tf([
    'run',
    '--',
    'agent',
    'curl',
    '-sS',
    '-i',
    '--http1.1',
    'https://api.github.com/repos/a/b/issues',
  ]);
  const [head, body] = stdout.slice(stdout.lastIndexOf('HTTP/1.1 ')).split('\r\n\r\n') as [string, string];
  return { status: Number(head.slice(9, 12)), ...(JSON.parse(body) as Record<string, unknown>) };
};

test('two secrets that serve one request equally are none: it is refused, and both are named', async () => {
  await world.ok(['secret', 'set', 'one', '--connector', 'github'], { input: 'ghp_first0123456789' });
  await world.ok(['secret', 'set', 'two', '--connector', 'github'], { input: 'ghp_second0123456789' });
  const refused = await ask();
  assert.deepEqual([refused.status, refused.code], [502, 'credential_unavailable']);
  assert.match(String(refused.detail), /one, two/);
  assert.equal(world.received.length, 0);
});

test('a rotated secret is used by the next request, and a removed one by none', async () => {
  await world.ok(['secret', 'remove', 'two']);
  assert.equal((await ask()).status, 200);
  assert.equal(world.received.at(-1)?.headers.authorization, 'Bearer ghp_first0123456789');
  await world.ok(['secret', 'rotate', 'one'], { input: 'ghp_third0123456789\n' });
  await ask();
  assert.equal(world.received.at(-1)?.headers.authorization, 'Bearer ghp_third0123456789');
  await world.ok(['secret', 'remove', 'one']);
  await ask();
  assert.equal(world.received.at(-1)?.headers.authorization, undefined);
});

test('a secret of another gateway is not used', async () => {
  await world.ok(['gateway', 'create', 'other']);
  await world.ok(['secret', 'set', 'theirs', '--connector', 'github', '--gateway', 'other'], {
    input: 'ghp_theirs0123456789',
  });
  await ask();
  assert.equal(world.received.at(-1)?.headers.authorization, undefined);
});
