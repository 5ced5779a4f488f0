/** The binding of a run: whatever it was bound to and isn't any more ends all that it may do, and stays in the log. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Entry, entries } from '../faults/ledger.js';
import { until } from '../faults/waiting.js';
import { type Agent, openTls, send } from '../http/agent.js';
import { get, oneAtEach, there, within } from '../workers/place.js';
import { openWorld, type World } from '../world.js';

const linux = process.platform === 'linux';
const request = 'GET / HTTP/1.1\r\nHost: upstream.test\r\nConnection: close\r\n\r\n';

/** A script of an agent that prints its environment and waits; started under the gateway `agent`. */
async function startScript(world: World, name = 'agent.mjs'): Promise<Agent & { readonly script: string }> {
  const script = join(world.dir, name);
  writeFileSync(
    script,
    'process.stdout.write(JSON.stringify({ ...process.env, PID: process.pid }) + "\\n"); process.stdin.resume(); process.stdin.on("end", () => process.exit(0));',
  );
  const child = world.start(['run', '--name', 'agent', '--', process.execPath, script]);
  const [line] = (await once(child.stdout!, 'data')) as [Buffer];
  const env = JSON.parse(line.toString()) as Record<string, string>;
  const proxy = new URL(env.HTTPS_PROXY!);
  const exited = once(child, 'exit');
  return {
    ...{ child, env, script, port: Number(proxy.port), token: proxy.password },
    authorization: `Basic ${Buffer.from(`${proxy.username}:${proxy.password}`).toString('base64')}`,
    ca: readFileSync(env.SSL_CERT_FILE!),
    async end() {
      child.stdin!.end();
      await exited;
    },
  };
}

const voids = (all: readonly Entry[]): Entry[] => all.filter(({ decision }) => decision?.rule === 'binding');

let world: World;

before(async () => {
  world = await openWorld();
  await world.ok(['gateway', 'create', 'agent']);
  await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', 'http.*', '--effect', 'allow']);
});
after(() => world.close());

test('a script that is edited while its run lives makes the run void, for good, also after a restart of the proxy', async () => {
  const agent = await startScript(world);
  assert.equal((await send(agent, request, there)).status, 200);
  const before = readFileSync(agent.script);
  appendFileSync(agent.script, '\n// and one thing more\n');
  const refused = await send(agent, request, there);
  assert.equal(refused.status, 403);
  assert.match(refused.body, /"code":"binding_void"/);
  assert.match(refused.body, /The script of this run was changed after the run started: [^"]*agent\.mjs/);
  // What was put back was away all the same.
  writeFileSync(agent.script, before);
  for (let i = 0; i < 5; i++) assert.equal((await send(agent, request, there)).status, 403);
  const [only, ...more] = voids(await entries(world)).filter(({ run }) => run === agent.env.TF_RUN);
  assert.deepEqual(more, []);
  assert.equal(only!.run, agent.env.TF_RUN);
  assert.ok(refused.body.includes(only!.id));
  const { runs } = JSON.parse(await world.ok(['status', '--json'])) as { runs: { id: string; void?: string }[] };
  assert.match(runs.find(({ id }) => id === agent.env.TF_RUN)!.void!, /script/);

  const { proxy } = JSON.parse(await world.ok(['status', '--json'])) as { proxy: { pid: number } };
  process.kill(proxy.pid, 'SIGKILL');
  await until(async () => (await world.tf(['gateway', 'list'])).code === 0);
  await until(async () => (await send(agent, request, there).catch(() => ({ status: 0 }))).status === 403);
  assert.match((await send(agent, request, there)).body, /"code":"binding_void"/);
  const own = voids(await entries(world)).filter(({ run }) => run === agent.env.TF_RUN);
  assert.equal(own.length, 1);
  await agent.end();
});

test('a run whose process has ended is void, although whoever stands over it has not noticed', {
  skip: !linux,
}, async () => {
  const agent = await startScript(world);
  assert.equal((await send(agent, request, there)).status, 200);
  agent.child.kill('SIGSTOP');
  process.kill(Number(agent.env.PID), 'SIGKILL');
  await until(async () => (await send(agent, request, there)).status !== 200);
  const { body } = await send(agent, request, there);
  assert.match(body, /"code":"binding_void"/);
  assert.match(body, /The process that this run consisted of has ended/);
  agent.child.kill('SIGCONT');
});

test('a program that becomes another one by exec, in its own process, is still the same run', async () => {
  const command = 'sleep 0; exec curl -s -o /dev/null -w "%{http_code}" https://upstream.test/';
  assert.equal((await world.tf(['run', '--', 'agent', 'sh', '-c', command])).stdout, '200');
});

test('what an agent commits changes nothing about its run', async () => {
  const git = (...words: string[]) =>
    `git -c user.name=a -c user.email=a@example.com -c commit.gpgsign=false ${words.join(' ')}`;
  const command = [
    git('init', '-q', '.'),
    git('commit', '-q', '--allow-empty', '-m', 'one'),
    'curl -s -o /dev/null -w "%{http_code}" https://upstream.test/',
  ].join(' && ');
  const place = join(world.dir, 'repository');
  mkdirSync(place);
  const first = await world.tf(['run', '--', 'agent', 'sh', '-c', command], { cwd: place });
  assert.equal(first.stdout, '200', first.stderr);
  const head = readFileSync(join(place, '.git/HEAD'), 'utf8').trim().slice(5);
  const commit = readFileSync(join(place, '.git', head), 'utf8').trim();
  await world.ok(['run', '--', 'agent', 'true'], { cwd: place });
  const started = (await entries(world)).filter(({ type }) => type === 'run.started');
  const commits = started.map(({ subject }) => (subject as { workload: { commit?: string } }).workload.commit);
  assert.deepEqual(commits.slice(-2), [undefined, commit]);
});

test('with two workers a run that is void at one of them is void at the other, and recorded once', () =>
  within({}, async place => {
    const agent = await startScript(place.world);
    const [one, other] = await oneAtEach(place, agent);
    assert.equal((await get(one!, '/')).status, 200);
    assert.equal((await get(other!, '/')).status, 200);
    appendFileSync(agent.script, '\n');
    const refused = await Promise.all([get(one!, '/'), get(other!, '/')]);
    assert.deepEqual(
      refused.map(({ status }) => status),
      [403, 403],
    );
    const fresh = await openTls(agent, there);
    assert.match((await get(fresh, '/')).body, /"code":"binding_void"/);
    assert.equal(voids(await entries(place.world)).length, 1);
    fresh.destroy();
    await agent.end();
  }));
