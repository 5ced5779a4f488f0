/** gRPC: calls of every kind by a real client to a real server, judged by their names, and refusals in its own words. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openAuthority } from '../../src/tls/authority.js';
import { entries } from '../faults/ledger.js';
import { openWorld, type World } from '../world.js';
import { type Called, serveGreeter } from './greeter.js';

const canary = 'sk-canary0123456789abcdefABCDEF';
const program = fileURLToPath(new URL('./greeter.js', import.meta.url));
let world: World;
let server: { port: number; close(): void };
const received: { readonly name: string; readonly metadata: Record<string, unknown> }[] = [];

before(async () => {
  world = await openWorld({ hosts: ['upstream.test'] });
  const authority = openAuthority({ dir: join(world.dir, 'upstream-ca'), now: Date.now, random: randomBytes });
  server = await serveGreeter(world.dir, () => authority.contextFor('rpc.test'), received);
  await world.ok(['gateway', 'create', 'agent']);
  const permit = async (action: string, effect: string): Promise<string> =>
    world.ok(['permissions', 'set', '--gateway', 'agent', '--action', action, '--effect', effect]);
  for (const name of ['SayHello', 'Fail', 'Secret', 'Count', 'Sum', 'Talk'])
    await permit(`grpc.helloworld.v1.Greeter.${name}`, 'allow');
  await world.ok(['secret', 'set', 'rpc-key', '--host', 'rpc.test', '--scheme', 'bearer'], { input: canary });
});
after(async () => {
  await world?.close();
  server?.close();
});

async function call(host: string, ...calls: string[]): Promise<Called[]> {
  const way = ['--connect-to', `rpc.test:443:127.0.0.1:${server.port}`];
  const out = await world.ok(
    ['run', '--name', 'agent', ...way, '--', process.execPath, program, world.dir, host, ...calls],
    {
      limit: 30_000,
    },
  );
  return JSON.parse(out) as Called[];
}

const last = async (type: string): Promise<Record<string, never>> =>
  (await entries(world)).findLast(each => each.type === type) as unknown as Record<string, never>;

test('unary calls, streams of both sides and conversations pass, with their trailers', async () => {
  const [hello, count, sum, talk] = await call(
    'rpc.test:443',
    'SayHello:world',
    'Count:4',
    'Sum:1,2,3,4',
    'Talk:a,b,c',
  );
  assert.deepEqual([hello!.code, hello!.words, hello!.trailers['x-trailer']], [0, ['hello world'], 'at the end']);
  assert.deepEqual([count!.code, count!.words], [0, ['1', '2', '3', '4']]);
  assert.deepEqual([sum!.code, sum!.words], [0, ['10']]);
  // Each word is said only when the one before was answered: neither side waits for the other's end.
  assert.deepEqual([talk!.code, talk!.words], [0, ['a!', 'b!', 'c!']]);
});

test('a call that fails at the server fails with its own status, message and metadata', async () => {
  const [failed] = await call('rpc.test:443', 'Fail:x');
  assert.deepEqual([failed!.code, failed!.details, failed!.trailers['x-why']], [5, 'there is no such café', 'none']);
});

test('a call is named by its service and method, its body is opaque, and it has the secret of its host', async () => {
  await call('rpc.test:443', 'SayHello:world');
  const { action, resource, request, decision } = (await last('action.decided')) as unknown as Record<
    string,
    Record<string, unknown>
  >;
  assert.equal(action!.name, 'grpc.helloworld.v1.Greeter.SayHello');
  assert.deepEqual([action!.connector, action!.access], ['http', 'write']);
  assert.deepEqual(resource, { type: 'host', id: 'rpc.test' });
  assert.deepEqual(request!.body, { state: 'opaque', bytes: 0, media_type: 'application/grpc' });
  assert.equal(decision!.secret, 'rpc-key');
  assert.equal(received.at(-1)!.metadata.authorization, `Bearer ${canary}`);
});

test('a secret that a server sends back is masked in messages and trailers', async () => {
  const [secret] = await call('rpc.test:443', 'Secret:x');
  assert.equal(secret!.code, 0);
  assert.match(secret!.words[0]!, /^you are Bearer \*+$/);
  assert.match(String(secret!.trailers['x-seen']), /^Bearer \*+$/);
});

test('a denied call is recorded and never sent, and its client reads why', async () => {
  const name = 'grpc.helloworld.v1.Greeter.SayHello';
  const seen = received.length;
  await world.ok([
    'permissions',
    'set',
    '--gateway',
    'agent',
    '--action',
    name,
    '--effect',
    'deny',
    '--reason',
    'no – never',
  ]);
  const [denied] = await call('rpc.test:443', 'SayHello:world');
  assert.equal(denied!.code, 7);
  assert.equal(denied!.details, 'no – never');
  assert.equal(received.length, seen);
  const entry = (await last('action.decided')) as unknown as { id: string; decision: { effect: string } };
  assert.equal(entry.decision.effect, 'deny');
  assert.equal(denied!.trailers['tf-evidence-id'], entry.id);
});

test('an upstream without HTTP/2 is told of in a sentence', async () => {
  const [old] = await call('upstream.test:443', 'Count:1');
  assert.equal(old!.code, 13);
  assert.match(old!.details, /upstream\.test:443 does not speak HTTP\/2, and gRPC needs it/);
  assert.equal(world.received.length, 0);
});

test('after a kill calls end with permission denied, and nothing is sent', async () => {
  const seen = received.length;
  await world.ok(['kill', '--connector', 'http']);
  const [killed] = await call('rpc.test:443', 'Count:1');
  await world.ok(['resume', '--connector', 'http']);
  assert.deepEqual([killed!.code, killed!.trailers['tf-kill-switch']], [7, 'active']);
  assert.equal(received.length, seen);
});
