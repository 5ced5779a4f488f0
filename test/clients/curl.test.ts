/** curl behind its gateway: what it sends and what it says. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { World } from '../world.js';
import { behind, decided, has, openPlace } from './place.js';

const secret = 'upstream-key-0123456789';
const reason = 'Nothing is put there by agents.';
let world: World;

before(async () => {
  world = await openPlace(
    [
      {
        place: ['--host', 'upstream.test', '--scheme', 'bearer'],
        secret,
        allow: ['http.get', 'http.head', 'http.post'],
        deny: { 'http.put': reason },
      },
    ],
    {
      answer(request, response) {
        const status = Number(/^\/status\/(\d+)/.exec(request.target)?.[1] ?? 200);
        if (status === 204) return void response.writeHead(204, { 'x-kept': 'yes' }).end();
        if (status === 304) return void response.writeHead(304, { etag: '"v1"' }).end();
        const body = `got ${request.body.length} bytes`;
        response.writeHead(status, { 'content-type': 'text/plain', 'content-length': body.length, etag: '"v1"' });
        response.end(request.method === 'HEAD' ? undefined : body);
      },
    },
  );
});
after(() => world.close());

const curl = (...args: string[]) =>
  behind(world, ['curl', '-sS', '--suppress-connect-headers', '--max-time', '20', ...args]);
const url = (path: string): string => `https://upstream.test${path}`;

test('curl uploads after 100 Continue, and the upstream gets the whole file with the credential', async t => {
  if (!has(t, 'curl', '--version')) return;
  const file = join(world.dir, 'upload.bin');
  writeFileSync(file, Buffer.alloc(1_500_000, 'abcdefghij'));
  const { code, stdout, stderr } = await curl(
    '-v',
    '-H',
    'Expect: 100-continue',
    '--data-binary',
    `@${file}`,
    url('/upload'),
  );
  assert.equal(code, 0, stderr);
  assert.equal(stdout, 'got 1500000 bytes');
  assert.match(stderr, /< HTTP\/(1\.1 100 Continue|2 100)/);
  assert.equal(world.received.at(-1)?.headers.authorization, `Bearer ${secret}`);
});

test('a denied upload that waits for 100 Continue is never sent, and curl prints the reason', async t => {
  if (!has(t, 'curl', '--version')) return;
  const seen = world.received.length;
  const file = join(world.dir, 'upload.bin');
  writeFileSync(file, Buffer.alloc(1_500_000, 'abcdefghij'));
  const { code, stdout, stderr } = await curl('-H', 'Expect: 100-continue', '-T', file, url('/denied'));
  assert.equal(code, 0, stderr);
  assert.equal((JSON.parse(stdout) as { detail: string }).detail.includes(reason), true, stdout);
  assert.equal(world.received.length, seen);
  assert.equal(await decided(world, 'http.put'), 1);
});

test('HEAD, 204 and 304 end at once and carry the evidence', async t => {
  if (!has(t, 'curl', '--version')) return;
  for (const [args, status, field] of [
    [['-I', url('/head')], 200, 'content-length: 11'],
    [['-i', url('/status/204')], 204, 'x-kept: yes'],
    [['-i', '-H', 'If-None-Match: "v1"', url('/status/304')], 304, 'etag: "v1"'],
  ] as const) {
    const { code, stdout, stderr } = await curl(...args);
    assert.equal(code, 0, stderr);
    assert.match(stdout, new RegExp(`^HTTP/(1\\.1|2) ${status} `));
    assert.match(stdout, /\r\ntf-evidence-id: ev_/i);
    assert.ok(stdout.toLowerCase().includes(`\r\n${field}\r\n`), stdout);
    assert.match(stdout, /\r\n\r\n$/, 'there is no body');
  }
});

test('a denied HEAD has the status and the headers of a denial, and no body', async t => {
  if (!has(t, 'curl', '--version')) return;
  await world.ok([
    'permissions',
    'set',
    '--gateway',
    'client-agent',
    '--action',
    'http.head',
    '--resource',
    'host:api.stripe.com',
    '--effect',
    'deny',
  ]);
  const { code, stdout, stderr } = await curl('-I', 'https://api.stripe.com/v1/nothing');
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^HTTP\/(1\.1|2) 403 /);
  assert.match(stdout, /\r\ntf-decision: deny\r\n/i);
});

test('curl -f fails with its own code for a denial, and is told the status', async t => {
  if (!has(t, 'curl', '--version')) return;
  const { code, stderr } = await curl('-f', '-X', 'PUT', '-d', 'x', url('/denied'));
  assert.equal(code, 22);
  assert.match(stderr, /403/);
});

test('many requests of one curl share a connection and are each decided', async t => {
  if (!has(t, 'curl', '--version')) return;
  const seen = world.received.length;
  const { code, stdout, stderr } = await curl('-w', '%{num_connects}\n', url('/[1-5]'));
  assert.equal(code, 0, stderr);
  assert.equal(world.received.length, seen + 5);
  assert.deepEqual(stdout.match(/\d+$/gm), ['1', '0', '0', '0', '0']);
});
