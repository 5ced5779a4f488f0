import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import { after, before, test } from 'node:test';
import { decodeJwt, decodeProtectedHeader, UnsecuredJWT } from 'jose';
import { type Entry, entries } from '../faults/ledger.js';
import { type Agent, startAgent } from '../http/agent.js';
import { openWorld, type Ran, tfProgram, type World } from '../world.js';
import { ask, bearer, type Issued, issue, prepare, status } from './place.js';

let world: World;
let agent: Agent;
before(async () => {
  world = await openWorld();
  agent = await prepare(world);
  for (const name of ['other', 'strict']) {
    await world.ok(['gateway', 'create', name, ...(name === 'strict' ? ['--grants', 'required'] : [])]);
    await world.ok(['permissions', 'set', '--gateway', name, '--action', 'http.*', '--effect', 'allow']);
  }
});
after(() => world.close());

const task = ['--task', 'one task'];

/** Runs `tf` with these words as the agent of a run under this gateway; `limits` are options of that run. */
const inside = (
  words: readonly string[],
  {
    gateway = 'agent',
    limits = [],
    env = {},
  }: { gateway?: string; limits?: string[]; env?: Record<string, string> } = {},
): Promise<Ran> => {
  const set = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  return world.tf(['run', '--name', gateway, ...limits, '--', 'env', ...set, process.execPath, tfProgram, ...words]);
};

test('a run that is limited to a task may do what it covers and no more, and its grant ends with it', async () => {
  const limits = [...task, '--action', 'http.get', '--ttl', '10m'];
  const limited = await startAgent(world, 'agent', limits);
  assert.equal(await status(limited, 'GET'), 200);
  assert.equal(await status(limited, 'POST'), 403);
  const [grant] = JSON.parse(await world.ok(['grant', 'list', '--json'])) as Issued['grant'][];
  assert.equal(grant!.run, limited.env.TF_RUN);
  const about = (await entries(world)).filter(({ run }) => run === limited.env.TF_RUN);
  assert.deepEqual(
    about.slice(0, 2).map(({ type }) => type),
    ['run.started', 'grant.issued'],
  );
  assert.ok(about.filter(({ type }) => type === 'action.decided').every(entry => idOf(entry) === grant!.id));
  await limited.end();
  assert.deepEqual(JSON.parse(await world.ok(['grant', 'list', '--json'])), []);
  const [over] = JSON.parse(await world.ok(['grant', 'list', '--all', '--json'])) as { state: string }[];
  assert.equal(over!.state, 'over');
});

const idOf = (entry: Entry): string | undefined => (entry.grant as { id?: string } | null)?.id;

test('a run whose grant is revoked or wrong does nothing more, or does not start', async () => {
  const limited = await startAgent(world, 'agent', [...task, '--action', 'http.get']);
  const [grant] = JSON.parse(await world.ok(['grant', 'list', '--json'])) as Issued['grant'][];
  await world.ok(['grant', 'revoke', grant!.id]);
  assert.equal(await status(limited, 'GET'), 407);
  await limited.end();
  const { code, stderr } = await world.tf(['run', '--action', 'http.get', '--ttl', '1x', '--', 'agent', 'true']);
  assert.equal(code, 125);
  assert.match(stderr, /task is missing[\s\S]*time to live/);
});

test('a gateway that requires grants may do nothing without one', async () => {
  const bare = await startAgent(world, 'strict');
  const refused = await ask(bare, 'GET');
  assert.equal(refused.status, 403);
  const { detail, rule } = JSON.parse(refused.body) as { detail: string; rule: string };
  assert.equal(rule, 'grant');
  assert.match(detail, /tf grant issue --gateway strict/);
  const issued = JSON.parse(
    await world.ok(['grant', 'issue', '--gateway', 'strict', ...task, '--action', 'http.get', '--json']),
  ) as Issued;
  assert.equal(await status(bearer(bare, issued.token, 'strict'), 'GET'), 200);
  const explained = async (...words: string[]): Promise<string> =>
    (
      JSON.parse(
        await world.ok(['explain', 'GET', 'https://upstream.test/', '--gateway', 'strict', '--json', ...words]),
      ) as { decision: { rule: string } }
    ).decision.rule;
  assert.equal(await explained(), 'grant');
  assert.match(await explained('--grant', issued.jti), /^perm_/);
  // Nor may it make itself one.
  const own = await inside(['grant', 'issue', ...task, '--action', 'http.get'], { gateway: 'strict' });
  assert.equal(own.code, 3);
  assert.match(own.stderr, /none that it could narrow/);
  const limited = await startAgent(world, 'strict', [...task, '--action', 'http.get']);
  assert.equal(await status(limited, 'GET'), 200);
  await limited.end();
  await bare.end();
});

test('anybody requires grants of a gateway, and only the operator does not require them any more', async () => {
  const refused = await inside(['gateway', 'update', 'strict', '--grants', 'optional']);
  assert.equal(refused.code, 3);
  assert.equal((await inside(['gateway', 'update', 'other', '--grants', 'required'])).code, 0);
  const other = await startAgent(world, 'other');
  assert.equal(await status(other, 'GET'), 403);
  await world.ok(['gateway', 'update', 'other', '--grants', 'optional']);
  // It acts on the next request.
  assert.equal(await status(other, 'GET'), 200);
  await other.end();
  const updated = (await entries(world)).filter(({ type }) => type === 'gateway.updated');
  assert.deepEqual(
    updated.map(({ gateway, grants }) => [gateway, grants]),
    [
      ['other', 'required'],
      ['other', 'optional'],
    ],
  );
});

test('an agent issues grants under its own, and a wider one gets it nothing more', async () => {
  const words = ['grant', 'issue', ...task, '--action', '*', '--ttl', '1h', '--json'];
  const script = [
    `const { execFileSync } = require('node:child_process');`,
    `process.stdout.write(execFileSync(process.execPath, ${JSON.stringify([tfProgram, ...words])}).toString().replaceAll('\\n', '') + '\\n');`,
    `process.stdin.resume().on('end', () => process.exit(0));`,
  ].join('\n');
  const run = world.start([
    'run',
    '--name',
    'agent',
    ...task,
    '--action',
    'http.get',
    '--',
    process.execPath,
    '-e',
    script,
  ]);
  let text = '';
  for await (const chunk of run.stdout!) {
    text += String(chunk);
    if (text.includes('\n')) break;
  }
  const issued = JSON.parse(text) as Issued & { grant: { parent: string } };
  const above = (JSON.parse(await world.ok(['grant', 'list', '--json'])) as Issued['grant'][]).find(
    ({ id }) => id === issued.grant.parent,
  )!;
  assert.ok(issued.grant.expires_at <= above.expires_at);
  const holder = bearer(agent, issued.token);
  assert.equal(await status(holder, 'GET'), 200);
  assert.equal(await status(holder, 'POST'), 403);
  const refused = (await entries(world)).filter(({ decision }) => decision?.rule === `grant:${above.id}`);
  // The one above is what denies it, as it denied the canary of the run.
  assert.deepEqual(
    refused.map(({ action }) => (action as { name: string }).name),
    ['tollfence.canary', 'http.post'],
  );
  await world.ok(['grant', 'revoke', above.id]);
  assert.equal(await status(holder, 'GET'), 407);
  run.stdin!.end();
});

test('what a limited run starts is under the grant of that run as well', async () => {
  await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', 'gateway.spawn', '--effect', 'allow']);
  const limits = [...task, '--action', 'http.get', '--action', 'gateway.spawn'];
  const child = (method: string): Promise<Ran> =>
    inside(['run', '--name', 'other', '--', 'curl', '-sS', '-X', method, 'https://upstream.test/child'], { limits });
  assert.equal((JSON.parse((await child('GET')).stdout) as { target: string }).target, '/child');
  assert.match((await child('POST')).stdout, /covers http\.get, gateway\.spawn, and not http\.post/);
});

test('an agent gets no grant for another gateway, for another run, or by what it says of itself', async () => {
  const other = await startAgent(world, 'other');
  const words = ['grant', 'issue', ...task, '--action', '*', '--gateway', 'other'];
  const refused = await inside(words);
  assert.equal(refused.code, 3);
  assert.match(refused.stderr, /a run grants only what is its own/);
  const attempts: Record<string, string>[] = [
    { TF_RUN: other.env.TF_RUN! },
    { TF_RUN: other.env.TF_RUN!, HTTPS_PROXY: other.env.HTTPS_PROXY!, https_proxy: other.env.HTTPS_PROXY! },
    { TF_RUN: '' },
  ];
  for (const env of attempts) assert.equal((await inside(words, { env })).code, 3, JSON.stringify(env));
  assert.deepEqual(JSON.parse(await world.ok(['grant', 'list', '--gateway', 'other', '--json'])), []);
  assert.ok(
    (await entries(world)).some(({ type, request }) => type === 'auth.rejected' && String(request) === 'POST /grants'),
  );
  await other.end();
});

test('a forged, edited or borrowed token is refused as if nothing were known of it', async () => {
  const { token } = await issue(world, [...task, '--action', 'http.get']);
  const claims = { ...decodeJwt(token), actions: ['*'] };
  const [head, , signature] = token.split('.') as [string, string, string];
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const said = `${part(decodeProtectedHeader(token))}.${part(claims)}`;
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  const forged = {
    'alg none': new UnsecuredJWT(claims).encode(),
    'another key': `${said}.${sign(null, Buffer.from(said), createPrivateKey(pem)).toString('base64url')}`,
    'edited payload': `${head}.${part(claims)}.${signature}`,
    'cut signature': token.slice(0, -4),
  };
  for (const [what, each] of Object.entries(forged)) assert.equal(await status(bearer(agent, each), 'GET'), 407, what);
  // What belongs to one gateway is nothing under the name of another.
  assert.equal(await status(bearer(agent, token, 'other'), 'GET'), 407);
  assert.equal(await status(bearer(agent, token), 'GET'), 200);
});

test('a grant of a gateway that is killed, or was removed, does nothing', async () => {
  const { token } = JSON.parse(
    await world.ok(['grant', 'issue', '--gateway', 'other', ...task, '--action', '*', '--json']),
  ) as Issued;
  const holder = bearer(agent, token, 'other');
  assert.equal(await status(holder, 'GET'), 200);
  await world.ok(['kill', 'other']);
  assert.equal(await status(holder, 'GET'), 403);
  await world.ok(['resume', 'other']);
  assert.equal(await status(holder, 'GET'), 200);
  await world.ok(['gateway', 'remove', 'other']);
  assert.equal(await status(holder, 'GET'), 403);
  assert.equal((await world.tf(['grant', 'issue', '--gateway', 'other', ...task, '--action', '*'])).code, 4);
});
