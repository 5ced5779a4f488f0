import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { entries } from '../faults/ledger.js';
import { until } from '../faults/waiting.js';
import { type Agent, type RawAnswer, send, startAgent } from '../http/agent.js';
import { ask, openSession } from '../http2/stand.js';
import { openWorld, type Received, type World } from '../world.js';

const limit = { timeout: 120_000 };
let world: World;
/** What the stand-in answers instead, once. */
let instead: ((request: Received, response: ServerResponse) => void) | null = null;

before(async () => {
  world = await openWorld({
    answer(request, response) {
      if (instead !== null) return instead(request, response);
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end('{"id":"ch_1","object":"charge"}');
    },
  });
});
after(() => world.close());

/** A gateway of its own with one permission; its id. */
async function gateway(name: string, ...permission: string[]): Promise<string> {
  await world.ok(['gateway', 'create', name]);
  const printed = await world.ok([
    'permissions',
    'set',
    '--gateway',
    name,
    '--effect',
    'allow',
    '--json',
    ...permission,
  ]);
  return (JSON.parse(printed) as { id: string }).id;
}

const charge = (agent: Agent, amount: number, currency = 'usd', path = '/v1/charges'): Promise<RawAnswer> => {
  const body = `amount=${amount}&currency=${currency}`;
  const head = `POST ${path} HTTP/1.1\r\nHost: api.stripe.com\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n`;
  return send(agent, head + body, { connect: 'api.stripe.com:443' });
};

const problem = ({ body }: RawAnswer): Record<string, unknown> =>
  JSON.parse(body.slice(body.indexOf('{'))) as Record<string, unknown>;

test('of 200 requests at once that may be made 10 times a minute exactly 10 pass', limit, async () => {
  for (;;) {
    const minute = Math.floor(Date.now() / 60_000);
    const name = `rated-${minute}`;
    const id = await gateway(name, '--action', 'http.get', '--rate', '10/min');
    const agent = await startAgent(world, name);
    const session = await openSession(agent, { connect: 'upstream.test:443', alpn: ['h2'] });
    const seen = world.received.length;
    const asked = Array.from({ length: 200 }, (_, i) =>
      ask(session, { ':path': `/${i}`, ':authority': 'upstream.test' }),
    );
    const all = await Promise.all(asked);
    session.destroy();
    await agent.end();
    // A new minute may begin in between: then it is done once more.
    if (Math.floor(Date.now() / 60_000) !== minute) continue;
    assert.equal(all.filter(({ headers }) => Number(headers[':status']) === 200).length, 10);
    assert.equal(world.received.length - seen, 10);
    const refused = all.filter(({ headers }) => Number(headers[':status']) === 429);
    assert.equal(refused.length, 190);
    const { code, rule, retryable, detail } = JSON.parse(refused[0]!.body) as Record<string, unknown>;
    assert.deepEqual([code, rule, retryable], ['rate_limited', id, true]);
    assert.match(String(detail), /allows 10\/min/);
    const wait = Number(refused[0]!.headers['retry-after']);
    assert.ok(wait >= 1 && wait <= 60, String(wait));
    const decided = (await entries(world)).filter(
      ({ type, decision, subject }) =>
        type === 'action.decided' && (subject as { id: string }).id === name && decision?.rule === id,
    );
    assert.deepEqual(
      [decided.filter(({ decision }) => decision?.effect === 'deny').length, decided.length],
      [190, 200],
    );
    return;
  }
});

test('a budget counts exactly, in its own currency, and what it can not count is refused', limit, async () => {
  const id = await gateway('payer', '--action', 'stripe.*', '--budget', 'usd 20/month');
  const agent = await startAgent(world, 'payer');
  assert.equal((await charge(agent, 1999)).status, 200);
  const over = await charge(agent, 2);
  assert.equal(over.status, 429);
  assert.deepEqual([problem(over).code, problem(over).rule, problem(over).retryable], ['budget_exceeded', id, true]);
  // Days away: an SDK that tries again at once would only be refused again.
  assert.match(over.head, /x-should-retry: false/i);
  assert.equal((await charge(agent, 1)).status, 200);
  assert.equal((await charge(agent, 0)).status, 200);
  for (const refused of [
    await charge(agent, 1, 'eur'),
    await charge(agent, -5),
    await charge(agent, 1.5),
    await charge(agent, 1, 'xyz'),
    await charge(agent, 1, 'usd&currency=eur'),
    await charge(agent, 1, 'usd', '/v1/coupons'),
    await charge(agent, 2001),
  ]) {
    assert.equal(refused.status, 403, refused.body);
    assert.deepEqual([problem(refused).code, problem(refused).rule], ['denied', id]);
  }
  // What only reads spends nothing.
  const list = await send(agent, 'GET /v1/charges HTTP/1.1\r\nHost: api.stripe.com\r\n\r\n', {
    connect: 'api.stripe.com:443',
  });
  assert.equal(list.status, 200);
  const [shown] = JSON.parse(await world.ok(['permissions', 'list', '--gateway', 'payer', '--json'])) as [
    Record<string, unknown>,
  ];
  assert.deepEqual(
    (shown.limits as Record<string, string>[]).map(({ limit, used, left }) => [limit, used, left]),
    [['usd 20.00/month', '20.00', '0.00']],
  );
  assert.match(await world.ok(['permissions', 'list', '--gateway', 'payer']), /usd 20\.00\/month \(0\.00 left\)/);
  const completed = (await entries(world)).filter(
    ({ type, gateway, usage }) => type === 'action.completed' && gateway === 'payer' && usage,
  );
  assert.deepEqual(completed.map(({ usage }) => usage).slice(0, 2), [
    { cost: { currency: 'usd', micro: 19_990_000 } },
    { cost: { currency: 'usd', micro: 10_000 } },
  ]);
  await agent.end();
});

test('what the API refuses, and what is never sent, is given back', limit, async () => {
  await gateway('returner', '--action', 'stripe.*', '--budget', 'usd 10/month');
  const agent = await startAgent(world, 'returner');
  instead = (_, response) => void response.writeHead(402, { 'content-type': 'application/json' }).end('{"error":{}}');
  try {
    for (let n = 0; n < 3; n++) assert.equal((await charge(agent, 1000)).status, 402);
    instead = (_, response) => void response.destroy();
    // Whether this one was charged is not known.
    assert.equal((await charge(agent, 600)).status, 502);
    assert.equal((await charge(agent, 600)).status, 429);
  } finally {
    instead = null;
  }
  assert.equal((await charge(agent, 400)).status, 200);
  await agent.end();
});

test('an agent can not take away a permission whose limits hold it', limit, async () => {
  const id = await gateway('tight', '--action', 'http.get', '--rate', '1/day');
  const { stdout } = await world.tf([
    'run',
    '--',
    'tight',
    'sh',
    '-c',
    `"$0" "$1" permissions remove ${id} 2>&1; true`,
    process.execPath,
    join(import.meta.dirname, '../../bin/tf.js'),
  ]);
  assert.match(stdout, /operator/);
  assert.match(await world.ok(['permissions', 'list', '--gateway', 'tight']), new RegExp(id));
});

test('what was spent is still spent after kill -9 and a new start, also what was on its way', limit, async () => {
  const own = await openWorld({
    answer: ({ body }, response) => {
      if (body.includes('amount=300')) return;
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end('{}');
    },
  });
  try {
    const serve = async () => {
      const proxy = own.start(['serve']);
      proxy.stderr!.resume();
      await until(async () => (await own.tf(['status'])).code === 0);
      return proxy;
    };
    let proxy = await serve();
    await own.ok(['gateway', 'create', 'agent']);
    await own.ok([
      'permissions',
      'set',
      '--gateway',
      'agent',
      '--action',
      'stripe.*',
      '--effect',
      'allow',
      '--budget',
      'usd 10/month',
    ]);
    let agent = await startAgent(own, 'agent');
    assert.equal((await charge(agent, 500)).status, 200);
    const pending = charge(agent, 300);
    await until(async () => own.received.some(({ body }) => body.includes('amount=300')));
    const exited = once(proxy, 'exit');
    proxy.kill('SIGKILL');
    await exited;
    await pending;
    agent.child.kill('SIGKILL');
    proxy = await serve();
    agent = await startAgent(own, 'agent');
    assert.equal((await charge(agent, 201)).status, 429);
    assert.equal((await charge(agent, 200)).status, 200);
  } finally {
    await own.close();
  }
});

test(
  'a refund counts in the currency of its charge, for which the proxy asks with the same secret',
  limit,
  async () => {
    await world.ok(['secret', 'set', 'stripe', '--connector', 'stripe'], { input: 'rk_test_canary0123456789' });
    const id = await gateway('refunder', '--action', 'stripe.refund.create', '--budget', 'eur 10/month');
    const agent = await startAgent(world, 'refunder');
    const refund = (body: string): Promise<RawAnswer> =>
      send(
        agent,
        `POST /v1/refunds HTTP/1.1\r\nHost: api.stripe.com\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
        { connect: 'api.stripe.com:443' },
      );
    instead = ({ method, target }, response) => {
      response.writeHead(method === 'GET' && target.includes('unknown') ? 404 : 200, {
        'content-type': 'application/json',
      });
      response.end(
        method === 'GET' ? JSON.stringify({ amount: 600, currency: target.includes('usd') ? 'usd' : 'eur' }) : '{}',
      );
    };
    try {
      const seen = world.received.length;
      assert.equal((await refund('charge=ch_1')).status, 200);
      const [asked] = world.received.slice(seen);
      assert.deepEqual([asked?.method, asked?.target], ['GET', '/v1/charges/ch_1']);
      assert.equal(asked?.headers.authorization, 'Bearer rk_test_canary0123456789');
      assert.equal((await refund('charge=ch_1')).status, 429);
      assert.equal((await refund('payment_intent=pi_1&amount=400')).status, 200);
      // Another currency, also if the request says it was this one; a charge that isn't found; an id that leads elsewhere.
      for (const body of [
        'charge=ch_usd',
        'charge=ch_usd&currency=eur',
        'charge=ch_unknown',
        'charge=..%2Fbalance',
        'charge=..',
      ]) {
        const sent = world.received.length;
        const { code, rule } = problem(await refund(`${body}&amount=0`));
        assert.deepEqual([code, rule], ['denied', id], body);
        assert.ok(
          world.received.slice(sent).every(({ target }) => target.startsWith('/v1/charges/ch_')),
          body,
        );
      }
    } finally {
      instead = null;
    }
    await agent.end();
  },
);
