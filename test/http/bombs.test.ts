/** Decompression bombs against the running proxy: answered, recorded as what they are, and paid for by nobody. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { brotliCompressSync, constants, createBrotliCompress, createGzip, gzipSync } from 'node:zlib';
import { entries } from '../faults/ledger.js';
import { openWorld, type World } from '../world.js';
import { type Agent, type RawAnswer, send, startAgent } from './agent.js';

let world: World;
let agent: Agent;
let other: Agent;
let pid: number;

before(async () => {
  world = await openWorld();
  for (const name of ['agent', 'other']) {
    await world.ok(['gateway', 'create', name]);
    for (const [action, ...where] of [['http.post'], ['github.issue.create', '--where', 'title == "ok"']] as const)
      await world.ok(['permissions', 'set', '--gateway', name, '--action', action, '--effect', 'allow', ...where]);
  }
  agent = await startAgent(world, 'agent');
  other = await startAgent(world, 'other');
  ({ pid } = (JSON.parse(await world.ok(['status', '--json'])) as { proxy: { pid: number } }).proxy);
});
after(async () => {
  await agent?.end();
  await other?.end();
  await world.close();
});

const zeros = Buffer.alloc(1 << 20);

/** So many MiB of zeros, coded. */
async function bomb(coder: ReturnType<typeof createGzip>, mebibytes: number): Promise<Buffer> {
  const out: Buffer[] = [];
  coder.on('data', (chunk: Buffer) => out.push(chunk));
  const ended = new Promise(resolve => coder.once('end', resolve));
  for (let i = 0; i < mebibytes; i++) await new Promise<void>(done => coder.write(zeros, () => done()));
  coder.end();
  await ended;
  return Buffer.concat(out);
}

/** A zstd frame of so many MiB of zeros: blocks of one byte that is repeated 128 Ki times. */
function zstdBomb(mebibytes: number): Buffer {
  const block = (last: number): Buffer => Buffer.of(last | 2, 0, 0x10, 0);
  const blocks = Array.from({ length: mebibytes * 8 }, (_, i) => block(i === mebibytes * 8 - 1 ? 1 : 0));
  return Buffer.concat([Buffer.of(0x28, 0xb5, 0x2f, 0xfd, 0, 0x58), ...blocks]);
}

const rawZstd = (text: string): Buffer =>
  Buffer.concat([
    Buffer.of(0x28, 0xb5, 0x2f, 0xfd, 0x20, text.length, (text.length << 3) | 1, 0, 0),
    Buffer.from(text),
  ]);

function post(from: Agent, host: string, path: string, coding: string, body: Buffer): Promise<RawAnswer> {
  const head = [
    `POST ${path} HTTP/1.1`,
    `Host: ${host}`,
    'Content-Type: application/json',
    `Content-Encoding: ${coding}`,
    `Content-Length: ${body.length}`,
  ];
  const bytes = Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]);
  return send(from, bytes, { connect: `${host}:443` });
}
const issue = (from: Agent, coding: string, body: Buffer): Promise<RawAnswer> =>
  post(from, 'api.github.com', '/repos/acme/site/issues', coding, body);

/** Peak of the proxy's memory since the last time, in MiB. */
function peak(): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
  return Number(/^VmHWM:\s+(\d+)/m.exec(status)![1]) / 1024;
}

test('a condition on the body is judged in every coding, and a body that is no longer what it was is denied', async () => {
  const text = '{"title":"ok"}';
  for (const [coding, body] of [
    ['gzip', gzipSync(text)],
    ['br', brotliCompressSync(text)],
    ['zstd', rawZstd(text)],
    ['zstd, gzip', gzipSync(rawZstd(text))],
  ] as const) {
    assert.equal((await issue(agent, coding, body)).status, 200, coding);
    assert.deepEqual(world.received.at(-1)!.body, body, 'it is sent as it came');
    const seen = world.received.length;
    const bad = coding === 'br' ? brotliCompressSync('{"title":"no"}') : Buffer.concat([body, body]);
    assert.equal((await issue(agent, coding, bad)).status, 403, coding);
    assert.equal(world.received.length, seen);
  }
});

test('a bomb costs little memory, is opaque to the policy, and others keep working', {
  skip: process.platform === 'linux' ? false : 'memory is read from /proc',
}, async () => {
  const small = await bomb(createGzip(), 100);
  const bombs = {
    gzip: await bomb(createGzip(), 10),
    br: await bomb(createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }), 1024),
    zstd: zstdBomb(1024),
    'gzip, gzip': gzipSync(small),
  };
  // What the first requests need is not what a bomb costs.
  for (let i = 0; i < 3; i++) await post(agent, 'upstream.test', '/warm', 'gzip', gzipSync(zeros));
  peak();
  const before = peak();
  // The gateway's share of the memory ends before so many bombs do: that is an answer too.
  const storm = Object.entries(bombs).flatMap(([coding, body]) =>
    Array.from({ length: 4 }, async () => {
      assert.ok([403, 503].includes((await issue(agent, coding, body)).status), coding);
      assert.ok([200, 503].includes((await post(agent, 'upstream.test', '/bomb', coding, body)).status), coding);
    }),
  );
  for (let i = 0; i < 5; i++)
    assert.equal((await issue(other, 'gzip', gzipSync('{"title":"ok"}'))).status, 200, 'the other gateway is served');
  await Promise.all(storm);
  for (const [coding, body] of Object.entries(bombs)) {
    assert.equal((await issue(agent, coding, body)).status, 403, coding);
    assert.equal((await post(agent, 'upstream.test', '/bomb', coding, body)).status, 200, coding);
  }
  const grown = peak() - before;
  assert.ok(grown < 250, `the proxy grew by ${Math.round(grown)} MiB`);
  const bodies = (await entries(world))
    .filter(({ decision, request }) => request?.path === '/bomb' && decision?.effect === 'allow')
    .map(({ request }) => (request as unknown as { body: { state: string } }).body.state);
  assert.ok(bodies.length >= Object.keys(bombs).length);
  assert.deepEqual([...new Set(bodies)], ['opaque']);
});
