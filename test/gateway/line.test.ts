import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openWorld, type World } from '../world.js';

let world: World;
const canary = 'ghs_canary0123456789abcdefABCDEF';

before(async () => {
  world = await openWorld();
  await world.ok(['gateway', 'create', 'agent']);
  await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', 'github.issue.*', '--effect', 'allow']);
  await world.ok(['secret', 'set', 'github-token', '--connector', 'github'], { input: `${canary}\n` });
});
after(() => world.close());

const curl = (...args: string[]): string[] => ['run', '--', 'agent', 'curl', '-sS', '-i', ...args];

test('an allowed request reaches the upstream with the credential that the agent does not have', async () => {
  const seen = world.received.length;
  const { code, stdout } = await world.tf(curl('https://api.github.com/repos/acme/site/issues'));
  assert.equal(code, 0, stdout);
  assert.match(stdout, /HTTP\/2 200/);
  assert.match(stdout, /tf-decision: allow/i);
  assert.match(stdout, /tf-evidence-id: ev_/i);
  assert.equal(world.received.length, seen + 1);
  assert.equal(world.received.at(-1)?.headers.authorization, `Bearer ${canary}`);
  assert.equal(world.received.at(-1)?.headers['proxy-authorization'], undefined);
  // The stand-in echoes what it got: the secret must not come back.
  assert.ok(!stdout.includes(canary));
});

test('a denied request is recorded and never sent', async () => {
  const seen = world.received.length;
  const { stdout } = await world.tf(curl('-X', 'DELETE', 'https://api.github.com/repos/acme/site/git/refs/heads/main'));
  assert.match(stdout, /HTTP\/(1\.1|2) 403/);
  const problem = JSON.parse(stdout.slice(stdout.indexOf('{'))) as Record<string, unknown>;
  assert.equal(problem.code, 'denied');
  assert.equal(problem.action, 'github.branch.delete');
  assert.equal(world.received.length, seen);
});

test('what no gateway sends is refused', async () => {
  const { port } = JSON.parse(await world.ok(['status', '--json'])).proxy.listen.match(/:(?<port>\d+)$/).groups;
  const { stdout } = await world.tf([
    'run',
    '--',
    'agent',
    'curl',
    '-sS',
    '-i',
    '-x',
    `http://127.0.0.1:${port}`,
    'http://upstream.test/',
  ]);
  assert.match(stdout, /HTTP\/1\.1 407/);
  assert.match(stdout, /Proxy-Authenticate: Basic realm="tollfence"/);
});
