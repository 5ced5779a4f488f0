/** The proxy of a company: everything goes through it, by CONNECT, and is judged and verified as without it. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createServer as createTlsServer, TLSSocket } from 'node:tls';
import { Refusal } from '../../src/errors.js';
import { type DialOptions, dialler, upstreamRefusal } from '../../src/http/dial.js';
import { openUpstream } from '../../src/http/upstream.js';
import { openAuthority } from '../../src/tls/authority.js';
import { upstreamTrust } from '../../src/tls/trust.js';

const dir = mkdtempSync(join(tmpdir(), 'tf-outbound-'));
const authority = openAuthority({ dir, now: Date.now, random: randomBytes });
const context = upstreamTrust({ extraFiles: [join(dir, 'root.pem')] }).context;
const sockets = new Set<Socket>();
const servers: (Server | HttpsServer)[] = [];
let upstreamPort = 0;

async function listen(server: Server | HttpsServer): Promise<number> {
  servers.push(server);
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => {})));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

before(async () => {
  const server = createHttpsServer(
    { SNICallback: (name, done) => done(null, authority.contextFor(name === 'liar.test' ? 'other.test' : name)) },
    (request, response) => response.end(`${request.headers.host}${request.url}`),
  );
  server.on('tlsClientError', () => {});
  upstreamPort = await listen(server);
});
after(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
  rmSync(dir, { recursive: true, force: true });
});

interface Stub {
  readonly port: number;
  /** The heads that it got. */
  readonly heads: string[];
}

/** A proxy that answers each CONNECT with this, and after a 200 leads to the upstream, whatever it was asked for. */
async function openProxy(answer: string | null, secureFor?: string): Promise<Stub> {
  const heads: string[] = [];
  const serve = (client: Socket): void => {
    client.on('error', () => {});
    client.once('data', (chunk: Buffer) => {
      heads.push(chunk.toString('latin1'));
      if (answer === null) return;
      client.write(answer);
      if (!/^HTTP\/1\.[01] 200/.test(answer)) return;
      const upstream = connect(upstreamPort, '127.0.0.1');
      upstream.on('error', () => {}).once('close', () => client.destroy());
      client.once('close', () => upstream.destroy());
      sockets.add(upstream);
      client.pipe(upstream).pipe(client);
    });
  };
  const server =
    secureFor === undefined
      ? createServer(serve)
      : createTlsServer({ SNICallback: (_, done) => done(null, authority.contextFor(secureFor)) }, serve);
  server.on('tlsClientError', () => {});
  return { port: await listen(server), heads };
}

const established = 'HTTP/1.1 200 Connection established\r\n\r\n';
const rules = { connectTo: new Map<string, string>(), allowPrivate: [] };
const open8 = async (): Promise<string[]> => ['8.8.8.8'];
const to = (host: string, scheme: 'http' | 'https' = 'https', port = 443) => ({ scheme, host, port });
const dial = (proxy: string, more: Partial<DialOptions> = {}) =>
  dialler({ rules, context, proxy, resolve: open8, ...more });

/** The refusal that an attempt ends with. */
async function refusal(attempt: Promise<Socket>, host = 'upstream.test'): Promise<Refusal> {
  return attempt.then(
    socket => {
      socket.destroy();
      return assert.fail('It was connected.');
    },
    (error: unknown) => upstreamRefusal(error, to(host)),
  );
}

test('a connection goes through the proxy by CONNECT, with its credentials, and TLS inside is with the upstream', async () => {
  const { port, heads } = await openProxy(established);
  const socket = await dial(`http://me:p%40ss%3A1@127.0.0.1:${port}`)(to('upstream.test'), ['http/1.1']);
  assert.ok(socket instanceof TLSSocket && socket.authorized);
  assert.equal(socket.getPeerCertificate().subjectaltname, 'DNS:upstream.test');
  socket.destroy();
  assert.deepEqual(heads, [
    `CONNECT upstream.test:443 HTTP/1.1\r\nHost: upstream.test:443\r\nProxy-Authorization: Basic ${Buffer.from('me:p@ss:1').toString('base64')}\r\n\r\n`,
  ]);
});

test('the proxy may speak TLS, and is verified by its own name', async () => {
  const { port, heads } = await openProxy(established, 'localhost');
  const socket = await dial(`https://localhost:${port}`)(to('upstream.test'), ['http/1.1']);
  assert.ok(socket instanceof TLSSocket && socket.authorized);
  assert.equal(socket.getPeerCertificate().subjectaltname, 'DNS:upstream.test');
  socket.destroy();
  assert.equal(heads[0]?.includes('Proxy-Authorization'), false);
  const other = await openProxy(established, 'other.test');
  const wrong = await refusal(dial(`https://me:secret@localhost:${other.port}`)(to('upstream.test'), []));
  assert.equal(wrong.code, 'upstream_tls');
  assert.match(wrong.message, new RegExp(`proxy localhost:${other.port} failed \\(ERR_TLS_CERT_ALTNAME_INVALID\\)`));
  assert.deepEqual(other.heads, [], 'and gets no credentials');
});

test('an upstream behind the proxy with the wrong certificate is refused', async () => {
  for (const name of ['127.0.0.1', 'localhost']) {
    const { port } = await openProxy(established, name === 'localhost' ? name : undefined);
    const proxy = `${name === 'localhost' ? 'https' : 'http'}://${name}:${port}`;
    const found = await refusal(dial(proxy)(to('liar.test'), []), 'liar.test');
    assert.equal(found.code, 'upstream_tls', found.message);
  }
});

test('plain connections, and other ports, are tunnelled too, and connect_to says what the proxy is asked for', async () => {
  const { port, heads } = await openProxy(established);
  const connectTo = new Map([
    ['mapped.test:443', 'edge.test:8443'],
    ['six.test:443', '[::1]:1'],
  ]);
  const go = dial(`http://127.0.0.1:${port}`, { rules: { connectTo, allowPrivate: ['fd00::/8'] } });
  for (const target of [to('plain.test', 'http', 80), to('fd00::1', 'http', 8080), to('mapped.test'), to('six.test')])
    (await go(target, ['http/1.1'])).destroy();
  assert.deepEqual(
    heads.map(head => head.split(' ')[1]),
    ['plain.test:80', '[fd00::1]:8080', 'edge.test:8443', '[::1]:1'],
  );
});

test('addresses, and names that resolve here, are judged before the proxy is asked; other names are left to it', async () => {
  const { port, heads } = await openProxy(established);
  const proxy = `http://127.0.0.1:${port}`;
  for (const host of ['127.0.0.1', '169.254.169.254', '::ffff:10.0.0.1', 'localhost'])
    assert.equal((await refusal(dial(proxy)(to(host), []))).code, 'destination_prohibited', host);
  const inside = await refusal(dial(proxy, { resolve: async () => ['8.8.8.8', '10.0.0.1'] })(to('inside.test'), []));
  assert.equal(inside.code, 'destination_prohibited');
  assert.deepEqual(heads, []);
  const lost = dial(proxy, { resolve: async () => Promise.reject(new Error('ENOTFOUND')) });
  (await lost(to('upstream.test'), ['http/1.1'])).destroy();
  assert.equal(heads.length, 1);
});

test('what the proxy answers instead of 200 is said, and the password never is', async () => {
  for (const [answer, credentials, code, sentence] of [
    [
      'HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n',
      'me:hunter2@',
      'upstream_unreachable',
      /wants other credentials than it was given \(407\)/,
    ],
    ['HTTP/1.1 407 No\r\n\r\n', '', 'upstream_unreachable', /wants credentials \(407\)/],
    [
      'HTTP/1.1 403 Forbidden\r\n\r\n<html>',
      'me:hunter2@',
      'upstream_unreachable',
      /answered 403 when it was asked for upstream\.test:443/,
    ],
    ['HTTP/1.0 502\r\n\r\n', 'me:hunter2@', 'upstream_unreachable', /answered 502/],
    ['HTTP/1.1 204 No Content\r\n\r\n', '', 'upstream_unreachable', /answered 204/],
    ['SSH-2.0-OpenSSH_9.2\r\n\r\n', 'me:hunter2@', 'upstream_protocol', /something else than an HTTP\/1\.1 answer/],
    [`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(17_000)}\r\n\r\n`, '', 'upstream_protocol', /head is too large/],
    ['x'.repeat(17_000), '', 'upstream_protocol', /head is too large/],
    [`${established}HTTP/1.1 200 OK\r\n\r\n`, '', 'upstream_protocol', /sent bytes of its own/],
  ] as const) {
    const { port } = await openProxy(answer);
    const found = await refusal(dial(`http://${credentials}127.0.0.1:${port}`)(to('upstream.test'), []));
    assert.equal(found.code, code, found.message);
    assert.match(found.message, sentence);
    assert.match(found.message, new RegExp(`^The proxy 127\\.0\\.0\\.1:${port} `));
    assert.doesNotMatch(`${found.message}${found.extra.next}`, /hunter2|aHVudGVyMg|bWU6/);
  }
});

test('a proxy that is down, hangs up or says nothing is an answer in time', async () => {
  const { port } = await openProxy(null);
  const late = await refusal(dial(`http://127.0.0.1:${port}`, { connectTimeout: 200 })(to('upstream.test'), []));
  assert.equal(late.code, 'upstream_timeout');
  const closing = createServer(socket => socket.once('data', () => socket.end()));
  const hung = await refusal(dial(`http://127.0.0.1:${await listen(closing)}`)(to('upstream.test'), []));
  assert.deepEqual([hung.code, hung.message.includes('closed the connection')], ['upstream_unreachable', true]);
  const gone = createServer();
  const free = await listen(gone);
  await new Promise(resolve => gone.close(resolve));
  const down = await refusal(dial(`http://me:hunter2@127.0.0.1:${free}`)(to('upstream.test'), []));
  assert.deepEqual([down.code, /can't be reached \(ECONNREFUSED\)/.test(down.message)], ['upstream_unreachable', true]);
});

test('a connection that is used again was judged, and a new one asks DNS anew and is judged anew', async () => {
  let answer = '127.0.0.1';
  let asked = 0;
  const upstream = openUpstream({
    rules: { connectTo: new Map(), allowPrivate: ['127.0.0.1/32'] },
    context,
    connections: 1,
    pools: 1,
    headersTimeout: 60_000,
    resolve: async () => {
      asked++;
      return [answer];
    },
  });
  const get = (): Promise<string> =>
    new Promise((resolve, reject) => {
      let text = '';
      upstream.pool('agent', to('rebound.test', 'https', upstreamPort), '').dispatch(
        { path: '/', method: 'GET', headers: ['host', 'rebound.test'] },
        {
          onRequestStart() {},
          onResponseStart() {},
          onResponseData(_, chunk) {
            text += chunk.toString();
          },
          onResponseEnd: () => resolve(text),
          onResponseError: (_, error) => reject(error),
        },
      );
    });
  assert.equal(await get(), 'rebound.test/');
  const before = asked;
  answer = '169.254.169.254';
  assert.equal(await get(), 'rebound.test/');
  assert.equal(asked, before);
  for (const socket of sockets) socket.destroy();
  await assert.rejects(
    async () => {
      // The pool may not have heard yet that its connection has gone.
      for (let i = 0; i < 3; i++)
        await get().catch(error => {
          if (error instanceof Refusal) throw error;
        });
    },
    (error: unknown) => error instanceof Refusal && error.code === 'destination_prohibited',
  );
  assert.ok(asked > before);
  upstream.destroy();
});
