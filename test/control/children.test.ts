import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { after, afterEach, before, test } from 'node:test';
import { entries } from '../faults/ledger.js';
import { gone, until } from '../faults/waiting.js';
import { type Agent, openTls, send } from '../http/agent.js';
import { openWorld, tfProgram, type World } from '../world.js';
import { allow, runsOf, startChild, twoGateways } from './family.js';

let world: World;
let child: Agent | null = null;
let held: ServerResponse[] = [];

before(async () => {
  world = await openWorld({
    config: 'approvals:\n  hold: 300ms\n',
    intercept(request, response) {
      if (request.url !== '/events') return false;
      held.push(response);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: one\n\n');
      return true;
    },
  });
  await twoGateways(world);
});
afterEach(async () => {
  await child?.end();
  child = null;
  held = [];
});
after(() => world.close());

const upstream = { connect: 'upstream.test:443' };
const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: upstream.test\r\n\r\n`;

/** A stream of the child's that is open, and when both of its ends have closed. */
async function streaming(agent: Agent): Promise<{ readonly ended: Promise<unknown> }> {
  const socket = await openTls(agent, upstream);
  socket.write(get('/events'));
  await once(socket, 'data');
  // What nobody reads never closes.
  socket.resume();
  return { ended: Promise.all([once(socket, 'close'), once(held.at(-1)!.socket!, 'close')]) };
}

test('a run inside a run is its child: chain and runs are in status and log, and its secrets are its own', async () => {
  await world.ok(['secret', 'set', 'key', '--connector', 'stripe', '--gateway', 'child'], {
    input: 'sk_test_01234567',
  });
  for (const gateway of ['parent', 'child']) await allow(world, gateway, 'stripe.*');
  child = await startChild(world);
  const [outer, inner] = await runsOf(world);
  assert.deepEqual([outer!.chain, inner!.chain], [['parent'], ['parent', 'child']]);
  assert.deepEqual(inner!.runs, [outer!.id, inner!.id]);
  assert.equal(inner!.id, child.env.TF_RUN);
  assert.match(await world.ok(['status']), /parent .*\n.*└ child /);
  const balance = 'GET /v1/balance HTTP/1.1\r\nHost: api.stripe.com\r\n\r\n';
  assert.equal((await send(child, balance, { connect: 'api.stripe.com:443' })).status, 200);
  assert.equal(world.received.at(-1)!.headers.authorization, 'Bearer sk_test_01234567');
  const all = await entries(world);
  const spawned = all.find(({ action }) => (action as { name?: string } | null)?.name === 'gateway.spawn')!;
  assert.deepEqual([spawned.run, spawned.request, spawned.decision!.effect], [outer!.id, null, 'allow']);
  const decided = all.findLast(({ type, run }) => type === 'action.decided' && run === inner!.id)!;
  assert.deepEqual((decided.subject as { chain: unknown }).chain, ['parent', 'child']);
});

test('a child can not do what its parent can not, and a later denial of the parent acts on its next request', async () => {
  child = await startChild(world);
  const socket = await openTls(child, upstream);
  const ask = async (path: string): Promise<string> => {
    socket.write(get(path));
    const [text] = (await once(socket, 'data')) as [Buffer];
    return text.toString();
  };
  assert.match(await ask('/before'), /^HTTP\/1.1 200 /);
  const set = ['permissions', 'set', '--gateway', 'parent', '--action', 'http.get', '--effect', 'deny', '--json'];
  const { id } = JSON.parse(await world.ok([...set, '--reason', 'Not today.'])) as { id: string };
  const refused = await ask('/after');
  assert.match(refused, /^HTTP\/1.1 403 /);
  assert.match(refused, /Not today\./);
  await world.ok(['permissions', 'remove', id]);
  assert.match(await ask('/again'), /^HTTP\/1.1 200 /);
  await allow(world, 'child', 'slack.*');
  assert.equal(
    (await send(child, 'GET /api/auth.test HTTP/1.1\r\nHost: slack.com\r\n\r\n', { connect: 'slack.com:443' })).status,
    403,
  );
  socket.destroy();
});

test("a kill of a parent's gateway or run ends its child's stream on both sides, and refuses what comes next", async () => {
  child = await startChild(world);
  const parent = (await runsOf(world))[0]!.id;
  for (const scope of [['parent'], ['--run', parent]]) {
    const { ended } = await streaming(child);
    const { stopped, runs } = JSON.parse(await world.ok(['kill', ...scope, '--json'])) as {
      stopped: { exchanges: number };
      runs: string[];
    };
    await ended;
    assert.deepEqual([stopped.exchanges, runs], [1, [parent, child.env.TF_RUN]]);
    const { status, body } = await send(child, get('/next'), upstream);
    assert.deepEqual([status, (JSON.parse(body) as { code: string }).code], [403, 'killed']);
    await world.ok(['resume', ...scope]);
    assert.equal((await send(child, get('/next'), upstream)).status, 200);
  }
});

test('the end of a run ends its children: their streams, their tokens, and an entry for each', async () => {
  // The child outlives its parent's program: only the run ends.
  const script = `setsid "$0" "$1" run -- child sh -c 'env; exec sleep 60' & sleep 0.1; read line`;
  const parent = world.start(['run', '--', 'parent', 'sh', '-c', script, process.execPath, tfProgram]);
  let text = '';
  let errors = '';
  parent.stdout!.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  parent.stderr!.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  await until(
    () => /^TF_RUN=run_\w+$/m.test(text) && /^HTTPS_PROXY=.+$/m.test(text) && /^SSL_CERT_FILE=.+$/m.test(text),
  );
  const id = /^TF_RUN=(.+)$/m.exec(text)![1]!;
  await until(async () => (await runsOf(world)).length === 2);
  const pid = (await runsOf(world))[1] as unknown as { pid: number };
  parent.stdin!.end('over\n');
  await once(parent, 'exit');
  await until(async () => (await runsOf(world)).length === 0);
  await until(() => errors.includes('this one with it'));
  const ended = (await entries(world)).filter(({ type }) => type === 'run.ended').slice(-2);
  assert.deepEqual([ended[0]!.run, ended.map(({ gateway }) => gateway)], [id, ['child', 'parent']]);
  process.kill(pid.pid, 'SIGTERM');
});

test('--terminate of a parent ends the process tree of its child too, also when that has left its parents', async () => {
  const script = `setsid "$0" "$1" run -- child sh -c 'echo up; sleep 60' & wait`;
  const parent = world.start(['run', '--', 'parent', 'sh', '-c', script, process.execPath, tfProgram]);
  await once(parent.stdout!, 'data');
  await until(async () => (await runsOf(world)).length === 2);
  const pids = ((await runsOf(world)) as unknown as { pid: number }[]).map(({ pid }) => pid);
  await world.ok(['kill', 'parent', '--terminate']);
  await until(() => pids.every(gone));
  await world.ok(['resume', 'parent']);
});

const inside = (...command: string[]) => world.tf(['run', '--', 'parent', process.execPath, tfProgram, ...command]);

test('a child that nobody allows is refused with what to ask for, and a gateway that does not exist is not made', async () => {
  await world.ok(['gateway', 'create', 'other']);
  const refused = await inside('run', '--', 'other', 'true');
  assert.equal(refused.code, 125);
  assert.match(refused.stderr, /parent \(run_\w+\) may not start other: No permission of parent allows /);
  assert.match(
    refused.stderr,
    /tf permissions set --gateway parent --action gateway\.spawn --resource gateway:other --effect allow/,
  );
  await allow(world, 'parent', 'gateway.spawn', '--resource', 'gateway:never');
  assert.match((await inside('run', '--', 'never', 'true')).stderr, /There is no gateway never/);
  assert.equal((await world.tf(['gateway', 'show', 'never'])).code, 4);
});

test('a child that needs an approval is held, refused with its id, and started by the identical try once', async () => {
  await world.ok(['gateway', 'create', 'asked']);
  await world.ok([
    'permissions',
    'set',
    '--gateway',
    'parent',
    '--action',
    'gateway.spawn',
    '--resource',
    'gateway:asked',
    '--effect',
    'require_approval',
  ]);
  const first = await inside('run', '--', 'asked', 'true');
  const id = /\((apr_\w+)\)/.exec(first.stderr)?.[1];
  assert.equal(first.code, 125, first.stderr);
  assert.match(first.stderr, /Run the same again once it is approved\./);
  await world.ok(['approvals', 'approve', id!]);
  assert.equal((await inside('run', '--', 'asked', 'sh', '-c', 'exit 7')).code, 7);
  assert.equal((await inside('run', '--', 'asked', 'sh', '-c', 'exit 7')).code, 125);
});

test('inside of a run anybody may kill its child, and the kill of the child leaves the parent alone', async () => {
  child = await startChild(world);
  const killed = await inside('kill', '--run', child.env.TF_RUN!);
  assert.equal(killed.code, 0, killed.stderr);
  assert.equal((await send(child, get('/next'), upstream)).status, 403);
  assert.match(
    (
      await world.tf([
        'run',
        '--',
        'parent',
        'curl',
        '-sS',
        '-o',
        '/dev/null',
        '-w',
        '%{http_code}',
        'https://upstream.test/',
      ])
    ).stdout,
    /^200$/,
  );
});
