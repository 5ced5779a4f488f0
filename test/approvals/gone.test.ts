/** Clients that go away while their request is held: nobody acts for them, however they go, and whoever is asked is told. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { connect as connectSession } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { connect as tlsConnect } from 'node:tls';
import { entries } from '../faults/ledger.js';
import { type Agent, openTunnel, startAgent } from '../http/agent.js';
import { openWorld, type World } from '../world.js';
import { becomes, pending } from './pending.js';

/** A socket of an agent's, and TLS over it if it asks for that. */
interface Line {
  readonly raw: Socket;
  readonly talk: Socket;
}
let agent: Agent;
let next = 0;

const quiet = <T extends Socket>(socket: T): T => socket.on('error', () => {});
const bare = async (): Promise<Line> => {
  const raw = quiet(connect({ host: '127.0.0.1', port: agent.port }));
  await new Promise(resolve => raw.once('connect', resolve));
  return { raw, talk: raw };
};
const secure = async (): Promise<Line> => {
  const raw = (await openTunnel(agent, { connect: 'upstream.test:443' })) as Socket;
  const talk = quiet(tlsConnect({ socket: raw, servername: 'upstream.test', ca: agent.ca }));
  await new Promise(resolve => talk.once('secureConnect', resolve));
  return { raw, talk };
};

const head = (line: string, ...more: readonly string[]): string =>
  [`${line} HTTP/1.1`, 'Host: upstream.test', ...more, '', ''].join('\r\n');
const upgrade = (path: string): string =>
  head(
    `GET ${path}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  );
const authorized = (): string => `Proxy-Authorization: ${agent.authorization}`;
const opaque = (): string => `CONNECT pinned.test:443 HTTP/1.1\r\nHost: pinned.test\r\n${authorized()}\r\n\r\n`;

const lines: Readonly<Record<string, readonly [open: () => Promise<Line>, bytes: (path: string) => string]>> = {
  'a request in the clear': [bare, path => head(`GET http://upstream.test${path}`, authorized())],
  'a request in a tunnel': [secure, path => head(`GET ${path}`)],
  'a request with a body': [secure, path => `${head(`POST ${path}`, 'Content-Length: 5')}hello`],
  'an upgrade': [secure, upgrade],
  'an upgrade with frames behind it': [secure, path => `${upgrade(path)}${'\x82\x80abcd'.repeat(20_000)}`],
  'a tunnel that is not read': [bare, opaque],
  'a tunnel that is not read, with bytes behind it': [bare, () => `${opaque()}${'x'.repeat(200_000)}`],
};
const ends: Readonly<Record<string, (line: Line) => void>> = {
  'ends its side': ({ talk }) => void talk.end(),
  'ends its side below TLS': ({ raw }) => void raw.end(),
  'resets the connection': ({ raw }) => void raw.resetAndDestroy(),
};

for (const workers of [1, 2])
  describe(`with ${workers} workers`, () => {
    let world: World;
    before(async () => {
      world = await openWorld({
        config: `approvals: {hold: 60s}\npassthrough: [pinned.test]\nworkers: ${workers}\n`,
      });
      await world.ok(['gateway', 'create', 'agent']);
      await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', '*', '--effect', 'require_approval']);
      agent = await startAgent(world, 'agent');
    });
    after(async () => {
      await agent.end();
      await world.close();
    });

    // With several workers the way to the parent is another, the sockets are the same.
    for (const [what, [open, bytes]] of Object.entries(lines))
      for (const [how, leave] of Object.entries(ends).slice(0, workers === 1 ? 3 : 1))
        test(`${what} whose client ${how} is cancelled while it is held`, async () => {
          const path = open === bare && bytes('').startsWith('CONNECT') ? '/' : `/${next++}`;
          const line = await open();
          line.talk.write(Buffer.from(bytes(path), 'latin1'));
          const { id } = await pending(world, path);
          leave(line);
          await becomes(world, id, 'cancelled');
          line.raw.destroy();
          assert.equal(world.received.length, 0);
        });

    for (const code of [0, 8])
      test(`a stream that is reset with ${code} is cancelled while it is held`, async () => {
        const raw = (await openTunnel(agent, { connect: 'upstream.test:443' })) as Socket;
        const tls = { servername: 'upstream.test', ca: agent.ca, ALPNProtocols: ['h2'] };
        const session = connectSession('https://upstream.test', {
          createConnection: () => tlsConnect({ ...tls, socket: raw }),
        });
        const path = `/${next++}`;
        const stream = session.request({ ':path': path }).on('error', () => {});
        const { id } = await pending(world, path);
        stream.close(code);
        await becomes(world, id, 'cancelled');
        session.destroy();
        assert.equal(world.received.length, 0);
      });

    test('a client whose process is killed is one that has gone, and the log says so', async () => {
      const path = `/${next++}`;
      const request = head(`GET http://upstream.test${path}`, authorized());
      const program = `require('node:net').connect(${agent.port}, '127.0.0.1').write(${JSON.stringify(request)})`;
      const child = spawn(process.execPath, ['-e', program], { stdio: 'ignore' });
      const { id } = await pending(world, path);
      child.kill('SIGKILL');
      await becomes(world, id, 'cancelled');
      const types = (await entries(world)).filter(({ approval }) => approval === id).map(({ type }) => type);
      assert.deepEqual(types, ['approval.requested', 'approval.cancelled']);
      assert.equal((await world.tf(['approvals', 'approve', id])).code, 1);
      assert.equal(world.received.length, 0);
    });
  });
