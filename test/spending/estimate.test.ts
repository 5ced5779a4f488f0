import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import anthropic from '../../connectors/anthropic.js';
import openai from '../../connectors/openai.js';
import stripe from '../../connectors/stripe.js';
import { openCatalog } from '../../src/action/catalog.js';
import { Fault } from '../../src/errors.js';
import type { CanonicalRequest, Classified, Connector, RouteRow } from '../../src/model.js';
import { type Estimate, estimate, openPrices } from '../../src/spending/index.js';
import { costOf, mostOf, readPrices } from '../../src/spending/prices.js';

const dir = mkdtempSync(join(tmpdir(), 'tf-prices-'));
after(() => rmSync(dir, { recursive: true }));
const prices = openPrices(join(dir, 'prices.yaml'));

/** Without what is generated: nothing of that has a cost. */
const withoutTable = ({ generated: _, ...connector }: Connector): Connector => connector;
const catalog = openCatalog([stripe, openai, anthropic].map(withoutTable));

function classified(
  host: string,
  method: string,
  path: string,
  type: string,
  body: string,
  fields: CanonicalRequest['fields'] = [['Content-Type', type]],
): Classified {
  const content = Buffer.from(body);
  const request: CanonicalRequest = {
    ...{ scheme: 'https', host, port: 443, method, path, query: '', upgrade: null, content },
    fields,
    body: { state: 'complete', bytes: content.length, media_type: type },
  };
  return catalog.classify(request);
}

const form = (path: string, body: string): Estimate =>
  estimate(classified('api.stripe.com', 'POST', path, 'application/x-www-form-urlencoded', body), prices);
const json = (host: string, path: string, body: object): Estimate =>
  estimate(classified(host, 'POST', path, 'application/json', JSON.stringify(body)), prices);
const chat = (body: object): Estimate =>
  json('api.openai.com', '/v1/chat/completions', {
    model: 'gpt-4o',
    messages: [{ role: 'user', content: 'x' }],
    max_tokens: 100,
    ...body,
  });

test("Stripe's amounts are in the smallest unit of each currency, also where that is not ISO's", () => {
  const amounts = ['usd', 'USD', 'jpy', 'kwd', 'isk', 'ugx', 'mga', 'xaf'].map(
    currency => form('/v1/payouts', `amount=1000&currency=${currency}`).amounts,
  );
  assert.deepEqual(amounts, [
    { usd: 10_000_000 },
    { usd: 10_000_000 },
    { jpy: 1_000_000_000 },
    { kwd: 1_000_000 },
    { isk: 10_000_000 },
    { ugx: 10_000_000 },
    { mga: 1_000_000_000 },
    { xaf: 1_000_000_000 },
  ]);
});

test('an amount that can not be told exactly is unknown, never nothing', () => {
  for (const body of [
    '',
    'amount=5',
    'currency=usd',
    'amount=-5&currency=usd',
    'amount=1e2&currency=usd',
    'amount=5&currency=xyz',
    'amount=5&amount=6&currency=usd',
    'amount=99999999999999999999&currency=usd',
    'amount[x]=5&currency=usd',
  ])
    for (const path of ['/v1/charges', '/v1/transfers', '/v1/refunds', '/v1/payment_intents']) {
      const { amounts, unknown } = form(path, body);
      assert.deepEqual(amounts, {}, body);
      assert.match(unknown.money ?? '', /can't be told/, body);
    }
  // Its amount is to be looked up.
  assert.ok(form('/v1/payment_intents/pi_1/confirm', '').unknown.money);
  assert.ok(form('/v1/subscriptions', 'customer=cus_1').unknown.money);
  assert.deepEqual(form('/v1/customers', ''), { amounts: {}, unknown: {} });
});

test('a bound of tokens is the bytes of the body and what was asked for, for each choice', () => {
  const { tokens } = chat({}).amounts;
  assert.ok(tokens! > 2100 && tokens! < 2400, String(tokens));
  assert.equal(chat({ n: 3 }).amounts.tokens! - chat({ n: 1 }).amounts.tokens!, 200);
  assert.equal(
    chat({ max_completion_tokens: 700 }).amounts.tokens! - chat({ max_completion_tokens: 100 }).amounts.tokens!,
    600,
  );
  // As many as the model can, of the table.
  assert.ok(chat({ max_tokens: null }).amounts.tokens! > 16_384);
  assert.ok(chat({ max_tokens: 'many' }).amounts.tokens! > 16_384);
  const { amounts } = json('api.openai.com', '/v1/embeddings', { model: 'text-embedding-3-small', input: ['a', 'b'] });
  assert.ok(amounts.tokens! < 2200);
});

test('what is not text, or not in the body, may be as long as the model can read', () => {
  const content = (part: object): object => ({ messages: [{ role: 'user', content: [part] }] });
  const long = 128_000;
  assert.ok(chat(content({ type: 'text', text: 'x' })).amounts.tokens! < 3000);
  assert.ok(
    chat(content({ type: 'image_url', image_url: { url: 'https://example.com/x.png' } })).amounts.tokens! > long,
  );
  assert.ok(chat(content({ type: ['text'] })).amounts.tokens! > long);
  const response = (body: object): number =>
    json('api.openai.com', '/v1/responses', { model: 'gpt-4o', input: 'x', max_output_tokens: 10, ...body }).amounts
      .tokens!;
  assert.ok(response({}) < 3000);
  assert.ok(response({ previous_response_id: 'resp_1' }) > long);
  assert.ok(response({ input: [{ type: 'item_reference', id: 'x' }] }) > long);
  const tool = { name: 'f', description: 'd', input_schema: { type: 'object', properties: { a: { type: 'image' } } } };
  const turns = [{ role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'f', input: { type: 'image' } }] }];
  const asked = {
    model: 'claude-sonnet-4-5',
    max_tokens: 10,
    messages: turns,
    tools: [tool, { type: 'bash_20250124', name: 'bash' }],
  };
  assert.ok(json('api.anthropic.com', '/v1/messages', asked).amounts.tokens! < 3000);
});

test('what may cost more than its tokens has no price, and an unknown model not even a bound', () => {
  const dearer = [
    { service_tier: 'priority' },
    { web_search_options: {} },
    { audio: { voice: 'x' } },
    { tools: [{ type: 'web_search' }] },
  ];
  for (const body of dearer) assert.match(chat(body).unknown.money ?? '', /more than tokens/, JSON.stringify(body));
  assert.equal(chat({ service_tier: 'default', tools: [{ type: 'function', function: {} }] }).unknown.money, undefined);
  const { amounts, unknown } = chat({ model: 'gpt-unheard-of' });
  assert.match(unknown.money ?? '', /doesn't know the model "gpt-unheard-of".*prices\.yaml/);
  assert.equal(unknown.tokens, undefined);
  assert.ok(amounts.tokens! > 0 && amounts.usd === undefined);
  assert.ok(chat({ model: 'gpt-unheard-of', max_tokens: null }).unknown.tokens);
  assert.ok(chat({ n: 1.5 }).unknown.tokens);
});

test('a member that the connector does not know may cost anything, in money and in tokens', () => {
  const message = (body: object): Estimate =>
    json('api.anthropic.com', '/v1/messages', { model: 'claude-sonnet-4-5', max_tokens: 10, messages: [], ...body });
  for (const body of [
    { fallbacks: [{ model: 'claude-opus-4-1' }] },
    { compaction: {} },
    { context_management: { edits: [{ type: 'compact_20260112' }] } },
    { context_management: { edits: [{ type: 'clear_tool_uses_20250919' }, { type: 'compact_20260112' }] } },
    { context_management: [{ type: 'compaction' }] },
    { Max_Tokens: 100_000 },
  ]) {
    const { amounts, unknown } = message(body);
    assert.deepEqual(amounts, {}, JSON.stringify(body));
    assert.match(unknown.money ?? '', /^what "\w+" in this request costs is not known$/, JSON.stringify(body));
    assert.equal(unknown.tokens, unknown.money);
  }
  assert.match(message({ 'a secret text': 1 }).unknown.money ?? '', /^what something in this request/);
  const cleared = message({ context_management: { edits: [{ type: 'clear_tool_uses_20250919' }] }, fallbacks: null });
  assert.deepEqual(cleared.unknown, {});
  assert.ok(cleared.amounts.tokens! < 3000);
});

test('an id without a type names what is not in the body, which may be as long as the model can read', () => {
  const long = 128_000;
  const input = [{ id: 'msg_1' }];
  const response = json('api.openai.com', '/v1/responses', { model: 'gpt-4o', input, max_output_tokens: 10 });
  assert.ok(response.amounts.tokens! > long);
  assert.ok(chat({ messages: [{ role: 'assistant', audio: { id: 'audio_1' } }] }).amounts.tokens! > long);
  // Such a prompt may bring tools that cost.
  assert.ok(json('api.openai.com', '/v1/responses', { model: 'gpt-4o', prompt: { id: 'p' } }).unknown.tokens);
  const prompt = { model: 'gpt-4o', prompt: { id: 'pmpt_1' }, max_output_tokens: 10 };
  assert.match(json('api.openai.com', '/v1/responses', prompt).unknown.money ?? '', /more than tokens/);
});

test('where the provider runs the tools nobody can say how often the model reads all of it', () => {
  for (const body of [
    { tools: [{ type: 'web_search' }] },
    { tools: [{ type: 'function', function: {} }, { type: 'code_interpreter' }] },
    { mcp_servers: [] },
  ])
    assert.match(chat(body).unknown.tokens ?? '', /how many tokens/, JSON.stringify(body));
});

test('a longer context that a header asks for may be read to its end, at its own price', () => {
  const content = [{ type: 'image', source: { type: 'url', url: 'https://example.com/x.png' } }];
  const body = JSON.stringify({ model: 'claude-sonnet-4-0', max_tokens: 10, messages: [{ role: 'user', content }] });
  const most = (...fields: (readonly [string, string])[]): Estimate => {
    const head = [['Content-Type', 'application/json'] as const, ...fields];
    return estimate(classified('api.anthropic.com', 'POST', '/v1/messages', 'application/json', body, head), prices);
  };
  assert.deepEqual(most(['anthropic-beta', 'files-api-2025-04-14']).amounts, { tokens: 200_010, usd: 1_200_150 });
  // Dearer as a whole: twelve dollars for a million tokens that are written to a cache for an hour.
  const long = { tokens: 1_000_010, usd: 12_000_225 };
  assert.deepEqual(most(['Anthropic-Beta', 'x, Context-1M-2025-08-07']).amounts, long);
  // Which of two counts is not known.
  assert.deepEqual(most(['anthropic-beta', 'x'], ['anthropic-beta', 'context-1m-2025-08-07']).amounts, long);
});

test('a new customer spends nothing, unless it begins with money or with a plan', () => {
  assert.deepEqual(form('/v1/customers', 'email=a@example.com').unknown, {});
  for (const body of ['balance=-100000', 'account_balance=-1', 'plan=p&source=s', 'balance[]=-1', 'BALANCE=-1'])
    assert.ok(form('/v1/customers', `email=a@example.com&${body}`).unknown.money, body);
});

test('the most that a request may cost is never less than what it costs', () => {
  const price = fc.integer({ min: 0, max: 100_000_000 });
  const rates = fc.record({ input: price, cached: price, written: price, writtenLong: price, output: price });
  const count = fc.integer({ min: 0, max: 1_000_000 });
  const usage = fc.record({ input: count, cached: count, written: count, writtenLong: count, output: count });
  fc.assert(
    fc.property(rates, rates, usage, (usual, more, used) => {
      const dearer = Object.fromEntries(
        Object.entries(usual).map(([name, value]) => [name, value + more[name as keyof typeof more]]),
      );
      const long = { ...(dearer as typeof usual), over: 200_000 };
      const model = { ...usual, context: 4_000_000, maxOutput: 1, long };
      const input = used.input + used.cached + used.written + used.writtenLong;
      const cost = costOf(model, used);
      assert.ok(Number.isSafeInteger(cost) && cost <= mostOf(model, input, used.output));
      assert.ok(
        cost >= Math.floor((input * Math.min(usual.input, usual.cached, usual.written, usual.writtenLong)) / 1_000_000),
      );
    }),
  );
});

test('prices are micro-dollars exactly, and a long input is dearer as a whole', () => {
  const model = prices.find('gpt-5.4')!;
  const usage = { input: 272_000, cached: 0, written: 0, writtenLong: 0, output: 1000 };
  assert.equal(costOf(model, usage), 680_000 + 15_000);
  assert.equal(costOf(model, { ...usage, input: 272_001 }), 1_360_005 + 22_500);
  assert.equal(costOf(prices.find('gpt-5-nano-2025-08-07')!, { ...usage, input: 1, output: 0 }), 1);
  assert.equal(prices.find('gpt-5-nano-turbo'), undefined);
  assert.equal(prices.find('constructor'), undefined);
});

test("the operator's prices come before the shipped ones, and a file with faults names all of them", () => {
  writeFileSync(prices.path, 'models:\n  gpt-4o: { input: "1.10", output: 4.4, context: 1000, max_output: 10 }\n');
  const own = prices.find('gpt-4o-2024-11-20')!;
  assert.deepEqual(
    [own.input, own.cached, own.writtenLong, own.output, own.maxOutput],
    [1_100_000, 1_100_000, 1_100_000, 4_400_000, 10],
  );
  writeFileSync(
    prices.path,
    'models:\n  a: { input: 1.0000001, output: 1, context: 1 }\n  b: { input: -1, output: 1, context: 0, cheap: yes }\n',
  );
  for (const again of [1, 2])
    assert.throws(
      () => prices.find('gpt-4o'),
      (fault: Fault) => {
        for (const said of ['models.a.input', 'models.b.input', 'models.b.context', 'cheap'])
          assert.ok(fault.message.includes(said), `${again} ${said}`);
        return fault instanceof Fault;
      },
    );
  rmSync(prices.path);
  assert.equal(prices.find('gpt-4o')!.input, 2_500_000);
  assert.throws(() => readPrices({ models: 5 }, 'x'), Fault);
});

test("a connector's row names parameters as its cost, or says that it spends nothing; anything else is a fault", () => {
  const parameters = { amount: 'body#/amount as integer', currency: 'body#/currency as string' };
  const open = (cost: unknown): ReturnType<typeof openCatalog> => {
    const row = { action: 'pay', parameters, cost } as RouteRow;
    return openCatalog([{ name: 'acme', hosts: ['acme.dev'], routes: { 'POST /pay': row } }], { whole: true });
  };
  for (const cost of [
    'nothing',
    { amount: 'amount', currency: 'currency' },
    { amount: ['amount'], currency: ['currency'] },
  ])
    open(cost);
  for (const cost of ['free', 5, null, {}, { amount: 'amount' }, { amount: 'total', currency: 'currency' }, ['amount']])
    assert.throws(() => open(cost), /in the cost is not a parameter/, JSON.stringify(cost));
});
