/** Answers that decode to far more than they are: the client's pace is the decoder's, and memory stays what it is. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { type Agent, openTls, send, startAgent } from '../http/agent.js';
import { openWorld, type World } from '../world.js';

const zeros = Buffer.alloc(64 << 20);
const packed = gzipSync(zeros);

/** A zstd frame of blocks that say one byte 128 Ki times each (RFC 8878 §3.1.1). */
function repetitions(blocks: number): Buffer {
  const frame = Buffer.alloc(6 + 4 * blocks);
  frame.set([0x28, 0xb5, 0x2f, 0xfd, 0, 0x68]);
  for (let i = 0; i < blocks; i++) frame.writeUIntLE(((128 << 10) << 3) | 2 | (i === blocks - 1 ? 1 : 0), 6 + 4 * i, 3);
  return frame;
}

/** What is sent, and mebibytes of what it decodes to. */
const bombs: Readonly<Record<string, readonly [Buffer, number]>> = {
  gzip: [Buffer.concat(Array.from({ length: 16 }, () => packed)), 1024],
  br: [brotliCompressSync(zeros, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }), 64],
  zstd: [repetitions(8192), 1024],
  'gzip, gzip': [gzipSync(Buffer.concat(Array.from({ length: 16 }, () => packed))), 1024],
};

let world: World;
let agent: Agent;
let pid: number;

before(async () => {
  world = await openWorld({
    hosts: ['upstream.test'],
    answer({ target }, response) {
      const coding = decodeURIComponent(target.slice(1));
      const [body] = bombs[coding] ?? [Buffer.from('small')];
      response.writeHead(200, {
        ...(coding in bombs ? { 'content-encoding': coding } : {}),
        'content-length': body.length,
      });
      response.end(body);
    },
  });
  await world.ok(['gateway', 'create', 'agent']);
  await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', 'http.*', '--effect', 'allow']);
  await world.ok(['secret', 'set', 'a-key', '--host', 'upstream.test', '--scheme', 'bearer'], {
    input: 'sk-0123456789abc',
  });
  agent = await startAgent(world, 'agent');
  ({ pid } = (JSON.parse(await world.ok(['status', '--json'])) as { proxy: { pid: number } }).proxy);
});
after(async () => {
  await agent?.end();
  await world.close();
});

/** Ticks of processor time that the proxy has used. */
const ticks = (): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return Number(fields[11]) + Number(fields[12]);
};

/** Waits until the proxy has nothing to do. */
async function idle(): Promise<void> {
  for (let last = -9; ticks() - last > 2; ) {
    last = ticks();
    await new Promise(resolve => setTimeout(resolve, 500));
  }
}

const linux = process.platform === 'linux' ? {} : { skip: 'memory is read from /proc' };
const get = (name: string): string =>
  `GET /${encodeURIComponent(name)} HTTP/1.1\r\nHost: upstream.test\r\nConnection: close\r\n\r\n`;

for (const [coding, [body, mebibytes]] of Object.entries(bombs)) {
  test(
    `${body.length >> 10} KiB of ${coding} that decode to ${mebibytes} MiB need little memory, and others are served`,
    linux,
    async () => {
      assert.equal((await send(agent, get('small'), { connect: 'upstream.test:443' })).body, 'small');
      writeFileSync(`/proc/${pid}/clear_refs`, '5');
      const sockets = await Promise.all([0, 1, 2, 3].map(() => openTls(agent, { connect: 'upstream.test:443' })));
      for (const socket of sockets) socket.pause().write(get(coding));
      await idle();
      assert.equal((await send(agent, get('small'), { connect: 'upstream.test:443' })).body, 'small');
      const peak = Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
      assert.ok(peak < 220, `${peak.toFixed(0)} MiB for four of them`);
      for (const socket of sockets) socket.destroy();
    },
  );
}

test('whoever reads gets all of it', async () => {
  const socket = await openTls(agent, { connect: 'upstream.test:443' });
  socket.write(get('br'));
  let length = 0;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (chunk.subarray(-7).toString('latin1') === '\r\n0\r\n\r\n') break;
  }
  assert.ok(length > 64 << 20, String(length));
  socket.destroy();
});
