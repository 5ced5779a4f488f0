import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { entries } from '../faults/ledger.js';
import { type Agent, openTls, type RawAnswer, readAnswer, send, startAgent } from '../http/agent.js';
import { openWorld, runProgram, type World } from '../world.js';

let world: World;
let agent: Agent;
/** Requests that the upstream holds open. */
let held: { request: IncomingMessage; response: ServerResponse }[] = [];
let onHeld = (): void => {};

before(async () => {
  world = await openWorld({
    intercept(request, response) {
      if (!request.url?.startsWith('/hold/')) return false;
      held.push({ request, response });
      request.on('error', () => {});
      request.on('data', () => onHeld());
      if (request.url === '/hold/events') {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write('data: one\n\n');
      }
      onHeld();
      return true;
    },
  });
  await world.ok(['gateway', 'create', 'agent']);
  await world.ok(['gateway', 'create', 'other']);
  for (const gateway of ['agent', 'other'])
    for (const action of ['http.*', 'github.*'])
      await world.ok(['permissions', 'set', '--gateway', gateway, '--action', action, '--effect', 'allow']);
  agent = await startAgent(world, 'agent');
});
beforeEach(() => {
  held = [];
});
after(async () => {
  await agent?.end();
  await world.close();
});

const upstream = { connect: 'upstream.test:443' };
const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: upstream.test\r\n\r\n`;
const issues = 'GET /repos/acme/site/issues HTTP/1.1\r\nHost: api.github.com\r\n\r\n';

const arrival = (): Promise<void> =>
  new Promise(resolve => {
    onHeld = () => {
      onHeld = () => {};
      resolve();
    };
  });
const closed = (socket: Socket): Promise<unknown> =>
  socket.destroyed ? Promise.resolve() : new Promise(resolve => socket.once('close', resolve));

interface Killed {
  readonly scope: { readonly kind: string; readonly name?: string };
  readonly stopped: { readonly exchanges: number; readonly tunnels: number };
  readonly runs: readonly string[];
}
const kill = async (...args: string[]): Promise<Killed> =>
  JSON.parse(await world.ok(['kill', ...args, '--json'])) as Killed;

function isKilled(answer: RawAnswer, reason = ''): void {
  assert.equal(answer.status, 403, answer.head);
  assert.match(answer.head, /\r\ntf-kill-switch: active/i);
  assert.match(answer.head, /\r\ntf-decision: deny/i);
  const problem = JSON.parse(answer.body) as { code: string; detail: string; retryable: boolean };
  assert.equal(problem.code, 'killed');
  assert.equal(problem.retryable, false);
  assert.ok(problem.detail.includes(reason));
}

/** The scopes, and what else they are called. */
const scopes: readonly (readonly [about: string, args: () => string[], scope: () => string])[] = [
  ['a gateway', () => ['agent'], () => 'gateway:agent'],
  ['a connector', () => ['--connector', 'http'], () => 'connector:http'],
  ['a run', () => ['--run', agent.env.TF_RUN!], () => `run:${agent.env.TF_RUN}`],
  ['everything', () => ['--all'], () => 'all'],
];

for (const [about, args, scope] of scopes) {
  test(`a kill of ${about} ends an event stream on both sides, refuses what comes next, and resume lifts it`, async () => {
    const socket = await openTls(agent, upstream);
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    const arrived = arrival();
    socket.write(get('/hold/events'));
    await arrived;
    while (!text.includes('data: one')) await once(socket, 'data');
    const both = Promise.all([closed(socket), closed(held[0]!.response.socket!)]);
    const result = await kill(...args(), '--reason', 'odd posts');
    await both;
    assert.equal(result.stopped.exchanges, 1);
    assert.equal(result.runs.length, result.scope.kind === 'connector' ? 0 : 1);
    isKilled(await send(agent, get('/again'), upstream), 'odd posts');
    await world.ok(['kill-switch', '--deactivate', '--scope', scope()]);
    assert.equal((await send(agent, get('/again'), upstream)).status, 200);
    const all = await entries(world);
    const stopped = all.findLast(({ type, request }) => type === 'action.decided' && request?.path === '/hold/events')!;
    assert.ok(
      all.some(({ type, seq, reason }) => type === 'kill.activated' && seq > stopped.seq && reason === 'odd posts'),
    );
    assert.equal(
      all.find(({ type, decided }) => type === 'action.completed' && decided === stopped.id)?.error,
      'killed',
    );
  });
}

test('a slow upload dies with the kill, at the upstream too', async () => {
  const socket = await openTls(agent, upstream);
  const arrived = arrival();
  socket.write('POST /hold/upload HTTP/1.1\r\nHost: upstream.test\r\nContent-Length: 20000000\r\n\r\n');
  socket.write(Buffer.alloc(9 << 20, 0x61));
  await arrived;
  const both = Promise.all([closed(socket), closed(held[0]!.request.socket)]);
  await kill('agent');
  await both;
  assert.equal(held[0]!.request.complete, false);
  await world.ok(['resume', 'agent']);
});

test('a request whose body is still on its way to the proxy never leaves after a kill', async () => {
  const seen = world.received.length;
  const socket = await openTls(agent, upstream);
  socket.write('POST /half HTTP/1.1\r\nHost: upstream.test\r\nContent-Length: 10\r\n\r\n12345');
  const end = closed(socket);
  // The head must have arrived before the kill: an exchange is open then.
  while ((JSON.parse(await world.ok(['status', '--json'])) as { requests_in_flight: number }).requests_in_flight === 0);
  assert.equal((await kill('agent')).stopped.exchanges, 1);
  await end;
  await world.ok(['resume', 'agent']);
  assert.equal(world.received.length, seen);
});

test('a kill of one gateway leaves another alone', async () => {
  const other = await startAgent(world, 'other');
  await kill('agent');
  assert.equal((await send(other, get('/free'), upstream)).status, 200);
  isKilled(await send(agent, get('/free'), upstream));
  await world.ok(['resume', 'agent']);
  await other.end();
});

test('a kill of a connector leaves other hosts alone', async () => {
  await kill('--connector', 'github');
  isKilled(await send(agent, issues));
  assert.equal((await send(agent, get('/free'), upstream)).status, 200);
  await world.ok(['resume', '--connector', 'github']);
  assert.equal((await send(agent, issues)).status, 200);
});

test('a change of permissions acts on the next request of a connection that is open', async () => {
  const socket = await openTls(agent);
  const once = async (): Promise<RawAnswer> => {
    const answer = readAnswer(socket);
    socket.write(issues);
    return answer;
  };
  assert.equal((await once()).status, 200);
  const { id } = JSON.parse(
    await world.ok([
      'permissions',
      'set',
      '--gateway',
      'agent',
      '--action',
      'github.issue.*',
      '--effect',
      'deny',
      '--json',
    ]),
  ) as { id: string };
  const denied = await once();
  assert.equal(denied.status, 403);
  assert.equal((JSON.parse(denied.body) as { rule: string }).rule, id);
  await world.ok(['permissions', 'remove', id]);
  assert.equal((await once()).status, 200);
  socket.destroy();
});

test('none of this took the proxy down', async () => {
  assert.equal((await entries(world)).filter(({ type }) => type === 'proxy.started').length, 1);
});

test('a kill outlives the proxy, however it ends', async () => {
  await world.ok(['kill', 'agent', '--reason', 'for good']);
  const { proxy } = JSON.parse(await world.ok(['status', '--json'])) as { proxy: { pid: number } };
  process.kill(proxy.pid, 'SIGKILL');
  const { stdout } = await world.tf(['run', '--', 'agent', 'curl', '-sS', '-i', 'https://upstream.test/']);
  assert.match(stdout, /HTTP\/(1\.1|2) 403/);
  assert.match(stdout, /tf-kill-switch: active/i);
  assert.match(await world.ok(['status']), /killed +gateway agent .*for good/);
  await world.ok(['resume', 'agent']);
});

test('what is killed says what it stopped, and names nobody who does not exist', async () => {
  assert.match(
    await world.ok(['kill', 'other']),
    /The gateway other is stopped: 0 requests in flight and 0 open connections ended, 0 runs without access\./,
  );
  assert.match(await world.ok(['resume', 'other']), /The gateway other may go on\./);
  for (const args of [['nobody'], ['--connector', 'nothing'], ['--run', 'run_none']]) {
    const { code, stderr } = await world.tf(['kill', ...args]);
    assert.equal(code, 4, stderr);
    assert.match(stderr, /There is no /);
  }
  assert.equal((await world.tf(['kill'])).code, 2);
  assert.equal((await world.tf(['kill', 'agent', '--all'])).code, 2);
  assert.equal((await world.tf(['kill-switch', '--scope', 'all'])).code, 2);
  assert.equal((await world.tf(['resume', 'other'])).code, 4);
});

test('--terminate ends the whole process tree of a run', async () => {
  const mark = `31.${process.pid}`;
  const child = world.start(['run', '--', 'other', 'sh', '-c', `sleep ${mark} & sleep ${mark} & echo up; wait`]);
  await once(child.stdout!, 'data');
  const exited = once(child, 'exit');
  const said = await world.ok(['kill', 'other', '--terminate']);
  assert.match(said, /1 process tree told to end/);
  const [code] = (await exited) as [number];
  assert.equal(code, 128 + 15);
  const left = await runProgram('sh', ['-c', `ps -eo args | grep -F 'sleep ${mark}' | grep -v grep || true`]);
  assert.equal(left.stdout, '');
  await world.ok(['resume', 'other']);
});

test("state of the kill switch that can't be read counts as active", async () => {
  await world.ok(['kill', 'other']);
  await world.ok(['stop']);
  const { default: Database } = await import('better-sqlite3');
  const db = new Database(join(world.home, 'state.db'));
  db.prepare("UPDATE shelf SET value = '{broken' WHERE kind = 'kill'").run();
  db.close();
  const { stdout } = await world.tf(['run', '--', 'agent', 'curl', '-sS', '-i', 'https://upstream.test/']);
  assert.match(stdout, /tf-kill-switch: active/i);
  assert.match(stdout, /could not be read/);
});
