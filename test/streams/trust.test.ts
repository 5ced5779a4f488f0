import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createServer } from 'node:tls';
import { openAuthority } from '../../src/tls/authority.js';
import { type Agent, send, startAgent } from '../http/agent.js';
import { openWorld, type World } from '../world.js';

let world: World;
let agent: Agent;
const servers: Server[] = [];
let reached = 0;

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

before(async () => {
  world = await openWorld({ hosts: ['upstream.test'] });
  await world.ok(['gateway', 'create', 'agent']);
  await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', 'http.*', '--effect', 'allow']);
  const dir = join(world.dir, 'upstream-ca');
  const day = 24 * 3_600_000;
  const trusted = openAuthority({ dir, now: Date.now, random: randomBytes });
  // Its root is still good, but what it signs today was over a month ago.
  const longAgo = openAuthority({
    dir: join(world.dir, 'old-ca'),
    now: () => Date.now() - 60 * day,
    random: randomBytes,
  });
  const oldRoot = join(world.dir, 'old-root.pem');
  writeFileSync(oldRoot, longAgo.certificatePem);
  const stranger = openAuthority({ dir: join(world.dir, 'another-ca'), now: Date.now, random: randomBytes });
  const serve = (context: ReturnType<typeof trusted.contextFor>): Promise<number> =>
    listen(
      createServer({ SNICallback: (_, done) => done(null, context) }, socket => {
        socket.on('error', () => {});
        socket.once('data', () => {
          reached++;
          socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
        });
      }),
    );
  const ports = {
    'wrong-name.test': await serve(trusted.contextFor('another.test')),
    'unknown-root.test': await serve(stranger.contextFor('unknown-root.test')),
    'expired.test': await serve(longAgo.contextFor('expired.test')),
    'good.test': await serve(trusted.contextFor('good.test')),
    'silent.test': await listen(createTcpServer(socket => void socket.on('error', () => {}))),
  };
  agent = await startAgent(world, 'agent', [
    '--upstream-ca',
    oldRoot,
    ...Object.entries(ports).flatMap(([host, port]) => ['--connect-to', `${host}:443:127.0.0.1:${port}`]),
  ]);
});
after(async () => {
  await agent?.end();
  for (const server of servers) server.close();
  await world.close();
});

const ask = (host: string) => send(agent, `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`, { connect: `${host}:443` });

test('an upstream with a good certificate is asked', async () => {
  assert.equal((await ask('good.test')).status, 200);
});

for (const [host, what] of [
  ['wrong-name.test', 'for another name'],
  ['unknown-root.test', 'under an unknown root'],
  ['expired.test', 'that has expired'],
] as const) {
  test(`an upstream with a certificate ${what} is refused with upstream_tls before anything is sent`, async () => {
    const before = reached;
    const { status, body } = await ask(host);
    assert.equal(status, 502);
    assert.equal((JSON.parse(body) as { code: string }).code, 'upstream_tls', body);
    assert.equal(reached, before);
  });
}

test('an upstream that accepts and then says nothing is refused with upstream_timeout', {
  timeout: 40_000,
}, async () => {
  const { status, body } = await ask('silent.test');
  assert.equal(status, 504);
  assert.equal((JSON.parse(body) as { code: string }).code, 'upstream_timeout', body);
});
