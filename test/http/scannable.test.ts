/** Answers in which secrets can't be looked for: the policy is asked before anything of them reaches the agent. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { entries } from '../faults/ledger.js';
import { openWorld, type Received, type World } from '../world.js';
import { type Agent, type RawAnswer, send, startAgent } from './agent.js';

const canary = 'sk-canary0123456789abcdefABCDEF';
const text = `the key is ${canary}`;

/** Status, fields and body of answers that can't be searched. */
const unscannable: Readonly<Record<string, readonly [number, Readonly<Record<string, string>>, Buffer]>> = {
  'a coding that nobody knows': [200, { 'content-encoding': 'compress' }, Buffer.from(text)],
  'a coding by the name of the secret': [200, { 'content-encoding': `x-${canary}` }, Buffer.from(text)],
  'three codings': [200, { 'content-encoding': 'gzip, gzip, gzip' }, gzipSync(gzipSync(gzipSync(text)))],
  'a part of a coded whole': [206, { 'content-encoding': 'gzip', 'content-range': 'bytes 0-1/9' }, gzipSync(text)],
  'parts of a whole': [206, { 'content-type': 'multipart/byteranges; boundary=x' }, Buffer.from(`--x\r\n\r\n${text}`)],
  'a coding that it has not': [200, { 'content-encoding': 'gzip' }, Buffer.from(text)],
  'a coding that is broken at once': [200, { 'content-encoding': 'br' }, Buffer.alloc(40, 0xff)],
};

let world: World;
let agent: Agent;
let bare: Agent;

const answer = ({ target }: Received, response: ServerResponse): void => {
  // The name of a file goes on and on, and the content never begins (RFC 1952 §2.3).
  if (target === '/endless') {
    response.writeHead(200, { 'content-encoding': 'gzip' });
    response.write(Buffer.concat([Buffer.from('1f8b0808000000000003', 'hex'), Buffer.alloc(200_000, 'name')]));
    return;
  }
  const [status, fields, body] = unscannable[decodeURIComponent(target.slice(1))] ?? [200, {}, Buffer.from('ok')];
  response.writeHead(status, { ...fields, 'content-length': body.length }).end(body);
};

before(async () => {
  world = await openWorld({ hosts: ['upstream.test', 'plain.test'], answer });
  for (const gateway of ['agent', 'bare']) {
    await world.ok(['gateway', 'create', gateway]);
    await world.ok(['permissions', 'set', '--gateway', gateway, '--action', 'http.get', '--effect', 'allow']);
  }
  await world.ok(['secret', 'set', 'a-key', '--host', 'upstream.test', '--scheme', 'bearer', '--gateway', 'agent'], {
    input: canary,
  });
  agent = await startAgent(world, 'agent');
  bare = await startAgent(world, 'bare');
});
after(async () => {
  await agent?.end();
  await bare?.end();
  await world.close();
});

const get = (who: Agent, name: string, host = 'upstream.test'): Promise<RawAnswer> =>
  send(who, `GET /${encodeURIComponent(name)} HTTP/1.1\r\nHost: ${host}\r\n\r\n`, { connect: `${host}:443` });

/** The entry that says how the last request ended. */
const completed = async () => (await entries(world)).findLast(({ type }) => type === 'action.completed');

for (const [name, [status]] of Object.entries(unscannable)) {
  test(`an answer with ${name} is denied, is not seen, and its entry says so`, async () => {
    for (const host of ['upstream.test', 'plain.test']) {
      const before = world.received.length;
      const { head, body, status: shown } = await get(agent, name, host);
      assert.equal(shown, 403, head);
      const problem = JSON.parse(body) as Record<string, string>;
      assert.deepEqual([problem.code, problem.rule, problem.retryable], ['denied', 'unscannable', false]);
      assert.match(
        problem.detail!,
        /can't be searched for the secrets .* The request was sent, and may have taken effect\./,
      );
      assert.ok(!`${head}${body}`.includes(canary));
      assert.equal(world.received.length, before + 1);
      const entry = await completed();
      assert.ok(!JSON.stringify(entry).toLowerCase().includes(canary.toLowerCase()));
      assert.deepEqual(
        [entry?.scannable, entry?.rule, entry?.error, entry?.status],
        [false, 'unscannable', 'denied', status],
      );
    }
  });
}

test('an answer whose coding never comes to its content is not waited for', async () => {
  const { status, body } = await get(agent, 'endless');
  assert.deepEqual([status, (JSON.parse(body) as { rule: string }).rule], [403, 'unscannable']);
});

test('for a gateway without secrets there is nothing to look for', async () => {
  for (const [name, [status, fields, body]] of Object.entries(unscannable)) {
    const seen = await get(bare, name);
    assert.equal(seen.status, status, name);
    assert.equal(seen.body, body.toString('latin1'), name);
    for (const [field, value] of Object.entries(fields)) assert.ok(seen.head.includes(`${field}: ${value}`), seen.head);
    assert.equal((await completed())?.scannable, undefined);
  }
});

test('an answer that has a coding and no body is only a head', async () => {
  const bytes = 'HEAD /a HTTP/1.1\r\nHost: plain.test\r\nConnection: close\r\n\r\n';
  assert.equal((await send(agent, bytes, { connect: 'plain.test:443' })).status, 403, 'http.head is not allowed');
  await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', 'http.head', '--effect', 'allow']);
  for (const name of Object.keys(unscannable)) {
    const { status } = await send(agent, bytes.replace('/a', `/${encodeURIComponent(name)}`), {
      connect: 'plain.test:443',
    });
    assert.equal(status, unscannable[name]![0], name);
  }
});

test('an operator’s own policy may let it pass, by what it is told, and it comes as it is', async () => {
  const dir = join(world.dir, 'own');
  mkdirSync(dir);
  writeFileSync(
    join(dir, 'own.rego'),
    `package tollfence

default decision := {"effect": "deny", "rule": "own", "reason": "Not this."}

decision := {"effect": "allow", "rule": "asks"} if not input.response

decision := {"effect": "allow", "rule": "parts"} if {
	input.response.scannable == false
	input.response.status == 206
	input.response.media_type in {"", "multipart/byteranges"}
}

decision := {"effect": "allow", "rule": "broken"} if input.response == {"scannable": false, "status": 200, "media_type": "", "coding": "br"}

decision := {"effect": "require_approval", "rule": "human"} if input.response.coding == "compress"
`,
  );
  await world.ok(['policy', 'activate', dir]);
  try {
    for (const name of ['parts of a whole', 'a part of a coded whole', 'a coding that is broken at once']) {
      const [status, fields, body] = unscannable[name]!;
      const seen = await get(agent, name);
      assert.equal(seen.status, status, name);
      assert.equal(seen.body, body.toString('latin1'), name);
      for (const field of Object.keys(fields)) assert.ok(seen.head.includes(`${field}: `), seen.head);
      const entry = await completed();
      assert.deepEqual([entry?.scannable, entry?.error, entry?.status], [false, null, status]);
    }
    const { status, body } = await get(agent, 'three codings');
    assert.deepEqual([status, (JSON.parse(body) as { rule: string }).rule], [403, 'own']);
    // Nobody can approve what is here already.
    const human = await get(agent, 'a coding that nobody knows');
    assert.equal(human.status, 403);
    assert.match(human.body, /require_approval about an answer/);
  } finally {
    await world.ok(['policy', 'activate', '--default']);
  }
});

test('a coding that breaks after its beginning ends the connection, and nothing was shown that was not searched', async () => {
  const packed = gzipSync(Buffer.alloc(400_000, `${text} `));
  packed.fill(0xff, 1_000, 1_200);
  const late = { ...unscannable, 'breaks late': [200, { 'content-encoding': 'gzip' }, packed] as const };
  Object.assign(unscannable as object, late);
  const { body } = await get(agent, 'breaks late');
  assert.ok(!body.includes(canary));
  assert.doesNotMatch(body, /\r\n0\r\n\r\n$/);
  assert.equal((await completed())?.error, 'upstream_protocol');
});
