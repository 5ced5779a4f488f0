/** git behind its gateway: clone, fetch and push with a real repository at the other end, served by `git http-backend`. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { approvals } from '../approvals/pending.js';
import type { Received, World } from '../world.js';
import { behind, decided, gateway, has, openPlace } from './place.js';

const secret = 'ghs_canary0123456789abcdefABCDEF';
const reason = 'Agents push to their own branches – nowhere else.';
const basic = `Basic ${Buffer.from(`x-access-token:${secret}`).toString('base64')}`;
let world: World;
let bare = '';

/** Answers as a git host does: CGI (RFC 3875) to `git http-backend`, for whoever has the credential. */
function serve(request: Received, response: ServerResponse): void {
  if (request.host === 'api.github.com') return compare(request, response);
  if (request.headers.authorization !== basic)
    return void response.writeHead(401, { 'www-authenticate': 'Basic' }).end();
  const [path = '', query = ''] = request.target.split('?');
  const backend = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env.PATH,
      GIT_PROJECT_ROOT: join(world.dir, 'hosted'),
      GIT_HTTP_EXPORT_ALL: '1',
      REMOTE_USER: 'agent',
      REQUEST_METHOD: request.method,
      PATH_INFO: path,
      QUERY_STRING: query,
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      CONTENT_LENGTH: String(request.body.length),
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  backend.stdin.on('error', () => {});
  backend.stdin.end(request.body);
  const chunks: Buffer[] = [];
  backend.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  backend.once('close', () => {
    const all = Buffer.concat(chunks);
    const end = all.indexOf('\r\n\r\n');
    const fields = all
      .subarray(0, end)
      .toString('latin1')
      .split('\r\n')
      .map(line => line.split(/:\s*/, 2));
    const status = Number.parseInt(fields.find(([name]) => name === 'Status')?.[1] ?? '200', 10);
    response.writeHead(status, Object.fromEntries(fields)).end(all.subarray(end + 4));
  });
}

/** The comparison of two commits, as GitHub's API gives it: https://docs.github.com/rest/commits/commits#compare-two-commits */
function compare(request: Received, response: ServerResponse): void {
  const [, from = '', to = ''] =
    /^\/repos\/acme\/site\/compare\/([0-9a-f]+)\.\.\.([0-9a-f]+)\?/.exec(request.target) ?? [];
  const isAncestor = (a: string, b: string): boolean =>
    spawnSync('git', ['--git-dir', bare, 'merge-base', '--is-ancestor', a, b]).status === 0;
  const known = [from, to].every(id => spawnSync('git', ['--git-dir', bare, 'cat-file', '-e', id]).status === 0);
  if (request.headers.authorization !== `Bearer ${secret}` || from === '' || !known)
    return void response.writeHead(404).end('{}');
  const status = isAncestor(from, to) ? 'ahead' : isAncestor(to, from) ? 'behind' : 'diverged';
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ status, commits: [] }));
}

const local = (...args: string[]): string =>
  execFileSync('git', args, { cwd: world.dir, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], env: plain() });
// The developer's own configuration must not decide these tests.
const plain = (): Record<string, string> => ({ PATH: process.env.PATH!, HOME: world.dir, GIT_CONFIG_NOSYSTEM: '1' });
const git = (...args: string[]) =>
  behind(world, ['git', '-c', 'user.name=Agent', '-c', 'user.email=agent@tollfence.example', ...args], {
    HOME: world.dir,
    GIT_CONFIG_NOSYSTEM: '1',
  });
const commit = (clone: string, name: string, content: string | Buffer): void => {
  writeFileSync(join(world.dir, clone, name), content);
  local('-C', clone, 'add', name);
  local('-C', clone, '-c', 'user.name=Agent', '-c', 'user.email=agent@tollfence.example', 'commit', '-qm', name);
};
const hosted = (ref: string): string => local('--git-dir', bare, 'rev-parse', ref).trim();

before(async () => {
  const git = {
    place: ['--connector', 'github'],
    secret,
    allow: ['github.git.fetch', 'github.git.refs', 'github.git.push'],
  };
  world = await openPlace([git], { answer: serve, config: 'approvals: {hold: 100ms}' });
  await world.ok([
    'permissions',
    'set',
    '--gateway',
    gateway,
    '--action',
    'github.git.push',
    '--where',
    'refs contains "refs/heads/main"',
    '--effect',
    'deny',
    '--reason',
    reason,
  ]);
  await world.ok([
    'permissions',
    'set',
    '--gateway',
    gateway,
    '--action',
    'github.git.*',
    '--resource',
    'repo:acme/hidden',
    '--effect',
    'deny',
    '--reason',
    reason,
  ]);
  bare = join(world.dir, 'hosted', 'acme', 'site.git');
  mkdirSync(bare, { recursive: true });
  local('init', '-q', '--bare', '-b', 'main', bare);
  local('clone', '-q', bare, 'seed');
  commit('seed', 'README', 'first');
  local('-C', 'seed', 'push', '-q', 'origin', 'HEAD:main');
});
after(() => world.close());

test('git clones with a credential that it does not have', async t => {
  if (!has(t, 'git', '--version')) return;
  const { code, stderr } = await git('clone', '-q', 'https://github.com/acme/site.git', 'clone');
  assert.equal(code, 0, stderr);
  assert.equal(local('-C', 'clone', 'rev-parse', 'HEAD').trim(), hosted('main'));
  assert.ok(world.received.length > 0 && world.received.every(({ headers }) => headers.authorization === basic));
});

test('git pushes to a branch that the policy allows, also by the SSH address of the repository', async t => {
  if (!has(t, 'git', '--version')) return;
  await git('clone', '-q', 'git@github.com:acme/site.git', 'pusher');
  commit('pusher', 'work', 'work');
  const { code, stderr } = await git('-C', 'pusher', 'push', 'origin', 'HEAD:refs/heads/agent/work');
  assert.equal(code, 0, stderr);
  assert.equal(hosted('agent/work'), local('-C', 'pusher', 'rev-parse', 'HEAD').trim());
});

test('a push that waits for approval is the same push when git is run again, and reaches the host once', async t => {
  if (!has(t, 'git', '--version')) return;
  const branch = 'refs/heads/agent/approved';
  const where = ['--where', `refs contains "${branch}"`];
  const which = ['--gateway', gateway, '--action', 'github.git.push', ...where];
  await world.ok(['permissions', 'set', ...which, '--effect', 'require_approval']);
  await git('clone', '-q', 'https://github.com/acme/site.git', 'patient');
  for (const name of ['one', 'two', 'three']) commit('patient', name, randomBytes(20_000));
  const push = () => git('-C', 'patient', 'push', 'origin', `HEAD:${branch}`);
  const first = await push();
  assert.notEqual(first.code, 0);
  assert.match(first.stderr, /503/);
  const [{ id } = { id: '' }] = await approvals(world);
  await world.ok(['approvals', 'approve', id]);
  const second = await push();
  assert.equal(second.code, 0, second.stderr);
  assert.equal(hosted('agent/approved'), local('-C', 'patient', 'rev-parse', 'HEAD').trim());
  assert.equal((await approvals(world)).length, 1);
});

test('git pushes more than is read for a decision, under a permission for its branch alone', async t => {
  if (!has(t, 'git', '--version')) return;
  await world.ok(['gateway', 'create', 'big']);
  for (const [action, ...more] of [
    ['github.git.fetch'],
    ['github.git.refs'],
    ['github.git.push', '--where', 'ref startswith "refs/heads/agent/"'],
  ] as const)
    await world.ok(['permissions', 'set', '--gateway', 'big', '--action', action, '--effect', 'allow', ...more]);
  local('clone', '-q', bare, 'big');
  local('-C', 'big', 'remote', 'set-url', 'origin', 'https://github.com/acme/site.git');
  commit('big', 'large', randomBytes(3_000_000));
  const push = await world.tf(['run', '--', 'big', 'git', '-C', 'big', 'push', 'origin', 'HEAD:refs/heads/agent/big'], {
    cwd: world.dir,
    env: { HOME: world.dir },
  });
  assert.equal(push.code, 0, push.stderr);
  assert.equal(hosted('agent/big'), local('-C', 'big', 'rev-parse', 'HEAD').trim());
  const denied = await world.tf(['run', '--', 'big', 'git', '-C', 'big', 'push', 'origin', 'HEAD:refs/heads/release'], {
    cwd: world.dir,
    env: { HOME: world.dir },
  });
  assert.notEqual(denied.code, 0);
  assert.throws(() => hosted('release'));
});

test('git pushes forward under a permission for what is not forced, and neither rewrites, moves a tag nor deletes', async t => {
  if (!has(t, 'git', '--version')) return;
  await world.ok(['gateway', 'create', 'forward']);
  for (const [action, ...more] of [
    ['github.git.fetch'],
    ['github.git.refs'],
    ['github.git.push', '--where', 'forced == false'],
  ] as const)
    await world.ok(['permissions', 'set', '--gateway', 'forward', '--action', action, '--effect', 'allow', ...more]);
  local('clone', '-q', bare, 'forward');
  local('-C', 'forward', 'remote', 'set-url', 'origin', 'https://github.com/acme/site.git');
  const push = async (...args: string[]): Promise<string> => {
    const all = ['run', '--', 'forward', 'git', '-C', 'forward', 'push', 'origin', ...args];
    const { code, stderr } = await world.tf(all, { cwd: world.dir, env: { HOME: world.dir } });
    return code === 0 ? 'pushed' : stderr;
  };
  const head = (): string => local('-C', 'forward', 'rev-parse', 'HEAD').trim();
  commit('forward', 'one', 'one');
  const first = head();
  assert.equal(await push('HEAD:refs/heads/topic'), 'pushed');
  commit('forward', 'two', 'two');
  commit('forward', 'three', 'three');
  const third = head();
  assert.equal(await push('HEAD:refs/heads/topic'), 'pushed');
  local('-C', 'forward', 'tag', 'v1');
  assert.equal(await push('v1'), 'pushed');
  const before = [hosted('topic'), hosted('v1')];
  local('-C', 'forward', 'reset', '-q', '--hard', 'HEAD~1');
  commit('forward', 'other', 'other');
  local('-C', 'forward', 'tag', '-f', 'v1');
  for (const args of [['--force', 'HEAD:refs/heads/topic'], ['--force', 'v1'], ['--delete', 'topic'], [':v1']])
    assert.match(await push(...args), /403 denied: .*github\.git\.push/, args.join(' '));
  assert.deepEqual([hosted('topic'), hosted('v1')], before);
  // What the server has already is in no pack: it is asked then.
  assert.equal(await push(`${first}:refs/heads/behind`), 'pushed');
  assert.equal(await push(`${third}:refs/heads/behind`), 'pushed');
  assert.match(await push('--force', `${first}:refs/heads/behind`), /403 denied/);
  assert.equal(hosted('behind'), third);
  // One that may be pushed doesn't carry along one that may not.
  assert.match(await push('--force', 'HEAD:refs/heads/fresh', 'HEAD:refs/heads/topic'), /403 denied/);
  assert.throws(() => hosted('fresh'));
});

test('a denied push changes nothing, git says why, and asks once', async t => {
  if (!has(t, 'git', '--version')) return;
  local('clone', '-q', bare, 'denied');
  local('-C', 'denied', 'remote', 'set-url', 'origin', 'https://github.com/acme/site.git');
  commit('denied', 'work', 'denied');
  const before = hosted('main');
  const asked = await decided(world, 'github.git.push');
  const { code, stderr } = await git('-C', 'denied', 'push', 'origin', 'HEAD:main');
  assert.equal(code, 1, stderr);
  assert.ok(stderr.includes(reason), stderr);
  assert.equal(hosted('main'), before);
  assert.equal((await decided(world, 'github.git.push')) - asked, 1);
});

test('a denied clone says why, and does not ask for a password', async t => {
  if (!has(t, 'git', '--version')) return;
  const { code, stderr } = await git('clone', 'https://github.com/acme/hidden.git');
  assert.equal(code, 128, stderr);
  assert.ok(stderr.includes(reason), stderr);
  assert.doesNotMatch(stderr, /username|terminal prompts/i);
});
