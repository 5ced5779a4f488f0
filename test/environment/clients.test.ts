/** Programs that know nothing of Tollfence, started with a child's environment: their requests come to the proxy. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { childEnvironment } from '../../bin/environment/child-environment.js';
import { writeTrustFiles } from '../../bin/environment/trust-files.js';
import { openAuthority } from '../../src/tls/authority.js';
import { openGate, type Seen } from './gate.js';

const require = createRequire(import.meta.url);

interface World {
  readonly dir: string;
  /** Runs a program; its whole output, and what the proxy saw of it. */
  run(program: string, ...args: string[]): Promise<{ output: string; seen: readonly Seen[] }>;
}

async function world(t: TestContext): Promise<World> {
  // A blank, because a home directory may have one.
  const dir = mkdtempSync(join(tmpdir(), 'tollfence env-'));
  const authority = openAuthority({ dir: join(dir, 'ca'), now: Date.now, random: randomBytes });
  const gate = await openGate(authority, 'deploy-agent:t0ken');
  t.after(() => {
    gate.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const { env } = childEnvironment({
    parent: { PATH: process.env.PATH, HOME: dir },
    gateway: 'deploy-agent',
    token: 't0ken',
    runId: 'run_1',
    proxy: { host: '127.0.0.1', port: gate.port },
    files: writeTrustFiles(join(dir, 'trust'), authority),
    placeholders: {},
    drop: [],
  });
  return {
    dir,
    async run(program, ...args) {
      gate.seen.length = 0;
      const child = spawn(program, args, { env, cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] });
      let output = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (output += chunk));
      await once(child, 'close');
      return { output, seen: [...gate.seen] };
    },
  };
}

function has(t: TestContext, program: string, ...version: string[]): boolean {
  const found = spawnSync(program, version, { stdio: 'ignore' }).status === 0;
  if (!found) t.skip(`${program} is not on this machine: not run`);
  return found;
}

const node = async (t: TestContext, program: string) =>
  (await world(t)).run(process.execPath, '--input-type=module', '-e', program);
const through = (seen: readonly Seen[]): string[] =>
  seen.map(s => `${s.through} ${s.method} ${s.target}${s.authorized ? '' : ' without token'}`);

test('fetch of Node goes through the proxy, for https in a tunnel, for http in absolute form', async t => {
  const { output, seen } = await node(
    t,
    `
    const post = { method: 'POST', body: JSON.stringify({ a: 1 }) };
    console.log((await fetch('https://a.example/1')).status, (await fetch('https://a.example/2', post)).status);
    console.log((await fetch('http://b.example/3')).status);`,
  );
  assert.equal(output, '200 200\n200\n');
  assert.deepEqual(through(seen), [
    'tls a.example:443 GET /1',
    'tls a.example:443 POST /2',
    'absolute GET http://b.example/3',
  ]);
});

test('http and https of Node go through the proxy with any agent that a library makes', async t => {
  const { output, seen } = await node(
    t,
    `
    import http from 'node:http';
    import https from 'node:https';
    const get = (module, ...args) => new Promise((done, failed) => module.get(...args, r => r.resume().on('end', () => done(r.statusCode))).on('error', failed));
    console.log(await get(https, 'https://a.example/global'));
    console.log(await get(https, 'https://a.example/own', { agent: new https.Agent({ keepAlive: true }) }));
    console.log(await get(https, { host: 'a.example', path: '/none', agent: false }));
    console.log(await get(https, 'https://192.0.2.7:8443/address'));
    console.log(await get(http, 'http://b.example:8080/global'));
    console.log(await get(http, 'http://b.example/own', { agent: new http.Agent({ keepAlive: true }) }));
    console.log(await get(http, 'http://b.example/array', { headers: ['Host', 'b.example', 'X-A', 'b'] }));
    process.exit();`,
  );
  assert.equal(output, '200\n'.repeat(7));
  assert.deepEqual(through(seen), [
    'tls a.example:443 GET /global',
    'tls a.example:443 GET /own',
    'tls a.example:443 GET /none',
    'tls 192.0.2.7:8443 GET /address',
    'absolute GET http://b.example:8080/global',
    'absolute GET http://b.example/own',
    'absolute GET http://b.example/array',
  ]);
});

test('what Node sends to loopback doesn’t go through the proxy', async t => {
  const { output, seen } = await node(
    t,
    `
    import http from 'node:http';
    const server = http.createServer((_, r) => r.end('own')).listen(0, '127.0.0.1', async () => {
      const { port } = server.address();
      console.log(await (await fetch('http://127.0.0.1:' + port)).text());
      http.get({ port, host: 'localhost', family: 4 }, r => r.on('data', d => { console.log(String(d)); process.exit(); }));
    });`,
  );
  assert.equal(output, 'own\nown\n');
  assert.deepEqual(seen, []);
});

test('a tunnel that the proxy refuses is an error that names status and host', async t => {
  const { output } = await node(
    t,
    `
    import https from 'node:https';
    process.env.https_proxy = process.env.https_proxy.replace('t0ken', 'wrong');
    https.get('https://a.example/').on('error', e => console.log(e.message));`,
  );
  assert.equal(output, 'The proxy refused a tunnel to a.example:443 with status 407.\n');
});

test('the SDKs of Stripe, Slack, GitHub, OpenAI and Anthropic need no change', async t => {
  const module = (name: string): string => JSON.stringify(pathToFileURL(require.resolve(name)).href);
  const { output, seen } = await node(
    t,
    `
    import Stripe from ${module('stripe')};
    import slack from ${module('@slack/web-api')};
    import OpenAI from ${module('openai')};
    import Anthropic from ${module('@anthropic-ai/sdk')};
    import { Octokit } from ${JSON.stringify(import.meta.resolve('@octokit/rest'))};
    const class_ = m => m.default ?? m;
    await new (class_(Stripe))('sk_test_x', { maxNetworkRetries: 0 }).customers.list();
    await new slack.WebClient('xoxb-x', { retryConfig: { retries: 0 } }).auth.test();
    await new Octokit().repos.get({ owner: 'acme', repo: 'site' });
    await new (class_(OpenAI))({ apiKey: 'x', maxRetries: 0 }).models.retrieve('m');
    await new (class_(Anthropic))({ apiKey: 'x', maxRetries: 0 }).models.retrieve('m');
    process.exit();`,
  );
  assert.equal(output, '');
  assert.deepEqual(through(seen), [
    'tls api.stripe.com:443 GET /v1/customers',
    'tls slack.com:443 POST /api/auth.test',
    'tls api.github.com:443 GET /repos/acme/site',
    'tls api.openai.com:443 GET /v1/models/m',
    'tls api.anthropic.com:443 GET /v1/models/m',
  ]);
});

test('curl goes through the proxy', async t => {
  if (!has(t, 'curl', '--version')) return;
  const { seen, output } = await (await world(t)).run('curl', '-sSf', 'https://a.example/x', 'http://b.example/y');
  assert.deepEqual(through(seen), ['tls a.example:443 GET /x', 'absolute GET http://b.example/y'], output);
});

test('the standard library of Python goes through the proxy', async t => {
  if (!has(t, 'python3', '--version')) return;
  const program =
    'import urllib.request as u; [u.urlopen(x).read() for x in ("https://a.example/x", "http://b.example/y")]';
  const { seen, output } = await (await world(t)).run('python3', '-c', program);
  assert.deepEqual(through(seen), ['tls a.example:443 GET /x', 'absolute GET http://b.example/y'], output);
});

test('git goes through the proxy, also for an SSH address, past a proxy of the user, and asks no credential helper', async t => {
  if (!has(t, 'git', '--version')) return;
  const { dir, run } = await world(t);
  writeFileSync(
    join(dir, '.gitconfig'),
    `[http]\n proxy = http://127.0.0.1:1\n[credential]\n helper = "!touch asked; true"\n`,
  );
  const { seen, output } = await run('git', 'ls-remote', 'git@github.com:acme/site.git');
  assert.equal(through(seen)[0], 'tls github.com:443 GET /acme/site.git/info/refs?service=git-upload-pack', output);
  const { output: helpers } = await run('git', 'config', '--get-all', 'credential.helper');
  assert.equal(helpers, '!touch asked; true\n\n', 'the empty value comes last and clears the list');
});

test('Java goes through the proxy as soon as it has an authenticator', async t => {
  if (!has(t, 'javac', '-version')) return;
  const { dir, run } = await world(t);
  writeFileSync(
    join(dir, 'Probe.java'),
    `
    import java.net.*;
    public class Probe {
      public static void main(String[] args) throws Exception {
        String[] user = URI.create(System.getenv("HTTPS_PROXY")).getUserInfo().split(":");
        Authenticator.setDefault(new Authenticator() {
          protected PasswordAuthentication getPasswordAuthentication() { return new PasswordAuthentication(user[0], user[1].toCharArray()); }
        });
        System.out.println(((HttpURLConnection) new URL("https://a.example/x").openConnection()).getResponseCode());
      }
    }`,
  );
  const { seen, output } = await run('java', 'Probe.java');
  assert.match(output, /^200$/m);
  assert.equal(through(seen).at(-1), 'tls a.example:443 GET /x');
});

test('the files for trusting us are written once, whole, and hold no key', async t => {
  const dir = mkdtempSync(join(tmpdir(), 'tollfence-trust-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const authority = openAuthority({ dir: join(dir, 'ca'), now: Date.now, random: randomBytes });
  const files = writeTrustFiles(join(dir, 'trust'), authority);
  const state = () => [files.ca, files.bundle, files.pkcs12].map(file => statSync(file).ino);
  const before = state();
  writeTrustFiles(join(dir, 'trust'), authority);
  assert.deepEqual(state(), before);
  for (const file of [files.ca, files.bundle, files.pkcs12])
    assert.doesNotMatch(readFileSync(file, 'latin1'), /PRIVATE KEY/);
  assert.equal(readFileSync(files.ca, 'utf8'), authority.certificatePem);
  const other = openAuthority({ dir: join(dir, 'other'), now: Date.now, random: randomBytes });
  writeTrustFiles(join(dir, 'trust'), other);
  assert.equal(state().filter((inode, i) => inode === before[i]).length, 0);
});
