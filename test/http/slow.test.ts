/** Slow attacks: clients that send or read as little as keeps a connection open, while another one goes about its work. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { openWorld, runProgram, type World } from '../world.js';
import { type Agent, openTls, readAnswer, send, startAgent } from './agent.js';

const get = 'GET /repos/acme/site/issues/7 HTTP/1.1\r\nHost: api.github.com\r\n\r\n';
const big = Buffer.alloc(32 << 20, 'tollfence ');

const tool = spawnSync('slowhttptest', ['-h']).error === undefined;
const skip = tool ? false : 'slowhttptest is not installed (apt install slowhttptest)';

/** An upstream without TLS, which is what slowhttptest can be sent to through a proxy. */
const plain = createServer((request, response) => {
  request.on('error', () => {}).resume();
  response.end(big);
});
let world: World;
let slow: Agent;
let modest: Agent;

before(async () => {
  await new Promise<void>(resolve => plain.listen(0, '127.0.0.1', resolve));
  const { port } = plain.address() as AddressInfo;
  world = await openWorld({
    answer: ({ target }, response) => void response.end(target.endsWith('/big') ? big : '{}'),
    config: `    "plain.test:80": "127.0.0.1:${port}"\nlimits: {head_time: 1s, first_byte: 1s, body_stall: 1s, stall: 1s}\n`,
  });
  for (const name of ['slow', 'modest']) {
    await world.ok(['gateway', 'create', name]);
    for (const action of ['github.issue.*', 'github.unclassified', 'http.*'])
      await world.ok(['permissions', 'set', '--gateway', name, '--action', action, '--effect', 'allow']);
  }
  slow = await startAgent(world, 'slow');
  modest = await startAgent(world, 'modest');
});

after(async () => {
  await Promise.all([slow?.end(), modest?.end()]);
  await world?.close();
  plain.closeAllConnections();
  plain.close();
});

/** Lets slowhttptest loose with the token of a run, and asks for something else all the while. Returns what it reports. */
async function attack(options: readonly string[], meanwhile = async (): Promise<void> => {}): Promise<string> {
  let over = false;
  // It can't be told to send a field of its own; a cookie with a line break becomes one.
  const cookie = `a=b\r\nProxy-Authorization: ${slow.authorization}`;
  const through = ['-d', `127.0.0.1:${slow.port}`, '-u', 'http://plain.test/', '-j', cookie];
  const attacking = runProgram('slowhttptest', [...options, ...through, '-c', '100', '-r', '100']).finally(() => {
    over = true;
  });
  while (!over) {
    assert.equal((await send(modest, get)).status, 200);
    if (!over) await meanwhile();
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  const { stdout, stderr } = await attacking;
  return stdout + stderr;
}

/** How many answers to the slow one broke off, by the log. */
async function brokenOff(): Promise<number> {
  const lines = (await world.ok(['logs', '--all', '--json', '--gateway', 'slow', '--last', '5000'])).trim().split('\n');
  const entries = lines.map(line => JSON.parse(line) as { type: string; error?: string });
  return entries.filter(({ type, error }) => type === 'action.completed' && error === 'upstream_reset').length;
}

test('heads that never come to their end (slowhttptest -H) are given up, and others are served', { skip }, async () => {
  assert.match(await attack(['-H', '-i', '2', '-l', '30']), /No open connections left/);
});

test('bodies that never come to their end (slowhttptest -B) are given up, and others are served', {
  skip,
}, async () => {
  assert.match(await attack(['-B', '-t', 'POST', '-i', '3', '-l', '30']), /No open connections left/);
});

test('answers that nobody reads (slowhttptest -X) are given up, and others are served', {
  skip,
  timeout: 120_000,
}, async () => {
  const before = await brokenOff();
  let most = before;
  // It doesn't look whether its connections are still there; the log says when they were given up.
  await attack(['-X', '-w', '1', '-y', '1', '-z', '1', '-n', '60', '-l', '15'], async () => {
    most = await brokenOff();
  });
  assert.ok(most - before >= 100, `${most - before} of 100`);
});

test('an upload that stands still behind its decision is given up, and never reaches the upstream as a whole', {
  timeout: 120_000,
}, async () => {
  const socket = await openTls(slow);
  const answer = readAnswer(socket);
  const length = `Content-Type: application/octet-stream\r\nContent-Length: ${8 << 20}`;
  socket.write(`PUT /repos/acme/site/upload HTTP/1.1\r\nHost: api.github.com\r\n${length}\r\n\r\n`);
  // More than is judged: the rest is on its way when it stops.
  socket.write(Buffer.alloc(2 << 20));
  const { status, body } = await answer;
  assert.equal(status, 502, body);
  assert.match(body, /"code":"upstream_reset"/);
  assert.ok(!world.received.some(({ target }) => target.endsWith('/upload')));
  socket.destroy();
});

const residentKiB = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);

test('a big answer that is not read stays where it is, and its reader is let go', {
  skip: process.platform !== 'linux' && 'memory is read from /proc',
  timeout: 120_000,
}, async () => {
  const { proxy } = JSON.parse(await world.ok(['status', '--json'])) as { proxy: { pid: number } };
  await send(modest, get);
  const before = residentKiB(proxy.pid);
  const earlier = await brokenOff();
  const readers: Socket[] = [];
  for (let i = 0; i < 20; i++) {
    const socket = await openTls(slow);
    socket.pause();
    socket.write(get.replace('/issues/7', '/big'));
    readers.push(socket);
  }
  let most = 0;
  while ((await brokenOff()) < earlier + readers.length) {
    most = Math.max(most, residentKiB(proxy.pid));
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  assert.ok(most - before < 100 << 10, `${most - before} KiB more for 20 answers of 32 MiB`);
  for (const socket of readers) socket.destroy();
});
