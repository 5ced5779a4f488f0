/** What a developer sees who uses an API's own SDK, when a request is denied: the reason, at once. */
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { Octokit } from '@octokit/rest';
import { WebClient } from '@slack/web-api';
import OpenAI from 'openai';
import Stripe from 'stripe';
import { generated } from '../../bin/proxy/generated.js';
import { connectors } from '../../connectors/index.js';
import { openCatalog } from '../../src/action/catalog.js';
import { Refusal } from '../../src/errors.js';
import { problemAnswer } from '../../src/http/problem.js';
import type { CanonicalRequest, Connector } from '../../src/model.js';

const catalog = openCatalog(connectors, { generated, whole: true });
const reason = 'It is denied for deploy-agent by rule perm_7 (never on Fridays).';

/** Starts a gate that denies everything for the connector; calls `use` with its address; returns how often it was asked. */
async function denied(
  connector: Connector,
  use: (url: string, port: number) => Promise<unknown>,
): Promise<{ error: Error; asked: number }> {
  let asked = 0;
  const server = createServer((request, response) => {
    asked += 1;
    request.resume().on('end', () => {
      const meaning = catalog.classify(canonical(request, connector.hosts[0]!));
      const agent = request.headers['user-agent'] ?? '';
      const context = { gateway: 'deploy-agent', meaning, rule: 'perm_7', evidence: 'ev_1', pendingStatus: 503, agent };
      const { status, fields, body } = problemAnswer(new Refusal('denied', reason), context);
      response.writeHead(status, fields.flat()).end(body);
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    await use(`http://127.0.0.1:${port}`, port);
  } catch (error) {
    return { error: error as Error, asked };
  } finally {
    server.closeAllConnections();
    server.close();
  }
  throw new Error('the SDK took the refusal for a success');
}

const canonical = (request: IncomingMessage, host: string): CanonicalRequest => ({
  scheme: 'https',
  host,
  port: 443,
  method: request.method!,
  path: request.url!.split('?', 1)[0]!,
  query: '',
  fields: [],
  body: { state: 'none', bytes: 0 },
  content: null,
  upgrade: null,
});

const find = (name: string): Connector => catalog.find(name)!;
const key = (name: string): string => find(name).credentials!.placeholder;

test('octokit shows the reason of a denial, and asks once', async () => {
  const { error, asked } = await denied(find('github'), baseUrl =>
    new Octokit({
      baseUrl,
      auth: key('github'),
      log: { debug() {}, info() {}, warn() {}, error() {} },
    }).rest.git.deleteRef({ owner: 'acme', repo: 'site', ref: 'heads/main' }),
  );
  assert.ok(error.message.includes(reason), error.message);
  assert.equal(asked, 1);
});

test('stripe shows the reason of a denial, and asks once', async () => {
  const { error, asked } = await denied(find('stripe'), (_, port) =>
    new Stripe(key('stripe'), { host: '127.0.0.1', port, protocol: 'http', telemetry: false }).charges.create({
      amount: 4200,
      currency: 'usd',
    }),
  );
  assert.ok(error.message.includes(reason), error.message);
  assert.equal(asked, 1);
});

test('openai shows the reason of a denial, and asks once', async () => {
  const { error, asked } = await denied(find('openai'), url =>
    new OpenAI({ apiKey: key('openai'), baseURL: `${url}/v1` }).chat.completions.create({
      model: 'gpt-5',
      messages: [],
    }),
  );
  assert.ok(error.message.includes(reason), error.message);
  assert.equal(asked, 1);
});

test('anthropic shows the reason of a denial, and asks once', async () => {
  const { error, asked } = await denied(find('anthropic'), baseURL =>
    new Anthropic({ apiKey: key('anthropic'), baseURL }).messages.create({
      model: 'claude-sonnet-4-5',
      max_tokens: 1,
      messages: [],
    }),
  );
  assert.ok(error.message.includes(reason), error.message);
  assert.equal(asked, 1);
});

test('Slack’s SDK shows the reason of a denial, and asks once', async () => {
  const { error, asked } = await denied(find('slack'), url =>
    new WebClient(key('slack'), { slackApiUrl: `${url}/api/` }).chat.postMessage({ channel: 'C1', text: 'x' }),
  );
  assert.ok(error.message.includes(reason), error.message);
  assert.equal(asked, 1);
});

test('only Slack’s own SDK gets another status; everybody else sees a 403', () => {
  const shape = (agent?: string) => find('slack').refusal!({ status: 403, code: 'denied', detail: reason }, agent);
  assert.deepEqual(shape('python-slackclient/3.0'), { body: { ok: false } });
  assert.deepEqual(shape(), { body: { ok: false } });
  assert.equal(shape('@slack:web-api/8.2.0 node/20.20.0 linux/6.1')?.status, 200);
});

test('git gets a refusal as text, and of a push as an error in the side band; every other client gets the JSON', () => {
  const git = catalog.forHost('github.com')!;
  const refused = { status: 403, code: 'denied', detail: 'Nie nach „main“!', next: 'Frag Änne.' };
  const shape = (action: string, agent: string) => git.refusal!({ ...refused, action }, agent);
  assert.deepEqual(shape('git.push', 'curl/8'), {});
  assert.deepEqual(shape('git.lfs.upload', 'git-lfs/3.6'), {});
  const text = '403 denied: Nie nach „main“!\nFrag Änne.\n';
  assert.deepEqual(shape('git.refs', 'git/2.39.5'), { instead: { media_type: 'text/plain; charset=utf-8', text } });
  const packet = shape('git.push', 'git/2.39.5');
  assert.equal(packet.status, 200);
  const bytes = Buffer.from(packet.instead!.text);
  const length = Number.parseInt(bytes.subarray(0, 4).toString(), 16);
  assert.equal(bytes.subarray(4, length).toString(), `\u0003${text.replace('\n', ' ')}`);
  assert.equal(bytes.subarray(length).toString(), '0000');
});
