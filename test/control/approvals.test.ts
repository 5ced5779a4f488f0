import assert from 'node:assert/strict';
import { request } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { entries } from '../faults/ledger.js';
import { type Agent, openTls, type RawAnswer, send, startAgent } from '../http/agent.js';
import { openWorld, type World } from '../world.js';

let world: World;
let agent: Agent;

before(async () => {
  world = await openWorld({ config: 'approvals: {hold: 300ms, expire: 8s}' });
  await world.ok(['gateway', 'create', 'agent']);
  await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', 'http.*', '--effect', 'allow']);
  await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', 'http.post', '--effect', 'require_approval']);
  agent = await startAgent(world, 'agent');
});
after(async () => {
  await agent?.end();
  await world.close();
});

const upstream = { connect: 'upstream.test:443' };
const bytes = (path: string, body = '{"a":1}', lines: readonly string[] = []): string =>
  `POST ${path} HTTP/1.1\r\n${['Host: upstream.test', 'Content-Type: application/json', `Content-Length: ${body.length}`, ...lines].join('\r\n')}\r\n\r\n${body}`;
const post = (path: string, body?: string, lines?: readonly string[]): Promise<RawAnswer> =>
  send(agent, bytes(path, body, lines), upstream);

interface Problem {
  readonly code: string;
  readonly detail: string;
  readonly retryable: boolean;
  readonly approval?: { readonly id: string; readonly status_url: string; readonly expires_at: string };
}
const problem = (answer: RawAnswer): Problem => JSON.parse(answer.body) as Problem;
const at = (path: string): number => world.received.filter(({ target }) => target === path).length;

/** Sends it until it is said to wait, and returns the id of the approval. */
async function pending(path: string, body?: string, lines?: readonly string[]): Promise<string> {
  const answer = await post(path, body, lines);
  assert.equal(answer.status, 503, answer.body);
  assert.equal(problem(answer).code, 'approval_pending');
  return problem(answer).approval!.id;
}

test('a held request is answered "pending" with the time to wait, and nothing is sent', async () => {
  const answer = await post('/held');
  assert.equal(answer.status, 503);
  assert.match(answer.head, /\r\nretry-after: \d+/i);
  assert.match(answer.head, /\r\ntf-decision: pending/i);
  assert.match(answer.head, /\r\ntf-evidence-id: ev_/i);
  const { code, retryable, approval } = problem(answer);
  assert.equal(code, 'approval_pending');
  assert.equal(retryable, true);
  assert.match(approval!.id, /^apr_/);
  assert.ok(approval!.status_url.includes(approval!.id));
  assert.ok(Date.parse(approval!.expires_at) > 0);
  assert.equal(at('/held'), 0);
});

test('asking again is the same approval; approved, it goes through exactly once', async () => {
  const id = await pending('/once');
  assert.equal(await pending('/once'), id);
  await world.ok(['approvals', 'approve', id, '--reason', 'as agreed']);
  assert.equal((await post('/once')).status, 200);
  assert.equal(at('/once'), 1);
  assert.notEqual(await pending('/once'), id);
  assert.equal(at('/once'), 1);
  const all = await entries(world);
  const order = all.filter(entry => entry.approval === id).map(({ type }) => type);
  assert.deepEqual(order, ['approval.requested', 'approval.granted', 'approval.redeemed']);
});

test('ten parallel retries redeem an approval once; the others are told of one that does wait', async () => {
  const id = await pending('/many');
  await world.ok(['approvals', 'approve', id]);
  const answers = await Promise.all(Array.from({ length: 10 }, () => post('/many')));
  assert.equal(answers.filter(({ status }) => status === 200).length, 1);
  const others = answers.filter(({ status }) => status !== 200).map(problem);
  assert.equal(others.length, 9);
  assert.ok(others.every(({ code, approval }) => code === 'approval_pending' && approval!.id !== id));
  assert.equal(at('/many'), 1);
  const waiting = JSON.parse(await world.ok(['approvals', 'list', '--json'])) as { id: string; state: string }[];
  for (const { approval } of others) assert.equal(waiting.find(one => one.id === approval!.id)?.state, 'pending');
});

test('approved while it is held, the request goes on by itself', async () => {
  const slow = await openWorld({ config: 'approvals: {hold: 20s}' });
  try {
    await slow.ok(['gateway', 'create', 'agent']);
    await slow.ok([
      'permissions',
      'set',
      '--gateway',
      'agent',
      '--action',
      'http.post',
      '--effect',
      'require_approval',
    ]);
    const waiting = await startAgent(slow, 'agent');
    const first = async (): Promise<string> => {
      for (;;) {
        const [one] = (
          JSON.parse(await slow.ok(['approvals', 'list', '--json'])) as { id: string; state: string }[]
        ).filter(({ state }) => state === 'pending');
        if (one !== undefined) return one.id;
      }
    };
    const answer = send(waiting, bytes('/while'), upstream);
    await slow.ok(['approvals', 'approve', await first()]);
    assert.equal((await answer).status, 200);
    assert.equal(slow.received.length, 1);

    // A policy that has changed its mind meanwhile wins over the approval.
    const changed = send(waiting, bytes('/changed'), upstream);
    const id = await first();
    await slow.ok(['permissions', 'set', '--gateway', 'agent', '--action', 'http.post', '--effect', 'deny']);
    await slow.ok(['approvals', 'approve', id]);
    const refused = await changed;
    assert.equal(refused.status, 403, refused.body);
    assert.equal(problem(refused).code, 'denied');
    assert.equal(slow.received.length, 1);

    // A client that has gone is not acted for, even if somebody approves.
    await slow.ok(['permissions', 'remove', 'perm_2']);
    const socket = await openTls(waiting, upstream);
    socket.write(bytes('/gone'));
    const left = await first();
    socket.destroy();
    while ((JSON.parse(await slow.ok(['status', '--json'])) as { requests_in_flight: number }).requests_in_flight > 0);
    assert.match((await slow.tf(['approvals', 'approve', left])).stderr, /is cancelled already/);
    assert.equal(slow.received.length, 1);

    // The kill switch ends what is held, too.
    const held = send(waiting, bytes('/killed'), upstream);
    await first();
    await slow.ok(['kill', 'agent']);
    const stopped = await held;
    assert.deepEqual([stopped.status, problem(stopped).code], [403, 'killed']);
    assert.equal(slow.received.length, 1);
    waiting.child.kill('SIGKILL');
  } finally {
    await slow.close();
  }
});

test('a refusal reaches the agent with who and why', async () => {
  const id = await pending('/refused');
  await world.ok(['approvals', 'deny', id, '--reason', 'not on fridays']);
  const answer = await post('/refused');
  assert.equal(answer.status, 403);
  assert.equal(problem(answer).code, 'approval_refused');
  assert.match(problem(answer).detail, /not on fridays/);
  assert.match(answer.head, /tf-decision: deny/i);
  assert.equal(at('/refused'), 0);
  // It is still there to be looked at, and the same request asks anew.
  assert.equal(JSON.parse(await world.ok(['approvals', 'show', id, '--json'])).state, 'refused');
  assert.notEqual(await pending('/refused'), id);
});

test('silence is a denial that says that it was a time-out', async () => {
  const id = await pending('/silent');
  for (;;) {
    const { state } = JSON.parse(await world.ok(['approvals', 'show', id, '--json'])) as { state: string };
    if (state === 'expired') break;
  }
  const answer = await post('/silent');
  assert.equal(answer.status, 403);
  assert.equal(problem(answer).code, 'approval_timeout');
  assert.equal((await world.tf(['approvals', 'approve', id])).code, 1);
  assert.equal(at('/silent'), 0);
});

test('an approval is for exactly what was shown: another body, path or account needs its own', async () => {
  const id = await pending('/exact', '{"amount":1}', ['Stripe-Account: acct_a']);
  await world.ok(['approvals', 'approve', id]);
  for (const [path, body, line] of [
    ['/exact', '{"amount":9}', 'acct_a'],
    ['/exact?x=1', '{"amount":1}', 'acct_a'],
    ['/exact', '{"amount":1}', 'acct_b'],
  ] as const) {
    assert.notEqual(await pending(path, body, [`Stripe-Account: ${line}`]), id);
  }
  // What clients change when they try again is not part of it.
  const again = await post('/exact', '{"amount":1}', [
    'Stripe-Account: acct_a',
    'X-Stainless-Retry-Count: 1',
    'User-Agent: later',
  ]);
  assert.equal(again.status, 200, again.body);
  assert.equal(at('/exact'), 1);
});

test('an approval can be answered once', async () => {
  const id = await pending('/twice');
  const both = await Promise.all([world.tf(['approvals', 'approve', id]), world.tf(['approvals', 'approve', id])]);
  assert.deepEqual(both.map(({ code }) => code).sort(), [0, 1]);
  assert.equal((await world.tf(['approvals', 'approve', 'apr_none'])).code, 4);
  await world.ok(['audit', 'verify']);
  assert.equal((await entries(world)).filter(({ type }) => type === 'proxy.started').length, 1);
});

test('whoever refuses from inside a run signs as that run, whatever name is given', async () => {
  const id = await pending('/signed');
  const run = agent.env.TF_RUN!;
  const status = await new Promise(resolve => {
    const call = request(
      {
        socketPath: join(world.home, 'control.sock'),
        method: 'POST',
        path: `/approvals/${id}/deny`,
        headers: { 'tf-run': run },
        agent: false,
      },
      response => {
        response.resume();
        resolve(response.statusCode);
      },
    );
    call.end(JSON.stringify({ by: 'alice@example.com' }));
  });
  assert.equal(status, 200);
  const refused = (await entries(world)).find(({ type, approval }) => type === 'approval.refused' && approval === id);
  assert.equal(refused?.by, `run:${run}`);
});
