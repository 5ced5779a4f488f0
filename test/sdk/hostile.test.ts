/** Guard, asked by whoever wants more from it than a request through the proxy would get. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { entries } from '../faults/ledger.js';
import { until } from '../faults/waiting.js';
import { type Agent, readAnswer, send, startAgent } from '../http/agent.js';
import { openWorld, type World } from '../world.js';
import { deedsOf, type Said } from './deeds.js';

let world: World;
let agent: Agent;
const set = (action: string, effect: string, ...more: string[]): Promise<string> =>
  world.ok(['permissions', 'set', '--gateway', 'agent', '--action', action, '--effect', effect, ...more]);

before(async () => {
  world = await openWorld({ config: 'workers: 2\napprovals: {hold: 60s}' });
  await world.ok(['gateway', 'create', 'agent']);
  for (const action of ['billing.*', 'github.*', 'gateway.*', 'stripe.*', 'http.*']) await set(action, 'allow');
  await set('billing.close', 'require_approval');
  await set('github.pr.merge', 'deny', '--where', 'base == "main"');
  await set('stripe.invoice.pay', 'allow', '--where', 'amount <= 100');
  await set('github.git.push', 'deny', '--where', 'forced == true');
  agent = await startAgent(world, 'agent');
});
after(async () => {
  await agent.end();
  await world.close();
});

const ask = (...call: Parameters<ReturnType<typeof deedsOf>>): Promise<Said> => deedsOf(agent)(...call);
const decide = (action: string, resource: string, more: object = {}): Promise<Said> =>
  ask('decide', { action, resource, ...more });

test('a deed that two readers could read in two ways is not judged', async () => {
  const bodies = [
    '{"action":"billing.refund","action":"billing.close","resource":"order:1"}',
    '{"action":"billing.refund","resource":"order:1","parameters":{"amount":1,"amount":100000}}',
    '{"action":"billing.refund","resource":"order:1","parameters":{"amount":9007199254740993}}',
    '{"action":"billing.refund","resource":"order:1","parameters":{"amount":1e400}}',
    '{"action":"billing.refund","resource":"order:1","parameters":{"note":"a\\u0000b"}}',
    `{"action":"billing.refund","resource":"order:1","parameters":{"a":${'['.repeat(100)}${']'.repeat(100)}}}`,
    '[]',
    'null',
    '"x"',
    '\ufeff{}',
    '{"action":"billing.refund","resource":"order:1","access":["read"]}',
  ];
  for (const body of bodies) {
    const { status, code } = await ask('decide', body);
    assert.deepEqual([status, code], [400, 'malformed_request'], body);
  }
});

test('a parameter with the name of something that every object has is a parameter like any other', async () => {
  const body =
    '{"action":"billing.refund","resource":"order:1","parameters":{"__proto__":{"amount":1},"constructor":2}}';
  const { evidenceId } = await ask('decide', body);
  const entry = (await entries(world)).find(({ id }) => id === evidenceId)!;
  const { parameters } = entry.action as { parameters: object };
  assert.equal(JSON.stringify(parameters), '{"__proto__":{"amount":1},"constructor":2}');
});

test('what only Tollfence does is nothing that an agent can say to do', async () => {
  for (const action of ['gateway.spawn', 'tollfence.anything', 'credential.exchange'])
    assert.equal((await decide(action, 'gateway:agent', { access: 'read' })).code, 'malformed_request', action);
});

test('a fact that is looked up for a request and that nobody says to guard is unknown there too', async () => {
  const pay = (parameters: object): Promise<Said> => decide('stripe.invoice.pay', 'invoice:in_1', { parameters });
  assert.equal((await pay({ amount: 5 })).status, 200);
  const merge = (parameters: object): Promise<Said> => decide('github.pr.merge', 'repo:acme/site', { parameters });
  assert.equal((await merge({ base: 'dev' })).status, 200);
  assert.equal((await merge({ base: 'main' })).code, 'denied');
  const silent = await merge({ number: 7 });
  assert.equal(silent.code, 'denied');
  const entry = (await entries(world)).find(({ id }) => id === silent.evidence_id)!;
  assert.ok((entry.action as { unknown: string[] }).unknown.includes('base'));
  // Also of an action that no row names, but a function.
  const push = (parameters: object): Promise<Said> => decide('github.git.push', 'repo:acme/site', { parameters });
  assert.equal((await push({ ref: 'refs/heads/a', forced: false })).status, 200);
  assert.equal((await push({ ref: 'refs/heads/a' })).code, 'denied');
});

test("how much harm a connector's action does is the connector's to say, also of one that no row names", async () => {
  const access = async (action: string): Promise<unknown> => {
    const { evidenceId, evidence_id } = await decide(action, 'repo:acme/site', { access: 'list' });
    const entry = (await entries(world)).find(({ id }) => id === (evidenceId ?? evidence_id))!;
    return (entry.action as { access: string }).access;
  };
  assert.equal(await access('github.git.push'), 'delete');
  assert.equal(await access('github.something.new'), 'permissions');
  assert.equal(await access('http.delete'), 'delete');
  assert.equal(await access('billing.look'), 'list');
});

test('a name that several actions have is refused with those that it may mean', async () => {
  const { code, detail } = await decide('github.repos.update', 'repo:acme/site');
  assert.equal(code, 'malformed_request');
  assert.match(detail!, /github\.repo\.visibility, /);
});

test('a web page under another name, and a request through a tunnel, ask the proxy nothing', async () => {
  const body = '{"action":"billing.refund","resource":"order:1"}';
  const head = (host: string): string =>
    `POST /_/tollfence/v1/decide HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${agent.token}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const rebound = connect(agent.port, '127.0.0.1');
  rebound.write(head(`evil.example:${agent.port}`));
  const { status, body: said } = await readAnswer(rebound);
  rebound.destroy();
  assert.ok(status >= 400 && !said.includes('evidenceId'), said);
  const tunnelled = await send(agent, head('upstream.test'), { connect: 'upstream.test:443' });
  assert.equal(tunnelled.status, 200);
  assert.equal(world.received.at(-1)!.target, '/_/tollfence/v1/decide');
});

test('what was begun is ended once, and by its own run alone', async () => {
  const { evidenceId } = await decide('billing.refund', 'order:1');
  const other = await startAgent(world, 'agent');
  assert.equal((await ask('complete', { evidenceId }, other.token)).code, 'malformed_request');
  await other.end();
  assert.equal((await ask('complete', { evidenceId })).status, 200);
  assert.equal((await ask('complete', { evidenceId, error: 'x' })).code, 'malformed_request');
  const ends = (await entries(world)).filter(
    ({ type, decided }) => type === 'action.completed' && decided === evidenceId,
  );
  assert.deepEqual(
    ends.map(({ error }) => error),
    [null],
  );
});

test('of what a run has begun and never ended the log says so when the run is over, and nobody ends it later', async () => {
  const short = await startAgent(world, 'agent');
  const { evidenceId } = await ask('decide', { action: 'billing.refund', resource: 'order:1' }, short.token);
  await short.end();
  let ends: Awaited<ReturnType<typeof entries>> = [];
  await until(async () => {
    ends = (await entries(world)).filter(({ type, decided }) => type === 'action.completed' && decided === evidenceId);
    return ends.length > 0;
  });
  assert.deepEqual(
    ends.map(({ error }) => error),
    ['unknown'],
  );
});

const pending = async (): Promise<string | undefined> =>
  (JSON.parse(await world.ok(['approvals', 'list', '--json'])) as { id: string; state: string }[]).find(
    ({ state }) => state === 'pending',
  )?.id;

test('a client that goes away while it waits for a human takes its question back', async () => {
  const gone = new AbortController();
  const asking = ask('decide', { action: 'billing.close', resource: 'account:1' }, agent.token, gone.signal);
  const failed = assert.rejects(asking);
  let id: string | undefined;
  await until(async () => {
    id = await pending();
    return id !== undefined;
  });
  gone.abort();
  await failed;
  await until(async () => (await pending()) === undefined);
  const shown = JSON.parse(await world.ok(['approvals', 'show', id!, '--json'])) as { state: string };
  assert.equal(shown.state, 'cancelled');
});

test('whoever waits with guard and is killed is told so', async () => {
  const asking = ask('decide', { action: 'billing.close', resource: 'account:2' });
  await until(async () => (await pending()) !== undefined);
  await world.ok(['kill', 'agent']);
  const { status, code, evidence_id } = await asking;
  assert.deepEqual([status, code], [403, 'killed']);
  assert.match(evidence_id!, /^ev_/);
  assert.equal((await decide('billing.refund', 'order:1')).code, 'killed');
  await world.ok(['resume', 'agent']);
});
