import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { type Agent, openTls, startAgent } from '../http/agent.js';
import { openWorld, type World } from '../world.js';

/** 1024 for the whole promise; less so that it is quick every day. */
const mebibytes = Number(process.env.TF_BULK_MIB ?? 192);
const bytes = mebibytes << 20;
const block = Buffer.alloc(64 << 10, 'tollfence ');

let world: World;
let agent: Agent;
let pid: number;
let received = 0;
/** Bytes that the upstream could hand over of an answer which nobody reads. */
let offered = 0;

before(async () => {
  world = await openWorld({
    hosts: ['upstream.test'],
    intercept(request, response) {
      const left = Number(/\?bytes=(\d+)/.exec(request.url!)?.[1] ?? 0);
      if (request.method === 'GET') {
        response.writeHead(200, { 'content-length': left });
        const more = (sent: number): void => {
          offered = sent;
          if (sent >= left) return void response.end();
          const next = Math.min(left, sent + block.length);
          if (response.write(block.subarray(0, next - sent))) setImmediate(more, next);
          else response.once('drain', () => more(next));
        };
        more(0);
      } else {
        received = 0;
        request.on('data', (chunk: Buffer) => {
          received += chunk.length;
        });
        request.once('end', () => response.end('done'));
      }
      return true;
    },
  });
  await world.ok(['gateway', 'create', 'agent']);
  await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', 'http.*', '--effect', 'allow']);
  agent = await startAgent(world, 'agent');
  ({ pid } = (JSON.parse(await world.ok(['status', '--json'])) as { proxy: { pid: number } }).proxy);
  // What the compiler needs at the first request is not what a body needs.
  await download(32 << 20);
  await upload(32 << 20);
});
after(async () => {
  await agent?.end();
  await world.close();
});

async function download(length: number): Promise<number> {
  const socket = await openTls(agent, { connect: 'upstream.test:443' });
  socket.write(`GET /bulk?bytes=${length} HTTP/1.1\r\nHost: upstream.test\r\nConnection: close\r\n\r\n`);
  let seen = 0;
  let head = -1;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    if (head < 0) {
      assert.match(chunk.toString('latin1', 0, 12), /^HTTP\/1\.1 200/);
      head = chunk.indexOf('\r\n\r\n') + 4;
    }
    seen += chunk.length;
    if (seen - head >= length) break;
  }
  socket.destroy();
  return seen - head;
}

async function upload(length: number): Promise<string> {
  const socket = await openTls(agent, { connect: 'upstream.test:443' });
  const answer = new Promise<string>(resolve =>
    socket.once('data', (chunk: Buffer) => resolve(chunk.toString('latin1'))),
  );
  socket.write(`PUT /bulk HTTP/1.1\r\nHost: upstream.test\r\nContent-Length: ${length}\r\n\r\n`);
  for (let left = length; left > 0; left -= block.length) {
    if (!socket.write(block.subarray(0, Math.min(left, block.length))))
      await new Promise(resolve => socket.once('drain', resolve));
  }
  const head = await answer;
  socket.destroy();
  return head;
}

const linux = process.platform === 'linux' ? {} : { skip: 'memory is read from /proc' };

/** Runs this and says how much memory the proxy held at most, in MiB. */
async function peak(work: () => Promise<void>): Promise<number> {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
  await work();
  return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
}

test('a long download passes in bounded memory, and all of it arrives', linux, async () => {
  const memory = await peak(async () => assert.equal(await download(bytes), bytes));
  assert.ok(memory < 150, `${memory.toFixed(0)} MiB`);
});

test('a long upload passes in bounded memory, and all of it arrives', linux, async () => {
  const memory = await peak(async () => assert.match(await upload(bytes), /^HTTP\/1\.1 200/));
  assert.equal(received, bytes);
  assert.ok(memory < 150, `${memory.toFixed(0)} MiB`);
});

/** Resolves when this number has stayed as it is for a while. */
async function settled(value: () => number): Promise<number> {
  for (let last = -1; last !== value(); ) {
    last = value();
    await new Promise(resolve => setTimeout(resolve, 400));
  }
  return value();
}

test('a client that does not read stops the upstream: the proxy holds only a little of the answer', linux, async () => {
  const length = 128 << 20;
  let socket: Socket | null = null;
  const memory = await peak(async () => {
    socket = await openTls(agent, { connect: 'upstream.test:443' });
    socket.pause();
    socket.write(`GET /bulk?bytes=${length} HTTP/1.1\r\nHost: upstream.test\r\n\r\n`);
    await settled(() => offered);
  });
  // Most of it is in the kernel's buffers of four sockets.
  assert.ok(offered > 0 && offered < 48 << 20, `${offered >> 20} MiB`);
  assert.ok(memory < 150, `${memory.toFixed(0)} MiB`);
  socket!.destroy();
});
