/** Limits of clients: each is reached on purpose here, by one who means harm, while another one goes about its work. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { type ConnectionLimits, openConnections } from '../../src/http/connections.js';
import { Flights } from '../../src/http/flights.js';
import type { Caller } from '../../src/model.js';
import { openWorld, type World } from '../world.js';
import { type Agent, openTls, openTunnel, type RawAnswer, readAnswer, send, startAgent } from './agent.js';

const get = 'GET /repos/acme/site/issues/7 HTTP/1.1\r\nHost: api.github.com\r\n\r\n';

let world: World;
let greedy: Agent;
let modest: Agent;
/** Answers that the upstream holds back until somebody lets them go. */
const waiting = new Set<ServerResponse>();
const letGo = (): void => {
  for (const response of waiting) response.end('{}');
  waiting.clear();
};

before(async () => {
  world = await openWorld({
    answer(request, response) {
      if (request.target.endsWith('/wait')) waiting.add(response);
      else response.end('{}');
    },
    config:
      'limits: {connections_per_gateway: 5, exchanges_per_gateway: 3, unauthenticated: 40, unauthenticated_per_peer: 30}\n',
  });
  for (const name of ['greedy', 'modest']) {
    await world.ok(['gateway', 'create', name]);
    await world.ok(['permissions', 'set', '--gateway', name, '--action', 'github.*', '--effect', 'allow']);
    await world.ok(['permissions', 'set', '--gateway', name, '--action', 'github.unclassified', '--effect', 'allow']);
  }
  greedy = await startAgent(world, 'greedy');
  modest = await startAgent(world, 'modest');
});

after(async () => {
  letGo();
  await Promise.all([greedy?.end(), modest?.end()]);
  await world?.close();
});

const isOverloaded = (answer: RawAnswer): void => {
  assert.equal(answer.status, 503, answer.head);
  assert.match(answer.head, /\r\nRetry-After: \d+/i);
  assert.match(answer.body, /"code":"overloaded"/);
};

test('a gateway that has its share of connections open is told to come back, and another one is served', async () => {
  const held = [];
  for (let i = 0; i < 5; i++) held.push(await openTunnel(greedy));
  assert.ok(held.every(each => !('status' in each)));
  const refused = await openTunnel(greedy);
  assert.ok('status' in refused);
  isOverloaded(refused);
  assert.equal((await send(modest, get)).status, 200);

  const freed = held.pop() as Socket;
  freed.destroy();
  // The proxy hears of it a moment later.
  let again: Socket | RawAnswer = refused;
  while ('status' in again) again = await openTunnel(greedy);
  for (const each of [...held, again]) (each as Socket).destroy();
});

test('a gateway that has its share of requests open is told to come back, and another one is served', async () => {
  const waitFor = get.replace('/issues/7', '/issues/7/wait');
  const sockets = [await openTls(greedy), await openTls(greedy), await openTls(greedy)];
  for (const socket of sockets) socket.write(waitFor);
  while (waiting.size < 3) await new Promise(resolve => setTimeout(resolve, 10));

  const fourth = await openTls(greedy);
  const answer = readAnswer(fourth);
  fourth.write(get);
  isOverloaded(await answer);
  assert.equal((await send(modest, get)).status, 200);

  // Not for its fault, but for what it had open elsewhere: the connection may be used again.
  const answers = sockets.map(readAnswer);
  letGo();
  for (const each of answers) assert.equal((await each).status, 200);
  const later = readAnswer(fourth);
  fourth.write(get);
  assert.equal((await later).status, 200);
  for (const socket of [...sockets, fourth]) socket.destroy();
});

test('of two thousand connections that say nothing only so many stay, the oldest go, and who has a token is served', async () => {
  const silent: Socket[] = [];
  let closed = 0;
  for (let i = 0; i < 2_000; i++) {
    const socket = connect({ host: '127.0.0.1', port: modest.port });
    socket.on('error', () => {}).once('close', () => closed++);
    socket.resume();
    silent.push(socket);
    if (i % 100 === 99) assert.equal((await send(modest, get)).status, 200);
  }
  while (closed < 2_000 - 30) await new Promise(resolve => setTimeout(resolve, 10));
  assert.equal((await send(modest, get)).status, 200);
  const open = silent.filter(socket => !socket.destroyed);
  assert.ok(open.length <= 30, `${open.length} are open`);
  assert.ok(open.length > 0 && open.every(socket => silent.indexOf(socket) >= 1_900), 'the youngest stay');
  for (const socket of silent) socket.destroy();
});

/** A server that counts its connections, and how a client from a given address comes to it. */
async function counting(limits: ConnectionLimits) {
  const connections = openConnections(limits);
  const inside: Socket[] = [];
  const server = createServer(socket => {
    socket.on('error', () => {});
    if (connections.enter(socket)) inside.push(socket);
    server.emit('counted');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return {
    connections,
    inside,
    async come(localAddress = '127.0.0.1'): Promise<void> {
      const counted = once(server, 'counted');
      connect({ host: '127.0.0.1', port, localAddress }).on('error', () => {});
      await counted;
    },
    close() {
      for (const socket of inside) socket.destroy();
      server.close();
    },
  };
}

const open = (sockets: readonly Socket[]): boolean[] => sockets.map(socket => !socket.destroyed);

test('who has shown a token is never closed to make room, and a stranger is refused when there are no other strangers', async () => {
  const place = await counting({ connections: 2, perGateway: 9, unauthenticated: 9, perPeer: 9 });
  await place.come();
  place.connections.claim(place.inside[0]!, 'a');
  await place.come();
  await place.come();
  assert.deepEqual(open(place.inside), [true, false, true]);
  place.connections.claim(place.inside[2]!, 'b');
  await place.come();
  assert.equal(place.inside.length, 3, 'the fourth was not let in');
  place.close();
});

test('one address can not take the places of another one', {
  skip: process.platform !== 'linux' && 'needs 127.0.0.2',
}, async () => {
  const place = await counting({ connections: 99, perGateway: 99, unauthenticated: 4, perPeer: 2 });
  await place.come('127.0.0.2');
  for (let i = 0; i < 3; i++) await place.come('127.0.0.1');
  assert.deepEqual(open(place.inside), [true, false, true, true]);
  place.close();
});

test('what a gateway has open is counted down again, however it ends', async () => {
  const place = await counting({ connections: 9, perGateway: 1, unauthenticated: 9, perPeer: 9 });
  for (let i = 0; i < 3; i++) {
    await place.come();
    const socket = place.inside.at(-1)!;
    place.connections.claim(socket, 'a');
    place.connections.claim(socket, 'b');
    await place.come();
    assert.throws(() => place.connections.claim(place.inside.at(-1)!, 'a'), { code: 'overloaded' });
    const closed = once(socket, 'close');
    socket.destroy();
    await closed;
  }
  place.close();

  const flights = new Flights(1);
  const caller = { subject: { id: 'a', chain: ['a'], runs: ['run_1'] }, grants: [] } as unknown as Caller;
  for (const end of ['end', 'stop'] as const) {
    const flight = flights.begin('exchange', () => {});
    flight.belongTo(caller);
    const other = flights.begin('exchange', () => {});
    assert.throws(() => other.belongTo(caller), { code: 'overloaded' });
    flights.end(other);
    if (end === 'end') flights.end(flight);
    else flights.stop({ kind: 'all' });
    flights.end(flight);
  }
});
