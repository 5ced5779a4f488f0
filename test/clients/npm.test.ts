/** npm behind its gateway: it publishes to a real registry (verdaccio) with a token that it does not have. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { request as httpRequest, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openWorld, type Ran, type Received, type World } from '../world.js';

const verdaccio = fileURLToPath(import.meta.resolve('verdaccio/bin/verdaccio'));
let world: World;
let registry: ChildProcess;
let port = 0;
/** The field with which the stand-in was asked for each change. */
const credentials: (string | undefined)[] = [];

/** Carries what reached the stand-in to the registry, and its answer back. */
function carry(received: Received, response: ServerResponse): void {
  const { authorization, ...headers } = received.headers;
  if (received.method === 'PUT') credentials.push(authorization);
  const asked = httpRequest(
    {
      host: '127.0.0.1',
      port,
      method: received.method,
      path: received.target,
      headers: { ...headers, ...(authorization === undefined ? {} : { authorization }) },
    },
    answer => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    },
  );
  asked.on('error', () => response.writeHead(502).end());
  asked.end(received.body);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: free } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return free;
}

/** Starts the registry, for whoever has an account, and makes one; its token. */
async function startRegistry(): Promise<string> {
  const dir = join(world.dir, 'registry');
  mkdirSync(dir);
  const config = [
    `storage: ${join(dir, 'storage')}`,
    `auth: {htpasswd: {file: ${join(dir, 'htpasswd')}}}`,
    'uplinks: {}',
    "packages: {'**': {access: $all, publish: $authenticated, unpublish: $authenticated}}",
    'log: {type: stdout, format: pretty, level: error}',
  ];
  writeFileSync(join(dir, 'config.yaml'), `${config.join('\n')}\n`);
  port = await freePort();
  registry = spawn(process.execPath, [verdaccio, '-c', join(dir, 'config.yaml'), '-l', `127.0.0.1:${port}`], {
    stdio: 'ignore',
    env: { PATH: process.env.PATH, HOME: dir },
  });
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/-/user/org.couchdb.user:agent`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'agent', password: 'a-long-password-of-a-test' }),
    }).catch(() => null);
    if (answer !== null) return ((await answer.json()) as { token: string }).token;
    await new Promise(resolve => setTimeout(resolve, 50));
  }
}

const npm = (args: readonly string[]): Promise<Ran> =>
  world.tf(['run', '--', 'publisher', 'npm', ...args], {
    cwd: join(world.dir, 'package'),
    env: { HOME: world.dir, npm_config_update_notifier: 'false', npm_config_fund: 'false' },
  });

const describe = (version: string): void =>
  writeFileSync(join(world.dir, 'package', 'package.json'), JSON.stringify({ name: '@acme/app', version }));

before(async () => {
  world = await openWorld({ hosts: ['registry.npmjs.org'], answer: carry });
  const token = await startRegistry();
  await world.ok(['secret', 'set', 'npm-token', '--connector', 'npm'], { input: token });
  await world.ok(['gateway', 'create', 'publisher']);
  for (const [action, effect, ...more] of [
    ['npm.package.get', 'allow'],
    ['npm.tarball.get', 'allow'],
    ['npm.user.whoami', 'allow'],
    ['npm.package.publish', 'allow', '--resource', 'package:@acme/*', '--where', 'tags contains "next"'],
  ] as const)
    await world.ok(['permissions', 'set', '--gateway', 'publisher', '--action', action, '--effect', effect, ...more]);
  mkdirSync(join(world.dir, 'package'));
  describe('1.0.0');
});
after(async () => {
  registry?.kill('SIGKILL');
  await world?.close();
});

test('npm publishes under a permission for a scope and a tag, with a token that it does not have', async () => {
  const published = await npm(['publish', '--tag', 'next', '--access', 'public']);
  assert.equal(published.code, 0, published.stderr);
  const seen = await npm(['view', '@acme/app@next', 'version']);
  assert.equal(seen.stdout.trim(), '1.0.0', seen.stderr);
  assert.ok(credentials.length > 0);
  for (const credential of credentials) assert.match(credential!, /^Bearer (?!.*tfplaceholder)/);
});

test('what npm may not publish is refused with the reason, and the registry never hears of it', async () => {
  const before = credentials.length;
  describe('1.0.1');
  const latest = await npm(['publish', '--access', 'public']);
  assert.notEqual(latest.code, 0);
  assert.match(latest.stderr, /403/);
  assert.match(latest.stderr, /npm\.package\.publish/);
  const gone = await npm(['unpublish', '--force', '@acme/app']);
  assert.notEqual(gone.code, 0);
  assert.match(gone.stderr, /403/);
  assert.equal(credentials.length, before);
  const seen = await npm(['view', '@acme/app', 'versions', '--json']);
  assert.match(seen.stdout, /1\.0\.0/);
});
