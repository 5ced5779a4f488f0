import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openWorld, type World } from '../world.js';

let world: World;
let base = 'main';
let broken = false;
/** What GitHub has of the commit that is merged; none by default, as in an answer without a commit. */
let commit: { sha: string; runs: object[]; total?: number; state: string; statuses: number } | null = null;
const token = 'ghs_lookup0123456789abcdefABCDEF';

before(async () => {
  world = await openWorld({
    answer: (request, response) => {
      if (request.method === 'GET' && broken) return void response.writeHead(500).end();
      response.writeHead(200, { 'content-type': 'application/json' });
      const asked = /\/commits\/(?<sha>\w+)\/(?<what>check-runs|status)(?:\?per_page=100)?$/.exec(
        request.target,
      )?.groups;
      if (asked !== undefined) {
        assert.equal(asked.sha, commit!.sha);
        const { runs, total = runs.length, state, statuses } = commit!;
        const answer =
          asked.what === 'status' ? { state, total_count: statuses } : { total_count: total, check_runs: runs };
        return void response.end(JSON.stringify(answer));
      }
      response.end(
        request.method === 'GET'
          ? JSON.stringify({
              number: 7,
              draft: false,
              user: { login: 'Octocat' },
              base: { ref: base },
              head: { ref: 'topic', ...(commit && { sha: commit.sha }) },
            })
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

const merge = (gateway: string, ...options: readonly string[]) =>
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
    ...options,
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

test('in which form facts are asked for is not the agent’s to choose', async () => {
  base = 'staging';
  world.received.length = 0;
  await merge('deploy', '-H', 'Accept: application/vnd.github.diff', '-H', 'If-None-Match: "x"');
  assert.deepEqual(
    world.received.map(({ method, headers }) => [method, headers.accept, headers['if-none-match']]),
    [
      ['GET', 'application/json', undefined],
      ['PUT', 'application/vnd.github.diff', '"x"'],
    ],
  );
});

test('a gateway that may not do it at all causes no look-up', async () => {
  const seen = world.received.length;
  const denied = JSON.parse((await merge('idle')).stdout) as Record<string, unknown>;
  assert.equal(denied.code, 'denied');
  assert.equal(world.received.length, seen);
});

const run = (status: string, conclusion: string | null = null): object => ({ status, conclusion });

test('a merge is decided by its checks: all runs and statuses of the commit that would be merged', async () => {
  await world.ok(['gateway', 'create', 'careful']);
  await world.ok([
    ...['permissions', 'set', '--gateway', 'careful', '--action', 'github.pulls.merge', '--effect', 'allow'],
    ...['--where', 'checks == "success" and draft == false and author == "octocat"'],
  ]);
  const good = {
    sha: 'a1',
    runs: [run('completed', 'success'), run('completed', 'skipped')],
    state: 'success',
    statuses: 1,
  };
  const cases: readonly [typeof commit, string | null][] = [
    [good, 'success'],
    [{ ...good, state: 'pending' }, 'pending'],
    [{ ...good, total: 300 }, null],
    [null, null],
  ];
  for (const [state, checks] of cases) {
    commit = state;
    const sent = world.received.filter(({ method }) => method === 'PUT').length;
    await merge('careful');
    const merged = world.received.filter(({ method }) => method === 'PUT').length > sent;
    assert.equal(merged, checks === 'success', JSON.stringify(state));
  }
  commit = null;
  const lines = (await world.ok(['logs', '--json', '--all'])).trim().split('\n');
  const entries = lines.map(line => JSON.parse(line));
  const decided = entries.filter(
    ({ type, subject, action }) =>
      type === 'action.decided' && subject.id === 'careful' && action.name === 'github.pr.merge',
  );
  assert.deepEqual(
    decided.map(({ action }) => action.parameters.checks ?? null),
    cases.map(([, checks]) => checks),
  );
  assert.ok(decided.every(({ action }) => action.parameters.checks !== undefined || action.unknown.includes('checks')));
  const looked = entries.filter(
    ({ type, subject, decision }) =>
      type === 'action.decided' && subject.id === 'careful' && decision.rule === 'lookup',
  );
  assert.equal(looked.length, 3 * (cases.length - 1) + 1, 'every look-up is an entry of its own');
});

test('nothing is looked up for what a grant does not cover', async () => {
  base = 'staging';
  const before = world.received.length;
  const limits = ['--task', 'triage', '--action', 'github.issue.*'];
  const { stdout } = await world.tf([
    ...['run', ...limits, '--name', 'deploy', '--', 'curl', '-sS', '-X', 'PUT', '-d', '{"merge_method":"squash"}'],
    'https://api.github.com/repos/acme/site/pulls/7/merge',
  ]);
  assert.match(stdout, /covers github\.issue\.\*, and not github\.pr\.merge on repo:acme\/site/);
  assert.equal(world.received.length, before);
});
