import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { until } from '../faults/waiting.js';
import { type Agent, type RawAnswer, send, startAgent } from '../http/agent.js';
import { openWorld, type World } from '../world.js';

const limit = { timeout: 120_000 };
let world: World;
let agent: Agent;

before(async () => {
  world = await openWorld({ config: 'approvals: {hold: 60s}' });
  await world.ok(['gateway', 'create', 'payer']);
  await set('--action', 'stripe.*', '--budget', 'usd 10/month');
  agent = await startAgent(world, 'payer');
});
after(async () => {
  await agent.end();
  await world.close();
});

const set = (...fields: readonly string[]): Promise<string> =>
  world.ok(['permissions', 'set', '--gateway', 'payer', '--effect', 'require_approval', ...fields]);

const charge = (amount: number): Promise<RawAnswer> => {
  const body = `amount=${amount}&currency=usd`;
  const head = `POST /v1/charges HTTP/1.1\r\nHost: api.stripe.com\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n`;
  return send(agent, head + body, { connect: 'api.stripe.com:443' });
};

/** What the first permission's budget has spent or set aside. */
async function used(): Promise<string> {
  const [first] = JSON.parse(await world.ok(['permissions', 'list', '--json'])) as { limits: { used: string }[] }[];
  return first!.limits[0]!.used;
}

const seen = new Set<string>();

/** Id of the next approval that waits, once it does. */
async function waiting(): Promise<string> {
  let id: string | undefined;
  await until(async () => {
    const all = JSON.parse(await world.ok(['approvals', 'list', '--json'])) as { id: string; state: string }[];
    id = all.find(({ id, state }) => state === 'pending' && !seen.has(id))?.id;
    return id !== undefined;
  });
  seen.add(id!);
  return id!;
}

test('what waits for its approval is set aside, and given back when it is refused, left or killed', limit, async () => {
  const denied = charge(600);
  const id = await waiting();
  assert.equal(await used(), '6.00');
  assert.equal((await charge(500)).status, 429);
  await world.ok(['approvals', 'deny', id]);
  assert.equal((await denied).status, 403);
  assert.equal(await used(), '0.00');

  const killed = charge(700);
  await waiting();
  assert.equal(await used(), '7.00');
  await world.ok(['kill', 'payer']);
  await killed;
  await until(async () => (await used()) === '0.00');
  await world.ok(['resume', 'payer']);
  assert.equal(world.received.length, 0);
});

test('what is approved under limits that are no longer those that count it is not sent', limit, async () => {
  const approved = charge(800);
  const id = await waiting();
  await set('--action', 'stripe.charge.create', '--budget', 'usd 1/month');
  await world.ok(['approvals', 'approve', id]);
  const { status, body } = await approved;
  assert.equal(status, 403);
  assert.match(body, /limits that it counts by were changed/);
  assert.equal(world.received.length, 0);
  assert.equal(await used(), '0.00');
});
