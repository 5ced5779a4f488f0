/** A machine that reaches the Internet by its company's proxy alone: the whole program, behind one of ours and behind squid. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { connect as tlsConnect } from 'node:tls';
import { entries } from '../faults/ledger.js';
import { filesBelow, openWorld, type World } from '../world.js';
import { type Agent, openTunnel, readAnswer, send, startAgent } from './agent.js';

const closing: (() => Promise<unknown> | unknown)[] = [];
after(async () => {
  for (const close of closing.reverse()) await close();
});

const password = 'hunter2-of-the-proxy';
const get = (host: string): string => `GET /x HTTP/1.1\r\nHost: ${host}\r\n\r\n`;

/** A world whose proxy is to go through this one, with an agent that may read `upstream.test` and pass to `pinned.test`. */
async function behindProxy(url: string): Promise<{ world: World; agent: Agent }> {
  const world = await openWorld({
    hosts: ['upstream.test', 'pinned.test'],
    config: 'passthrough: [pinned.test]\n',
  });
  closing.push(() => world.close());
  const file = join(world.home, 'config.yaml');
  writeFileSync(
    file,
    readFileSync(file, 'utf8').replace('upstream:\n', `upstream:\n  proxy: ${JSON.stringify(url)}\n`),
  );
  await world.ok(['gateway', 'create', 'agent']);
  for (const action of ['http.get', 'http.uninspected'])
    await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', action, '--effect', 'allow']);
  const agent = await startAgent(world, 'agent');
  closing.push(() => agent.end());
  return { world, agent };
}

/** Nothing that the operator, the agent or an auditor can read has the password. */
async function assertUnseen(world: World, answers: readonly string[]): Promise<void> {
  const texts = [
    await world.ok(['status']),
    await world.ok(['status', '--json']),
    await world.ok(['logs', '--json']),
    ...answers,
  ];
  const credentials = Buffer.from(`me:${password}`).toString('base64');
  for (const text of [
    ...texts,
    ...filesBelow(world.home)
      .filter(({ path }) => !path.endsWith('config.yaml'))
      .map(({ content }) => content.toString('latin1')),
  ])
    assert.ok(!text.includes(password) && !text.includes(credentials));
}

test('requests and passed-through tunnels all go by the proxy, and its password is nowhere to be read', async () => {
  const heads: string[] = [];
  const sockets = new Set<Socket>();
  const proxy = createServer(client => {
    sockets.add(client.on('error', () => {}));
    client.once('data', (chunk: Buffer) => {
      const head = chunk.toString('latin1');
      heads.push(head);
      const [, host = '', port = ''] = /^CONNECT ([\d.]+):(\d+) /.exec(head) ?? [];
      const upstream = connect(Number(port), host, () => client.write('HTTP/1.1 200 OK\r\n\r\n'));
      sockets.add(upstream.on('error', () => client.destroy()));
      client.pipe(upstream).pipe(client);
    });
  });
  await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    proxy.close();
  });
  const { port } = proxy.address() as AddressInfo;
  const { world, agent } = await behindProxy(`http://me:${password}@127.0.0.1:${port}`);

  const answer = await send(agent, get('upstream.test'), { connect: 'upstream.test:443' });
  assert.equal(answer.status, 200, answer.body);
  const asked = `CONNECT 127.0.0.1:${world.upstreamPort} HTTP/1.1\r\nHost: 127.0.0.1:${world.upstreamPort}\r\nProxy-Authorization: Basic ${Buffer.from(`me:${password}`).toString('base64')}\r\n\r\n`;
  assert.ok(heads.length > 0 && heads.every(head => head === asked), heads.join());
  const arrived = world.received.at(-1)!;
  assert.ok(arrived.rawHeaders.every(text => !/^proxy-/i.test(text)));

  const before = heads.length;
  const raw = (await openTunnel(agent, { connect: 'pinned.test:443' })) as Socket;
  const secure = tlsConnect({ socket: raw, servername: 'pinned.test', ca: readFileSync(world.caFile) });
  await once(secure, 'secureConnect');
  secure.destroy();
  assert.equal(heads.length, before + 1);

  const inward = connect(agent.port, '127.0.0.1');
  inward.write(`GET http://10.0.0.1/ HTTP/1.1\r\nProxy-Authorization: ${agent.authorization}\r\n\r\n`);
  assert.match((await readAnswer(inward)).body, /"code":"destination_prohibited"/);
  inward.destroy();
  assert.equal(heads.length, before + 1);
  for (const socket of sockets) socket.destroy();
  await new Promise(resolve => proxy.close(resolve));
  const down = await send(agent, get('upstream.test'), { connect: 'upstream.test:443' });
  assert.equal(down.status, 502);
  const { code, detail } = JSON.parse(down.body) as { code: string; detail: string };
  assert.deepEqual(
    [code, detail],
    ['upstream_unreachable', `The proxy 127.0.0.1:${port} can't be reached (ECONNREFUSED).`],
  );
  await assertUnseen(world, [answer.head, answer.body, down.head, down.body]);
  assert.ok(
    (await entries(world)).some(({ type, error }) => type === 'action.completed' && error === 'upstream_unreachable'),
  );
});

/** squid on a port of its own, with one user. Its helper reads `user password` and answers OK or ERR. */
async function startSquid(): Promise<{ child: ChildProcess; port: number; log: string }> {
  const dir = mkdtempSync(join(tmpdir(), 'tf-squid-'));
  chmodSync(dir, 0o777);
  closing.push(() => rmSync(dir, { recursive: true, force: true }));
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  await new Promise(resolve => probe.close(resolve));
  const helper = join(dir, 'helper');
  writeFileSync(
    helper,
    `while read -r user word; do [ "$user $word" = "me ${password}" ] && echo OK || echo ERR; done\n`,
  );
  chmodSync(helper, 0o755);
  const log = join(dir, 'access.log');
  writeFileSync(
    join(dir, 'squid.conf'),
    [
      `http_port 127.0.0.1:${port}`,
      `auth_param basic program /bin/sh ${helper}`,
      'acl known proxy_auth REQUIRED',
      'http_access allow known',
      'http_access deny all',
      `access_log stdio:${log}`,
      `cache_log ${join(dir, 'cache.log')}`,
      `coredump_dir ${dir}`,
      'pid_filename none',
      'cache deny all',
      'shutdown_lifetime 0 seconds',
      'visible_hostname proxy.corp',
    ].join('\n'),
  );
  const child = spawn('/usr/sbin/squid', ['-N', '-f', join(dir, 'squid.conf')], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  closing.push(() => {
    child.kill('SIGKILL');
    return ended;
  });
  for (let tries = 0; ; tries++) {
    const there = await new Promise(resolve => {
      const socket = connect(port, '127.0.0.1', () => resolve(true));
      socket.once('error', () => resolve(false)).once('connect', () => socket.destroy());
    });
    if (there) return { child, port, log };
    assert.ok(tries < 300 && child.exitCode === null, 'squid does not listen');
    await new Promise(resolve => setTimeout(resolve, 100));
  }
}

test('squid carries it, and what squid refuses is said in its own status', async t => {
  if (!existsSync('/usr/sbin/squid')) return t.skip('/usr/sbin/squid is not there: not run');
  const { port, log } = await startSquid();
  const { world, agent } = await behindProxy(`http://me:${password}@127.0.0.1:${port}`);
  const answer = await send(agent, get('upstream.test'), { connect: 'upstream.test:443' });
  assert.equal(answer.status, 200, answer.body);
  // squid writes a line once the connection has ended.
  await world.ok(['kill', 'agent']);
  const line = new RegExp(`TCP_TUNNEL/200 \\d+ CONNECT 127\\.0\\.0\\.1:${world.upstreamPort} me `);
  for (let tries = 0; !line.test(readFileSync(log, 'utf8')); tries++) {
    assert.ok(tries < 300, readFileSync(log, 'utf8'));
    await new Promise(resolve => setTimeout(resolve, 100));
  }

  const wrong = await behindProxy(`http://me:not-${password}@127.0.0.1:${port}`);
  const refused = await send(wrong.agent, get('upstream.test'), { connect: 'upstream.test:443' });
  assert.equal(refused.status, 502);
  const { code, detail, next } = JSON.parse(refused.body) as { code: string; detail: string; next: string };
  assert.deepEqual(
    [code, detail, next],
    [
      'upstream_unreachable',
      `The proxy 127.0.0.1:${port} wants other credentials than it was given (407).`,
      'An operator must correct upstream.proxy.',
    ],
  );
  assert.equal(wrong.world.received.length, 0);
  await assertUnseen(world, [answer.head, answer.body]);
  await assertUnseen(wrong.world, [refused.head, refused.body]);
});

test('tf serve takes the proxy from TF_UPSTREAM_PROXY, and refuses one that is none without quoting it', async () => {
  const world = await openWorld();
  closing.push(() => world.close());
  const ran = await world.tf(['serve'], { env: { TF_UPSTREAM_PROXY: `socks5://me:${password}@proxy.corp` } });
  assert.equal(ran.code, 2);
  assert.match(ran.stderr, /TF_UPSTREAM_PROXY is not the URL of an HTTP proxy/);
  assert.ok(!ran.stderr.includes(password));
  const child = world.start(['serve'], { env: { TF_UPSTREAM_PROXY: 'http://127.0.0.1:9' } });
  child.stdout!.resume();
  for (let text = ''; !text.includes('forward proxy on'); )
    text += ((await once(child.stderr!, 'data')) as [Buffer])[0].toString();
  child.stderr!.resume();
  await world.ok(['gateway', 'create', 'agent']);
  await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', 'http.get', '--effect', 'allow']);
  const agent = await startAgent(world, 'agent');
  const answer = await send(agent, get('upstream.test'), { connect: 'upstream.test:443' });
  assert.match(answer.body, /The proxy 127\.0\.0\.1:9 can't be reached/);
  await agent.end();
});
