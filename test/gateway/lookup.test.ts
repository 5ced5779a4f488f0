import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openWorld, type World } from '../world.js';

let world: World;
let base = 'main';
let broken = false;
const token = 'ghs_lookup0123456789abcdefABCDEF';

before(async () => {
  world = await openWorld({
    answer: (request, response) => {
      if (request.method === 'GET' && broken) return void response.writeHead(500).end();
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(
        request.method === 'GET'
          ? JSON.stringify({ number: 7, base: { ref: base }, head: { ref: 'topic' } })
          : '{"merged":true}',
      );
    },
  });
  await world.ok(['gateway', 'create', 'deploy']);
  await world.ok(['gateway', 'create', 'idle']);
  await world.ok([
    'permissions',
    'set',
    '--gateway',
    'deploy',
    '--action',
    'github.pr.merge',
    '--effect',
    'allow',
    '--where',
    'base == "staging"',
  ]);
  await world.ok(['secret', 'set', 'github-token', '--connector', 'github'], { input: token });
});
after(() => world.close());

const merge = (gateway: string) =>
  world.tf([
    'run',
    '--',
    gateway,
    'curl',
    '-sS',
    '-X',
    'PUT',
    '-d',
    '{"merge_method":"squash"}',
    'https://api.github.com/repos/acme/site/pulls/7/merge',
  ]);

test('a merge is decided by the base branch that the proxy looked up with the same secret', async () => {
  base = 'staging';
  const allowed = await merge('deploy');
  assert.equal(allowed.stdout, '{"merged":true}');
  assert.deepEqual(
    world.received.map(({ method, target }) => `${method} ${target}`),
    ['GET /repos/acme/site/pulls/7', 'PUT /repos/acme/site/pulls/7/merge'],
  );
  assert.ok(world.received.every(({ headers }) => headers.authorization === `Bearer ${token}`));

  base = 'main';
  const denied = JSON.parse((await merge('deploy')).stdout) as Record<string, unknown>;
  assert.equal(denied.code, 'denied');
  assert.equal(world.received.filter(({ method }) => method === 'PUT').length, 1);
  const entries = (await world.ok(['logs', '--json', '--all']))
    .trim()
    .split('\n')
    .map(line => JSON.parse(line));
  const decided = entries.filter(entry => entry.type === 'action.decided' && entry.action.name === 'github.pr.merge');
  assert.deepEqual(
    decided.map(entry => [entry.action.parameters.base, entry.decision.effect]),
    [
      ['staging', 'allow'],
      ['main', 'deny'],
    ],
  );
  assert.equal(
    entries.filter(entry => entry.type === 'action.decided' && entry.decision.rule === 'lookup').length,
    2,
    'each look-up is an entry of its own',
  );
  const completed = entries.filter(entry => entry.type === 'action.completed');
  assert.deepEqual(
    completed.map(entry => entry.credential),
    ['github-token@1', 'github-token@1', 'github-token@1'],
  );
});

test('a fact that could not be looked up is unknown, and unknown never allows', async () => {
  broken = true;
  const sent = world.received.filter(({ method }) => method === 'PUT').length;
  const denied = JSON.parse((await merge('deploy')).stdout) as Record<string, unknown>;
  assert.equal(denied.code, 'denied');
  assert.equal(world.received.filter(({ method }) => method === 'PUT').length, sent);
  broken = false;
});

test('a gateway that may not do it at all causes no look-up', async () => {
  const seen = world.received.length;
  const denied = JSON.parse((await merge('idle')).stdout) as Record<string, unknown>;
  assert.equal(denied.code, 'denied');
  assert.equal(world.received.length, seen);
});
