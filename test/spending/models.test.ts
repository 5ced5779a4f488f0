/** Language models through the proxy: real SDKs, a stand-in that says what was used, and budgets that hold. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Entry, entries } from '../faults/ledger.js';
import { openWorld, type Received, type World } from '../world.js';

const limit = { timeout: 120_000 };
let world: World;
/** Answers that wait until somebody asks for the models; how many there were then. */
const waiting: (() => void)[] = [];
let atOnce = 0;

const usages = {
  chat: {
    prompt_tokens: 1000,
    completion_tokens: 500,
    total_tokens: 1500,
    prompt_tokens_details: { cached_tokens: 200 },
  },
  response: {
    input_tokens: 1000,
    output_tokens: 500,
    total_tokens: 1500,
    input_tokens_details: { cached_tokens: 200 },
  },
  message: { input_tokens: 100, cache_creation_input_tokens: 400, cache_read_input_tokens: 500, output_tokens: 50 },
};

/** Events of a stream, cut in the middle of each other. */
function stream(response: ServerResponse, events: readonly unknown[], tail = ''): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const named = (event: unknown): string => {
    const { type } = event as { type?: string };
    return `${type === undefined ? '' : `event: ${type}\n`}data: ${JSON.stringify(event)}\n\n`;
  };
  const text = events.map(named).join('') + tail;
  response.write(text.slice(0, text.length / 2));
  setImmediate(() => response.end(text.slice(text.length / 2)));
}

function answer({ target, body }: Received, response: ServerResponse): void {
  if (target === '/v1/models') {
    atOnce = waiting.length;
    for (const end of waiting.splice(0)) end();
    return void response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":[]}');
  }
  const asked = JSON.parse(body.toString()) as Record<string, unknown>;
  const json = (value: object): void => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(value));
  };
  const message = { id: 'm', type: 'message', role: 'assistant', content: [{ type: 'text', text: 'hi' }] };
  const chunk = (more: object): object => ({ id: 'c', object: 'chat.completion.chunk', ...more });
  const said = { index: 0, delta: { content: 'hi' } };
  if (asked.user === 'wait') {
    waiting.push(() => json({ choices: [], usage: usages.chat }));
    return;
  }
  if (target === '/v1/embeddings') return json({ data: [], usage: { prompt_tokens: 8, total_tokens: 8 } });
  if (target === '/v1/messages') {
    if (asked.stream !== true) return json({ ...message, usage: usages.message });
    const start = { type: 'message_start', message: { ...message, usage: { ...usages.message, output_tokens: 1 } } };
    const delta = { type: 'message_delta', delta: {}, usage: { output_tokens: 50 } };
    const text = { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'hi' } };
    const block = { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } };
    return stream(response, [
      start,
      block,
      text,
      { type: 'content_block_stop', index: 0 },
      delta,
      { type: 'message_stop' },
    ]);
  }
  if (target === '/v1/responses') {
    const whole = { id: 'r', object: 'response', output: [], usage: usages.response };
    if (asked.stream !== true) return json(whole);
    return stream(response, [
      { type: 'response.created', response: { ...whole, usage: null } },
      { type: 'response.completed', response: whole },
    ]);
  }
  if (asked.stream !== true) return json({ choices: [{ message: { content: 'hi' } }], usage: usages.chat });
  const counted = (asked.stream_options as { include_usage?: boolean } | undefined)?.include_usage === true;
  const last = counted ? [chunk({ choices: [], usage: usages.chat })] : [];
  if (asked.user === 'broken') {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(`data: ${JSON.stringify(chunk({ choices: [said], usage: usages.chat }))}\n\n`);
    return void setImmediate(() => response.destroy());
  }
  stream(response, [chunk({ choices: [said], usage: null }), ...last], 'data: [DONE]\n\n');
}

/** A program with both SDKs; it prints what `work` returns. */
function program(work: string): string[] {
  const require = createRequire(import.meta.url);
  const file = join(world.dir, `agent-${Math.random().toString(36).slice(2)}.mjs`);
  const lines = [
    `import OpenAI from ${JSON.stringify(require.resolve('openai'))};`,
    `import Anthropic from ${JSON.stringify(require.resolve('@anthropic-ai/sdk'))};`,
    'const openai = new OpenAI(); const anthropic = new Anthropic();',
    'const messages = [{ role: "user", content: "hello" }];',
    'const all = async stream => { for await (const _ of await stream); };',
    `const result = await (async () => { ${work} })();`,
    'console.log(JSON.stringify(result ?? null));',
  ];
  writeFileSync(file, lines.join('\n'));
  return [process.execPath, file];
}

async function run<T>(gateway: string, work: string): Promise<T> {
  const { code, stdout, stderr } = await world.tf(['run', '--', gateway, ...program(work)]);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as T;
}

async function gateway(name: string, ...limits: string[]): Promise<void> {
  await world.ok(['gateway', 'create', name]);
  for (const action of ['openai.*', 'anthropic.*'])
    await world.ok(['permissions', 'set', '--gateway', name, '--effect', 'allow', '--action', action, ...limits]);
}

async function used(name: string): Promise<Record<string, string>> {
  const all = JSON.parse(await world.ok(['permissions', 'list', '--gateway', name, '--json'])) as {
    action: string;
    limits: { limit: string; used: string }[];
  }[];
  return Object.fromEntries(
    all.flatMap(({ action, limits }) => limits.map(({ limit, used }) => [`${action} ${limit}`, used])),
  );
}

const usageOf = async (name: string): Promise<(Entry['usage'] | undefined)[]> =>
  (await entries(world))
    .filter(({ type, gateway }) => type === 'action.completed' && gateway === name)
    .map(({ usage }) => usage);

before(async () => {
  world = await openWorld({ answer });
  await world.ok(['secret', 'set', 'openai', '--connector', 'openai'], { input: 'sk-proj-canary0123456789abcdef' });
  await world.ok(['secret', 'set', 'anthropic', '--connector', 'anthropic'], {
    input: 'sk-ant-api03-canary0123456789',
  });
});
after(() => world.close());

test(
  'what OpenAI and Anthropic say was used is counted and recorded, whole answers and streams alike',
  limit,
  async () => {
    await gateway('counted', '--budget', 'usd 20/month', '--budget', 'tokens 100000000/month');
    await run(
      'counted',
      `const model = 'gpt-4o';
     await openai.chat.completions.create({ model, messages, max_tokens: 1000 });
     await all(openai.chat.completions.create({ model, messages, max_tokens: 1000, stream: true, stream_options: { include_usage: true } }));
     await openai.responses.create({ model, input: 'hello', max_output_tokens: 1000 });
     await all(openai.responses.create({ model, input: 'hello', max_output_tokens: 1000, stream: true }));
     await openai.embeddings.create({ model: 'text-embedding-3-small', input: 'hello', encoding_format: 'float' });
     const claude = { model: 'claude-sonnet-4-5-20250929', messages, max_tokens: 1000 };
     await anthropic.messages.create(claude);
     await all(anthropic.messages.create({ ...claude, stream: true }));`,
    );
    // gpt-4o: 800 at 2.50, 200 at 1.25, 500 at 10.00 dollars for a million.
    const chat = {
      model: 'gpt-4o',
      input_tokens: 1000,
      output_tokens: 500,
      cached_tokens: 200,
      cost: { currency: 'usd', micro: 7250 },
    };
    // 100 at 3.00, 500 at 0.30, 400 at 3.75, 50 at 15.00.
    const message = {
      model: 'claude-sonnet-4-5-20250929',
      input_tokens: 1000,
      output_tokens: 50,
      cached_tokens: 500,
      cache_write_tokens: 400,
      cost: { currency: 'usd', micro: 2700 },
    };
    const embedding = {
      model: 'text-embedding-3-small',
      input_tokens: 8,
      output_tokens: 0,
      cost: { currency: 'usd', micro: 1 },
    };
    assert.deepEqual(await usageOf('counted'), [chat, chat, chat, chat, embedding, message, message]);
    assert.deepEqual(await used('counted'), {
      'openai.* usd 20.00/month': '0.029001',
      'openai.* tokens 100000000/month': '6008',
      'anthropic.* usd 20.00/month': '0.0054',
      'anthropic.* tokens 100000000/month': '2100',
    });
  },
);

test('an answer that does not say what was used, or breaks off, counts as what was set aside', limit, async () => {
  await gateway('silent', '--budget', 'tokens 1000000/month');
  await run(
    'silent',
    `const asked = { model: 'gpt-4o', messages, max_tokens: 5000, stream: true };
     await all(openai.chat.completions.create(asked));
     await all(openai.chat.completions.create({ ...asked, user: 'broken' }, { maxRetries: 0 })).catch(() => {});`,
  );
  const { 'openai.* tokens 1000000/month': tokens } = await used('silent');
  // Two answers of 5000, and some input.
  assert.ok(Number(tokens) > 14_000 && Number(tokens) < 15_000, tokens);
  assert.deepEqual(await usageOf('silent'), [undefined, undefined]);
});

test(
  'requests at the same time never set aside more than the budget, and what they did not use is free again',
  limit,
  async () => {
    await gateway('parallel', '--budget', 'tokens 50000/month');
    // Whoever is refused as the last one lets the others have their answers.
    const statuses = await run<number[]>(
      'parallel',
      `let refused = 0;
     const no = error => (++refused === 15 ? openai.models.list().then(() => error.status) : error.status);
     const ask = user => openai.chat.completions.create({ model: 'gpt-4o', messages, max_tokens: 7000, user }, { maxRetries: 0 });
     const first = await Promise.all(Array.from({ length: 20 }, () => ask('wait').then(() => 200, no)));
     return [...first, await ask('once').then(() => 200, error => error.status)];`,
    );
    // Each sets 7000 and something more than 2000 aside: five of them fit.
    assert.equal(atOnce, 5);
    assert.equal(statuses.filter(status => status === 200).length, 6);
    assert.equal(statuses.filter(status => status === 429).length, 15);
    assert.equal((await used('parallel'))['openai.* tokens 50000/month'], '9000');
  },
);

test('a model without a price is refused under a money budget, until the operator has added it', limit, async () => {
  await gateway('novel', '--budget', 'usd 20/month');
  const work = `return openai.chat.completions.create({ model: 'acme-1', messages, max_tokens: 10 }).then(() => 'fine', error => error.message);`;
  const refused = await run<string>('novel', work);
  assert.match(refused, /doesn't know the model "acme-1"/);
  assert.match(refused, /prices\.yaml/);
  writeFileSync(join(world.home, 'prices.yaml'), 'models:\n  acme-1: { input: 1, output: 2.50, context: 8000 }\n');
  assert.equal(await run('novel', work), 'fine');
  assert.deepEqual((await usageOf('novel')).at(-1), {
    model: 'acme-1',
    input_tokens: 1000,
    output_tokens: 500,
    cached_tokens: 200,
    cost: { currency: 'usd', micro: 2250 },
  });
  writeFileSync(join(world.home, 'prices.yaml'), 'models:\n  acme-1: { input: cheap }\n');
  assert.match(await run<string>('novel', work), /prices\.yaml has faults/);
  writeFileSync(join(world.home, 'prices.yaml'), '');
});

test('under a budget what may cost more than its tokens is refused', limit, async () => {
  await gateway('plain', '--budget', 'usd 20/month');
  const sentences = await run<string[]>(
    'plain',
    `const say = promise => promise.then(() => 'fine', error => error.message);
     return [
       await say(openai.responses.create({ model: 'gpt-4o', input: 'x', max_output_tokens: 10, tools: [{ type: 'web_search' }] })),
       await say(openai.chat.completions.create({ model: 'gpt-4o', messages, max_tokens: 10, service_tier: 'priority' })),
       await say(openai.images.generate({ model: 'gpt-image-1', prompt: 'x' })),
       await say(anthropic.messages.batches.create({ requests: [] })),
       await say(openai.responses.create({ model: 'gpt-4o', input: 'x', max_output_tokens: 10, tools: [{ type: 'function', name: 'f', parameters: { type: 'object' } }] })),
     ];`,
  );
  assert.match(sentences[0]!, /more than tokens/);
  assert.match(sentences[1]!, /more than tokens/);
  assert.match(sentences[2]!, /not known/);
  assert.match(sentences[3]!, /not known/);
  assert.equal(sentences[4], 'fine');
});
