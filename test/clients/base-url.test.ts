/** Clients that use no proxy: only the address of their API is set, and the run's token as its key. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { World } from '../world.js';
import { agent, behind, has, openPlace } from './place.js';

const reason = 'Agents ask a person for this.';
const secrets = { openai: 'sk-proj-canary0123456789abcdef', anthropic: 'sk-ant-api03-canary0123456789abcdef' };
let world: World;

const events = {
  openai: (text: string): string =>
    `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: text } }] })}\n\n`,
  anthropic: (text: string): string =>
    `event: content_block_delta\ndata: ${JSON.stringify({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })}\n\n`,
};

before(async () => {
  world = await openPlace(
    [
      {
        place: ['--connector', 'openai'],
        secret: secrets.openai,
        allow: ['openai.chat.create', 'openai.model.get'],
        deny: { 'openai.file.delete': reason },
      },
      {
        place: ['--connector', 'anthropic'],
        secret: secrets.anthropic,
        allow: ['anthropic.message.create', 'anthropic.model.get'],
        deny: { 'anthropic.batch.delete': reason },
      },
    ],
    {
      answer({ host, body }, response) {
        const event = host === 'api.openai.com' ? events.openai : events.anthropic;
        const streamed = body.includes('"stream":true');
        response.writeHead(200, { 'content-type': streamed ? 'text/event-stream' : 'application/json' });
        if (streamed) return void response.end(['one', 'two', 'three'].map(event).join(''));
        response.end(
          JSON.stringify({
            type: 'message',
            content: [{ type: 'text', text: 'whole' }],
            choices: [{ message: { content: 'whole' } }],
          }),
        );
      },
    },
  );
});
after(() => world.close());

// biome-ignore lint/suspicious/noTemplateCurlyInString: these are the shell's, as docs/clients.md has them.
const findToken = 'token=${HTTPS_PROXY%@*}; token=${token##*:}';

/** Runs a command with nothing but these in its environment; in them `$token` and `$TF_BASE_URL` are the run's. */
const without = (variables: readonly string[], command: readonly string[]) => {
  const set = variables.map(each => `"${each}"`).join(' ');
  return behind(world, ['sh', '-c', `${findToken}; exec env -i PATH="$PATH" ${set} "$@"`, 'sh', ...command]);
};

for (const [name, { host, path, field, value }] of Object.entries({
  openai: { host: 'api.openai.com', path: '/v1', field: 'authorization', value: `Bearer ${secrets.openai}` },
  anthropic: { host: 'api.anthropic.com', path: '', field: 'x-api-key', value: secrets.anthropic },
})) {
  test(`the SDK of ${name} works without a proxy by its base URL and the token as its key, and shows a denial`, async () => {
    const before = world.received.length;
    const prefix = name.toUpperCase();
    const { code, stdout, stderr } = await without(
      [`${prefix}_BASE_URL=$TF_BASE_URL/${host}${path}`, `${prefix}_API_KEY=$token`],
      agent(name),
    );
    assert.equal(code, 0, stderr);
    const { answer, refusal } = JSON.parse(stdout) as { answer: unknown; refusal: string | null };
    assert.deepEqual(answer, ['whole', 'one', 'two', 'three']);
    assert.ok(refusal?.includes(reason), refusal ?? 'it took the refusal for a success');
    const arrived = world.received.slice(before);
    assert.equal(arrived.length, 4);
    for (const { headers } of arrived) assert.deepEqual([headers[field], headers.host], [value, host]);
  });
}

test('an SDK whose key is no token is told so, and nothing is sent', async () => {
  const before = world.received.length;
  const { code, stderr } = await without(
    ['OPENAI_BASE_URL=$TF_BASE_URL/api.openai.com/v1', 'OPENAI_API_KEY=sk-mine'],
    agent('openai'),
  );
  assert.notEqual(code, 0);
  assert.match(stderr, /AuthenticationError: 401 The token is not known/);
  assert.equal(world.received.length, before);
});

test('curl works without a proxy, with the token as user or as bearer', async t => {
  if (!has(t, 'curl', '--version')) return;
  for (const way of [
    ['-u', 'me:$KEY'],
    ['-H', 'Authorization: Bearer $KEY'],
  ]) {
    const { code, stdout, stderr } = await without(
      ['KEY=$token', 'BASE=$TF_BASE_URL'],
      [
        'sh',
        '-c',
        `exec curl -sS --max-time 20 ${way.map(word => `"${word}"`).join(' ')} "$BASE/api.openai.com/v1/models/m"`,
      ],
    );
    assert.equal(code, 0, stderr);
    assert.match(stdout, /whole/);
    assert.equal(world.received.at(-1)?.headers.authorization, `Bearer ${secrets.openai}`);
  }
});

test('requests for Python works without a proxy, and gets the reason of a denial', async t => {
  const python = '/usr/bin/python3';
  if (!has(t, python, '-c', 'import requests')) return;
  const program = `
import os, requests
s = requests.Session()
s.headers['x-api-key'] = os.environ['KEY']
base = os.environ['BASE'] + '/api.anthropic.com'
print(s.post(base + '/v1/messages', json={'model': 'm', 'max_tokens': 1, 'messages': []}).json()['type'])
r = s.delete(base + '/v1/messages/batches/b')
print(r.status_code, r.json()['message'])`;
  const { code, stdout, stderr } = await without(['KEY=$token', 'BASE=$TF_BASE_URL'], [python, '-c', program]);
  assert.equal(code, 0, stderr);
  const [answer, refusal = ''] = stdout.split('\n');
  assert.equal(answer, 'message');
  assert.ok(refusal.startsWith('403 ') && refusal.includes(reason), refusal);
  assert.equal(world.received.at(-1)?.headers['x-api-key'], secrets.anthropic);
});
