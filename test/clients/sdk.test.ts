/** SDKs for Node.js behind their gateway, unmodified: they work with a placeholder, and show the reason of a denial at once. */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { after, before, test } from 'node:test';
import type { Received, World } from '../world.js';
import { agent, behind, decided, gateway, openPlace } from './place.js';

const reason = 'Agents ask a person for this.';
let world: World;

interface Client {
  readonly action: string;
  readonly field: string;
  readonly value: string;
  readonly answer: unknown;
}

const secrets = {
  github: 'ghs_canary0123456789abcdefABCDEF',
  stripe: 'rk_live_canary0123456789abcdef',
  slack: 'xoxb-1-2-canary0123456789abcdef',
  openai: 'sk-proj-canary0123456789abcdef',
  anthropic: 'sk-ant-api03-canary0123456789abcdef',
};

const clients: Readonly<Record<string, Client>> = {
  fetch: { action: 'github.branch.delete', field: 'authorization', value: `Bearer ${secrets.github}`, answer: 7 },
  https: { action: 'github.branch.delete', field: 'authorization', value: `Bearer ${secrets.github}`, answer: 7 },
  octokit: { action: 'github.branch.delete', field: 'authorization', value: `Bearer ${secrets.github}`, answer: 7 },
  stripe: { action: 'stripe.charge.create', field: 'authorization', value: `Bearer ${secrets.stripe}`, answer: 4200 },
  slack: {
    action: 'slack.message.delete',
    field: 'authorization',
    value: `Bearer ${secrets.slack}`,
    answer: '1700000000.000100',
  },
  openai: {
    action: 'openai.file.delete',
    field: 'authorization',
    value: `Bearer ${secrets.openai}`,
    answer: ['whole', 'one', 'two', '**** three'],
  },
  anthropic: {
    action: 'anthropic.batch.delete',
    field: 'x-api-key',
    value: secrets.anthropic,
    answer: ['whole', 'one', 'two', '**** three'],
  },
};

/** Resolves when the agent has said that it saw the event before. */
const seen = new Map<string, () => void>();
const awaited = (model: string): Promise<void> => new Promise(resolve => seen.set(model, resolve));

/** Sends an event and waits until the agent has it; the last one brings the secret back, cut in two. */
async function stream(response: ServerResponse, secret: string, event: (text: string) => string): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const [i, text] of ['one', 'two'].entries()) {
    const next = awaited(`seen-${i + 1}`);
    response.write(event(text));
    await next;
  }
  const last = event(`${secret} three`);
  const middle = last.indexOf(secret) + 9;
  response.write(last.slice(0, middle));
  await new Promise(resolve => setImmediate(resolve));
  response.end(last.slice(middle));
}

const openaiEvent = (text: string): string =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content: text } }] })}\n\n`;
const anthropicEvent = (text: string): string =>
  `event: content_block_delta\ndata: ${JSON.stringify({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })}\n\n`;

function answer({ host, target, body }: Received, response: ServerResponse): void {
  const json = (value: unknown): void => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(value));
  };
  const streamed = body.includes('"stream":true');
  const model = /^\/v1\/models\/(seen-\d)/.exec(target)?.[1];
  if (model !== undefined) {
    seen.get(model)?.();
    return json({ id: model });
  }
  if (host === 'api.github.com') return json([{ number: 7 }]);
  if (host === 'api.stripe.com') return json({ id: 'ch_1', object: 'charge', amount: 4200 });
  if (host === 'slack.com') return json({ ok: true, ts: '1700000000.000100' });
  if (host === 'api.openai.com')
    return streamed
      ? void stream(response, secrets.openai, openaiEvent)
      : json({ choices: [{ message: { content: 'whole' } }] });
  return streamed
    ? void stream(response, secrets.anthropic, anthropicEvent)
    : json({ type: 'message', content: [{ type: 'text', text: 'whole' }] });
}

before(async () => {
  const allow: Record<string, string[]> = {
    github: ['github.issue.*'],
    stripe: ['stripe.charge.get'],
    slack: ['slack.message.post'],
    openai: ['openai.chat.create', 'openai.model.get'],
    anthropic: ['anthropic.message.create', 'anthropic.model.get'],
  };
  const settings = Object.entries(secrets).map(([connector, secret]) => ({
    place: ['--connector', connector],
    secret,
    allow: allow[connector]!,
  }));
  const deny = Object.fromEntries(Object.values(clients).map(({ action }) => [action, reason]));
  world = await openPlace([...settings, { deny }], { answer });
});
after(() => world.close());

for (const [name, client] of Object.entries(clients)) {
  test(`${name} works with a credential that it does not have, and shows the reason of a denial after one request`, async () => {
    const before = world.received.length;
    const asked = await decided(world, client.action);
    const { code, stdout, stderr } = await behind(world, agent(name));
    assert.equal(code, 0, stderr);
    const { answer, refusal } = JSON.parse(stdout) as { answer: unknown; refusal: string | null };
    assert.deepEqual(answer, scrubbed(client.answer, client.value));
    assert.ok(refusal?.includes(reason), refusal ?? 'it took the refusal for a success');
    const arrived = world.received.slice(before);
    assert.ok(arrived.length > 0 && arrived.every(({ headers }) => headers[client.field] === client.value));
    assert.equal((await decided(world, client.action)) - asked, 1);
  });
}

test('stopped by the kill switch, every client says so after one request', async () => {
  await world.ok(['kill', gateway, '--reason', 'The drill of today.']);
  try {
    for (const name of Object.keys(clients)) {
      const before = world.received.length;
      const refused = (await world.ok(['logs', '--json', '--gateway', gateway, '--effect', 'deny'])).split('\n').length;
      const { code, stderr } = await behind(world, agent(name));
      assert.notEqual(code, 0, name);
      assert.match(stderr, /The drill of today\./, name);
      assert.equal(world.received.length, before);
      const after = (await world.ok(['logs', '--json', '--gateway', gateway, '--effect', 'deny'])).split('\n').length;
      // The run's canary and the one request.
      assert.equal(after - refused, 2, name);
    }
  } finally {
    await world.ok(['resume', gateway]);
  }
});

/** Masks are as long as what they mask. */
const scrubbed = (value: unknown, secret: string): unknown =>
  Array.isArray(value)
    ? value.map(part => String(part).replace('****', '*'.repeat(secret.replace('Bearer ', '').length)))
    : value;
