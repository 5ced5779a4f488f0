/** Pass-through: tunnels to hosts on the list are judged, recorded and carried, and nobody reads them. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect as tlsConnect } from 'node:tls';
import { hostList } from '../../src/http/passthrough.js';
import { openAuthority } from '../../src/tls/authority.js';
import { type Entry, entries } from '../faults/ledger.js';
import { openWorld, type World } from '../world.js';
import { type Agent, openTls, openTunnel, type RawAnswer, readAnswer, send, startAgent } from './agent.js';

let world: World;
let agent: Agent;
let port = 0;
const server = createServer({ SNICallback: (name, done) => done(null, authority.contextFor(name)) });
let authority: ReturnType<typeof openAuthority>;
/** Connections that reached the upstream, and what TLS made of them. */
const reached: Socket[] = [];
const requests: { host: string; authorization: string | undefined; body: Buffer }[] = [];
const hosts = ['pinned.test', 'a.pinned.example', 'denied.test', 'api.github.com', 'read.test'];

before(async () => {
  world = await openWorld({ config: 'passthrough: [pinned.test, "*.pinned.example", denied.test, api.github.com]\n' });
  authority = openAuthority({ dir: join(world.dir, 'pinned-ca'), now: Date.now, random: randomBytes });
  const ca = join(world.dir, 'pinned-ca.pem');
  writeFileSync(ca, authority.certificatePem);
  server.on('connection', (socket: Socket) => reached.push(socket.on('error', () => {})));
  server.on('tlsClientError', () => {});
  server.on('request', (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => {});
    request.once('end', () => {
      const body = Buffer.concat(chunks);
      requests.push({ host: request.headers.host ?? '', authorization: request.headers.authorization, body });
      response.end(body);
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
  await world.ok(['gateway', 'create', 'agent']);
  const set = (action: string, resource: string): Promise<string> =>
    world.ok([
      'permissions',
      'set',
      '--gateway',
      'agent',
      '--action',
      action,
      '--effect',
      'allow',
      '--resource',
      resource,
    ]);
  for (const host of hosts) if (host !== 'denied.test') await set('http.uninspected', `host:${host}`);
  await set('http.get', 'host:read.test');
  await world.ok(['secret', 'set', 'pinned-key', '--host', 'pinned.test', '--scheme', 'bearer'], {
    input: 'canary-0123456789',
  });
  const to = hosts.flatMap(host => ['--connect-to', `${host}:443:127.0.0.1:${port}`]);
  agent = await startAgent(world, 'agent', [...to, '--upstream-ca', ca]);
});
after(async () => {
  await agent?.end();
  server.closeAllConnections();
  server.close();
  await world.close();
});

/** Opens a tunnel and TLS with the upstream itself, whose certificate must be its own. */
async function pinned(host: string, servername = host): Promise<Socket> {
  const raw = await openTunnel(agent, { connect: `${host}:443` });
  if ('status' in raw) throw new Error(raw.head);
  const secure = tlsConnect({ socket: raw, servername, ca: authority.certificatePem });
  secure.on('error', () => {});
  await new Promise((resolve, reject) => {
    secure.once('secureConnect', resolve);
    secure.once('close', () => reject(new Error('closed')));
  });
  return secure;
}

/** Sends these bytes as the first of a tunnel, and waits until it is closed. Returns what came back. */
async function closed(host: string, bytes: string | Buffer): Promise<string> {
  const raw = await openTunnel(agent, { connect: `${host}:443` });
  if ('status' in raw) throw new Error(raw.head);
  let text = '';
  raw.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  const ended = once(raw, 'close');
  raw.write(bytes);
  await ended;
  return text;
}

const about = async (host: string): Promise<{ decided: Entry; completed: Entry | undefined }> => {
  for (let tries = 0; ; tries++) {
    assert.ok(tries < 100, `${host} has no end in the log`);
    const all = await entries(world);
    const decided = all.findLast(({ type, request }) => type === 'action.decided' && request?.host === host)!;
    const completed = all.find(entry => entry.decided === decided.id && entry.type === 'action.completed');
    if (completed !== undefined || decided.decision?.effect === 'deny') return { decided, completed };
  }
};

test('a tunnel to a listed host is one recorded action, and reaches the upstream as the client sends it', async () => {
  for (const host of ['pinned.test', 'a.pinned.example']) {
    const socket = await pinned(host);
    const body = randomBytes(3_000_000);
    const answer: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => answer.push(chunk));
    socket.write(`POST /x HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`);
    socket.write(body);
    await once(socket, 'close');
    assert.ok(requests.at(-1)!.body.equals(body));
    assert.ok(Buffer.concat(answer).subarray(-body.length).equals(body));
    assert.equal(requests.at(-1)!.authorization, undefined, 'and gets no credential');
    const { decided, completed } = await about(host);
    const { action, resource, request, decision } = decided as unknown as Record<string, Record<string, unknown>>;
    assert.deepEqual(action, {
      name: 'http.uninspected',
      connector: 'http',
      access: 'write',
      parameters: { port: 443 },
      unknown: [],
    });
    assert.deepEqual(resource, { type: 'host', id: host });
    assert.equal(request!.method, 'CONNECT');
    assert.deepEqual(request!.body, { state: 'opaque', bytes: 0 });
    assert.equal(decision!.secret, null);
    assert.deepEqual([completed!.status, completed!.error], [200, null]);
    assert.ok((completed!.bytes_sent as number) > body.length && (completed!.bytes_received as number) > body.length);
  }
});

test('without a permission the CONNECT itself is answered with the reason, and nobody is dialled', async () => {
  const seen = reached.length;
  const answer = (await openTunnel(agent, { connect: 'denied.test:443' })) as RawAnswer;
  assert.equal(answer.status, 403);
  const { code, action, resource } = JSON.parse(answer.body) as Record<string, string>;
  assert.deepEqual([code, action, resource], ['denied', 'http.uninspected', 'host:denied.test']);
  assert.equal(reached.length, seen);
  assert.equal((await about('denied.test')).decided.decision?.effect, 'deny');
});

test('a client that asks for another server, for none, or speaks something else than TLS is cut off before a byte leaves', async () => {
  const cases: [string, () => Promise<unknown>][] = [
    ['authority_mismatch', () => assert.rejects(pinned('pinned.test', 'read.test'), /closed/)],
    [
      'malformed_request',
      async () => assert.equal(await closed('pinned.test', 'GET / HTTP/1.1\r\nHost: pinned.test\r\n\r\n'), ''),
    ],
    ['malformed_request', async () => assert.equal(await closed('pinned.test', 'SSH-2.0-x\r\n'), '')],
    [
      'malformed_request',
      async () => {
        const raw = (await openTunnel(agent, { connect: 'pinned.test:443' })) as Socket;
        const nameless = tlsConnect({ socket: raw, rejectUnauthorized: false });
        await new Promise(resolve => nameless.on('error', () => {}).once('close', resolve));
      },
    ],
  ];
  for (const [code, attempt] of cases) {
    const seen = requests.length;
    await attempt();
    const { decided, completed } = await about('pinned.test');
    assert.equal(decided.decision?.effect, 'allow');
    assert.equal(completed?.error, code);
    assert.deepEqual([completed?.bytes_sent, completed?.bytes_received], [0, 0]);
    assert.equal(requests.length, seen);
    assert.equal(reached.at(-1)!.bytesRead, 0);
  }
});

test('a ClientHello may come in pieces', async () => {
  const raw = (await openTunnel(agent, { connect: 'pinned.test:443' })) as Socket;
  const secure = tlsConnect({ socket: raw, servername: 'pinned.test', ca: authority.certificatePem });
  const write = raw.write.bind(raw);
  raw.write = ((chunk: Buffer, ...more: unknown[]) => {
    for (const byte of chunk.subarray(0, 40)) write(Buffer.from([byte]));
    return (write as (chunk: Buffer, ...more: unknown[]) => boolean)(chunk.subarray(40), ...more);
  }) as typeof raw.write;
  await once(secure, 'secureConnect');
  secure.destroy();
});

test('the kill switch ends an open tunnel on both sides, that of its connector too, and no new one is opened', async () => {
  for (const [host, scope, resume] of [
    ['pinned.test', ['agent'], ['agent']],
    ['api.github.com', ['--connector', 'github'], ['--connector', 'github']],
  ] as const) {
    const socket = await pinned(host);
    const here = once(socket, 'close');
    const there = once(reached.at(-1)!, 'close');
    await world.ok(['kill', ...scope]);
    await Promise.all([here, there]);
    assert.equal((await about(host)).completed?.error, 'killed');
    const refused = (await openTunnel(agent, { connect: `${host}:443` })) as RawAnswer;
    assert.deepEqual([refused.status, (JSON.parse(refused.body) as { code: string }).code], [403, 'killed']);
    await world.ok(['resume', ...resume]);
  }
});

test('the end of a run ends its tunnels', async () => {
  const other = await startAgent(world, 'agent', ['--connect-to', `pinned.test:443:127.0.0.1:${port}`]);
  const mine = agent;
  agent = other;
  const socket = await pinned('pinned.test');
  agent = mine;
  const here = once(socket, 'close');
  const there = once(reached.at(-1)!, 'close');
  await other.end();
  await Promise.all([here, there]);
});

test('a host that is not on the list is read as ever', async () => {
  const socket = await openTls(agent, { connect: 'read.test:443' });
  const answer = readAnswer(socket);
  socket.write('GET /read HTTP/1.1\r\nHost: read.test\r\n\r\n');
  assert.match((await answer).head, /tf-decision: allow/i);
  socket.destroy();
  assert.equal(
    (await send(agent, 'PUT / HTTP/1.1\r\nHost: read.test\r\nContent-Length: 0\r\n\r\n', { connect: 'read.test:443' }))
      .status,
    403,
  );
});

test('what is not read is said by tf status and when the proxy starts', async () => {
  assert.match(await world.ok(['status']), /passthrough: what is said with pinned\.test, \*\.pinned\.example/);
  assert.match(readFileSync(join(world.home, 'run', 'proxy.log'), 'utf8'), /warning: passthrough: .*pinned\.test/);
});

test('tf explain says what a CONNECT to a listed host would be, and that other tunnels are not judged', async () => {
  const explain = (url: string) => world.tf(['explain', 'CONNECT', url, '--gateway', 'agent', '--json']);
  const [allowed, denied] = await Promise.all(['https://pinned.test', 'https://denied.test:8443/'].map(explain));
  type Explained = { action: { name: string }; resource: { id: string }; decision: { effect: string } };
  const [one, two] = [allowed, denied].map(ran => JSON.parse(ran?.stdout ?? '') as Explained);
  assert.deepEqual(
    [one?.action.name, one?.resource.id, one?.decision.effect],
    ['http.uninspected', 'pinned.test', 'allow'],
  );
  assert.deepEqual(
    [two?.action.name, two?.resource.id, two?.decision.effect],
    ['http.uninspected', 'denied.test', 'deny'],
  );
  for (const url of ['https://read.test', 'https://pinned.test/x', 'http://pinned.test', 'https://a@pinned.test']) {
    const { code, stderr } = await explain(url);
    assert.notEqual(code, 0, url);
    assert.match(stderr, url === 'https://read.test' ? /the requests in it are/ : /names a host|user information/);
  }
});

test('a list names hosts, and a star all below one', () => {
  const listed = hostList(['a.test', '*.b.test', '*.c']);
  for (const host of ['a.test', 'x.b.test', 'y.x.b.test', 'x.c']) assert.equal(listed(host), true, host);
  for (const host of ['x.a.test', 'b.test', 'xb.test', 'c', 'test', '', 'a.test.evil'])
    assert.equal(listed(host), false, host);
  assert.equal(hostList([])('a.test'), false);
});
