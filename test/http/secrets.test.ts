/** Values of the vault in answers: of whichever secret, in whichever form, coding and pieces, none reaches the agent. */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { after, before, test } from 'node:test';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { entries } from '../faults/ledger.js';
import { openWorld, type Received, type World } from '../world.js';
import { type Agent, send, startAgent } from './agent.js';

/** Characters that each notation writes in its own way. */
const values = {
  injected: 'sk-injected/+~"<&>0123456789abcdef',
  elsewhere: 'sk-elsewhere/+~"<&>0123456789abcdef',
  theirs: 'sk-theirs/+~"<&>0123456789abcdef',
};

const notations: Readonly<Record<string, (text: string) => string>> = {
  raw: text => text,
  base64: text => Buffer.from(`x${text}y`).toString('base64'),
  base64url: text => Buffer.from(`xy${text}z`).toString('base64url'),
  hex: text => Buffer.from(text).toString('hex'),
  'upper hex': text => Buffer.from(text).toString('hex').toUpperCase(),
  percent: encodeURIComponent,
  json: text => JSON.stringify(text),
  'json for HTML': text => JSON.stringify(text).replace(/[<>&]/g, c => `\\u00${c.charCodeAt(0).toString(16)}`),
};

/** A zstd frame of one raw block (RFC 8878 §3.1.1): Node 20 can't make any. */
function zstd(content: Buffer): Buffer {
  const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x60, 0, 0, 0, 0, 0]);
  head.writeUInt16LE(content.length - 256, 5);
  head.writeUIntLE((content.length << 3) | 1, 7, 3);
  return Buffer.concat([head, content]);
}

const codings: Readonly<Record<string, (content: Buffer) => Buffer>> = {
  gzip: gzipSync,
  'x-gzip': gzipSync,
  br: brotliCompressSync,
  deflate: deflateSync,
  Deflate: deflateRawSync,
  zstd,
  'gzip, br': content => brotliCompressSync(gzipSync(content)),
};

/** Everything in every notation, and text around it. */
const wordy = (name: keyof typeof values): string =>
  Object.values(notations)
    .map(write => `before ${write(values[name])} after`)
    .join('\n');

let world: World;
let agent: Agent;
let other: Agent;

function answer({ target }: Received, response: ServerResponse): void {
  const asked = new URL(target, 'https://x').searchParams;
  const text = `${wordy(asked.get('of') as keyof typeof values)}\nthe end\n`;
  const way = asked.get('way') ?? '';
  const undo = codings[way];
  if (undo !== undefined) response.writeHead(200, { 'content-encoding': way }).end(undo(Buffer.from(text)));
  else if (way === 'event') {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const lines = text.split('\n').map(line => `data: ${line}\n\n`);
    const bytes = Buffer.from(lines.join(''));
    const next = (at: number): void => {
      if (at >= bytes.length) return void response.end();
      response.write(bytes.subarray(at, at + 7), () => setImmediate(next, at + 7));
    };
    next(0);
  } else if (way === 'head') {
    const fields = Object.entries(notations).map(([name, write]) => [
      `X-${name.replaceAll(' ', '-')}`,
      write(values[asked.get('of') as keyof typeof values]),
    ]);
    response.writeHead(200, fields.flat() as unknown as string[]).end('the end');
  } else response.writeHead(200).end(text);
}

before(async () => {
  world = await openWorld({ hosts: ['upstream.test', 'plain.test', 'another.test'], answer });
  for (const gateway of ['agent', 'other']) {
    await world.ok(['gateway', 'create', gateway]);
    await world.ok(['permissions', 'set', '--gateway', gateway, '--action', 'http.get', '--effect', 'allow']);
  }
  for (const [name, host, gateway] of [
    ['injected', 'upstream.test', 'agent'],
    ['elsewhere', 'another.test', 'agent'],
    ['theirs', 'upstream.test', 'other'],
  ] as const)
    await world.ok(['secret', 'set', name, '--host', host, '--scheme', 'header:X-Key', '--gateway', gateway], {
      input: values[name],
    });
  agent = await startAgent(world, 'agent');
  other = await startAgent(world, 'other');
});
after(async () => {
  await agent?.end();
  await other?.end();
  await world.close();
});

/** What came back, without the framing of chunks. */
async function ask(who: Agent, host: string, of: string, way: string): Promise<string> {
  const target = `/?of=${of}&way=${encodeURIComponent(way)}`;
  const { status, head, body } = await send(
    who,
    `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nAccept-Encoding: gzip, compress, zstd;q=0.5\r\nConnection: close\r\n\r\n`,
    { connect: `${host}:443` },
  );
  assert.equal(status, 200, body);
  const chunked = /transfer-encoding: chunked/i.test(head);
  return `${head}\n\n${chunked ? body.replace(/(^|\r\n)[0-9a-f]+\r\n/gi, '') : body}`;
}

/** Notations in which the value, or what of it doesn't depend on what stands around it, is there. */
const shown = (text: string, of: keyof typeof values): string[] =>
  Object.entries(notations)
    .filter(([, write]) => text.includes(write(values[of]).slice(3, -4)))
    .map(([name]) => name);

const ways = ['', 'head', 'event', ...Object.keys(codings)];

for (const way of ways) {
  test(`a value of the vault is masked in ${way === '' ? 'a body' : `an answer by ${way}`}, sent along or not`, async () => {
    for (const [host, of] of [
      ['upstream.test', 'injected'],
      ['upstream.test', 'elsewhere'],
      ['plain.test', 'injected'],
      ['plain.test', 'elsewhere'],
    ] as const) {
      const text = await ask(agent, host, of, way);
      assert.deepEqual(shown(text, of), [], `${of} at ${host}`);
      assert.match(text, /the end/);
      if (way !== 'head')
        assert.equal(text.match(/before .*\*\*\*.* after/g)?.length, Object.keys(notations).length, text);
    }
    const seen = world.received.slice(-4).map(({ headers }) => headers['x-key']);
    assert.deepEqual(seen, [values.injected, values.injected, undefined, undefined]);
  });
}

test('what a gateway may not use is not looked for in its answers', async () => {
  for (const way of ['', 'gzip']) {
    const names = Object.keys(notations);
    assert.deepEqual(shown(await ask(agent, 'plain.test', 'theirs', way), 'theirs'), names);
    assert.deepEqual(shown(await ask(other, 'plain.test', 'theirs', way), 'theirs'), []);
    assert.deepEqual(shown(await ask(other, 'plain.test', 'injected', way), 'injected'), names);
  }
});

test('only codings that can be undone are asked for', async () => {
  await ask(agent, 'plain.test', 'theirs', '');
  assert.equal(world.received.at(-1)?.headers['accept-encoding'], 'gzip, zstd;q=0.5');
});

test('a lease is recorded once for the run, and each request says which credential it had', async () => {
  const all = await entries(world);
  const own = all.filter(({ run }) => run === agent.env.TF_RUN);
  const leased = own.filter(({ type }) => type === 'credential.leased');
  const completed = own.filter(({ type, credential }) => type === 'action.completed' && credential === 'injected@1');
  assert.ok(completed.length >= 2 * ways.length);
  // A minute each: there may be a second one on a slow machine.
  assert.ok(leased.length >= 1 && leased.length <= 3, String(leased.length));
  for (const { expires_at, time, decided } of leased) {
    assert.ok(Date.parse(String(expires_at)) - Date.parse(String(time)) <= 60_000);
    assert.ok(own.some(({ type, id }) => type === 'action.decided' && id === decided));
  }
  const decided = new Set(all.filter(({ decision }) => decision?.effect === 'allow').map(({ id }) => id));
  assert.ok(
    completed.every(entry => decided.delete(String(entry.decided))),
    'each under a decision of its own',
  );
});

test('a rotated value is masked in the next answer, and the new one goes out', async () => {
  const old = values.injected;
  values.injected = 'sk-rotated/+~"<&>0123456789abcdef';
  await world.ok(['secret', 'rotate', 'injected'], { input: values.injected });
  assert.deepEqual(shown(await ask(agent, 'upstream.test', 'injected', ''), 'injected'), []);
  assert.equal(world.received.at(-1)?.headers['x-key'], values.injected);
  assert.notEqual(old, values.injected);
  const leased = (await entries(world)).findLast(({ type }) => type === 'credential.leased');
  assert.match(JSON.stringify(leased), /"name":"injected",.*"version":2/);
});
