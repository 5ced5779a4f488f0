/** GitHub's own programs: `gh`, which speaks GraphQL by node ids and REST, and octokit with a merge that the proxy looks up. */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { after, before, test } from 'node:test';
import type { Ran, Received, World } from '../world.js';
import { agent, behind, decided, has, openPlace } from './place.js';

const secret = 'ghs_canary0123456789abcdefABCDEF';
const reason = 'A person merges into main.';
let world: World;

const pull = {
  id: 'PR_1',
  number: 7,
  title: 'Mend',
  state: 'OPEN',
  headRefName: 'mend',
  createdAt: '2026-11-20T00:00:00Z',
};
const repository = { id: 'R_1', name: 'site', owner: { login: 'acme' }, hasIssuesEnabled: true, pullRequest: pull };
const pullRequests = { totalCount: 1, nodes: [pull], pageInfo: { hasNextPage: false } };

/** Answers just what `gh` and octokit ask for. */
function answer({ target, body }: Received, response: ServerResponse): void {
  const json = (value: unknown): void => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(value));
  };
  const number = Number(/^\/repos\/acme\/site\/pulls\/(\d+)(\/merge)?$/.exec(target)?.[1] ?? 0);
  if (target.endsWith('/merge')) return json({ merged: true });
  if (number > 0) {
    const base = { ref: number === 7 ? 'main' : 'next' };
    return json({ number, draft: false, user: { login: 'ann' }, base, head: { ref: 'mend', sha: 'a'.repeat(40) } });
  }
  if (/\/check-runs\b/.test(target)) return json({ total_count: 0, check_runs: [] });
  if (/\/status\b/.test(target)) return json({ state: 'pending', total_count: 0, statuses: [] });
  if (target.startsWith('/repos/')) return json([{ number: 3, title: 'Broken' }]);
  if (body.includes('createIssue'))
    return json({ data: { createIssue: { issue: { url: 'https://github.com/acme/site/issues/8' } } } });
  return json({ data: { repository: { ...repository, ...(body.includes('pullRequests(') && { pullRequests }) } } });
}

before(async () => {
  const allow = ['github.issue.*', 'github.graphql.query', 'github.pr.merge'];
  world = await openPlace([{ place: ['--connector', 'github'], secret, allow }], { answer });
  const merge = ['--gateway', 'client-agent', '--action', 'github.pr.merge'];
  await world.ok(['permissions', 'set', ...merge, '--effect', 'deny', '--where', 'base == "main"', '--reason', reason]);
});
after(() => world.close());

const gh = (...args: readonly string[]): Promise<Ran> =>
  behind(world, ['gh', ...args], { HOME: world.dir, GH_CONFIG_DIR: world.dir, GH_PROMPT_DISABLED: '1' });
const withSecret = (): boolean =>
  world.received.every(({ headers }) => headers.authorization?.replace(/^\w+ /, '') === secret);

test('gh reads and opens an issue with a credential that it does not have, and shows why it may not merge', async t => {
  if (!has(t, 'gh', '--version')) return;
  const printed = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await gh(...args);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  assert.match(await printed('api', 'repos/acme/site/issues'), /"title":"Broken"/);
  assert.match(await printed('pr', 'list', '-R', 'acme/site'), /^7\tMend\tmend/);
  assert.match(await printed('issue', 'create', '-R', 'acme/site', '-t', 'x', '-b', 'y'), /issues\/8/);
  assert.equal(await decided(world, 'github.issue.create'), 1);

  // By its node id nobody can tell which base it has, so it may be main.
  const merged = await gh('pr', 'merge', '7', '-R', 'acme/site', '--merge');
  assert.equal(merged.code, 1);
  assert.ok(merged.stderr.includes(`${reason} (Not determined: base.)`), merged.stderr);
  const put = await gh('api', '-X', 'PUT', 'repos/acme/site/pulls/7/merge');
  assert.equal(put.code, 1);
  assert.ok(put.stderr.includes(`gh: ${reason} (HTTP 403)`), put.stderr);
  assert.equal(await decided(world, 'github.pr.merge'), 2);
  assert.ok(world.received.length > 3 && withSecret());
  assert.ok(!world.received.some(({ target, body }) => /\/merge$/.test(target) || body.includes('mergePullRequest')));
});

test('octokit merges where the proxy finds another base than main, and is refused where it finds main', async () => {
  const before = world.received.length;
  const { code, stdout, stderr } = await behind(world, agent('octokit-merge'));
  assert.equal(code, 0, stderr);
  const { answer, refusal } = JSON.parse(stdout) as { answer: unknown; refusal: string | null };
  assert.equal(answer, true);
  assert.ok(refusal?.includes(reason), refusal ?? 'it took the refusal for a success');
  const arrived = world.received.slice(before).map(({ method, target }) => `${method} ${target}`);
  assert.deepEqual(
    arrived.filter(line => /^PUT|\/pulls\/\d+$/.test(line)),
    ['GET /repos/acme/site/pulls/8', 'PUT /repos/acme/site/pulls/8/merge', 'GET /repos/acme/site/pulls/7'],
  );
  assert.ok(withSecret());
});
