/** HTTP/2 from clients: every stream is a request like any other. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerHttp2Stream } from 'node:http2';
import type { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { entries } from '../faults/ledger.js';
import { runProgram } from '../world.js';
import { ask, echo, openSession, openStand, replyOf, type Stand, tunnelPort } from './stand.js';

let stand: Stand;
let events: ServerHttp2Stream | null = null;
/** Bytes that the upstream of `/flood` has got rid of. */
let flooded = 0;

before(async () => {
  stand = await openStand((stream, headers, flags) => {
    const path = headers[':path'];
    if (path === '/events') {
      events = stream;
      stream.respond({ ':status': 200, 'content-type': 'text/event-stream' });
    } else if (path === '/hold') stream.resume();
    else if (path === '/nothing') stream.respond({ ':status': 204 }, { endStream: true });
    else if (path === '/hint') {
      stream.additionalHeaders({ ':status': 103, link: '</a>' });
      echo(stream, headers, flags);
    } else if (path === '/cut') {
      stream.respond({ ':status': 200 });
      stream.write('half');
      setImmediate(() => stream.destroy(new Error('cut')));
    } else if (path === '/cut-quietly') {
      stream.respond({ ':status': 200 });
      stream.write('half', () => stream.session?.destroy());
    } else if (path === '/flood') {
      stream.resume();
      stream.respond({ ':status': 200 });
      flooded = 0;
      const block = Buffer.alloc(64 << 10, 'z');
      const more = (left: number): void => {
        if (left === 0) stream.end();
        else
          stream.write(block, () => {
            flooded += block.length;
            more(left - 1);
          });
      };
      more(512);
    } else if (path === '/twice') {
      stream.respond({ ':status': 200, 'set-cookie': ['a=1', 'b=2'], 'x-a': ['1', '2'], 'alt-svc': 'h3=":443"' });
      stream.end('ok');
    } else echo(stream, headers, flags);
  });
});
after(() => stand?.close());

const closed = (stream: Readable): Promise<unknown> => new Promise(resolve => stream.once('close', resolve));
const seen = (body: string): { headers: Record<string, string>; length: number } => JSON.parse(body);

test('curl speaks HTTP/2 through a run, and the entry is one of any request', async () => {
  const { world } = stand;
  const text = await world.ok([
    'run',
    '--name',
    'agent',
    '--',
    'curl',
    '-sS',
    '--http2',
    '-d',
    'hello',
    '-w',
    '%{http_version}',
    'https://two.test/x?y=1',
  ]);
  assert.match(text, /\}2$/);
  assert.equal(seen(text.slice(0, -1)).length, 5);
  const decided = (await entries(world)).findLast(({ type }) => type === 'action.decided') as unknown as {
    action: { name: string };
    request: { method: string; path: string; body: { state: string; bytes: number } };
  };
  assert.equal(decided.action.name, 'http.post');
  assert.equal(decided.request.body.state, 'complete');
  assert.equal(decided.request.body.bytes, 5);
});

test('many streams of one session are each judged, each recorded, and each answered', async () => {
  const session = await openSession(stand.agent);
  const before = (await entries(stand.world)).filter(({ type }) => type === 'action.decided').length;
  const replies = await Promise.all(
    Array.from({ length: 60 }, (_, i) =>
      ask(session, { ':path': `/many/${i}`, ':method': i % 3 === 0 ? 'DELETE' : 'GET' }),
    ),
  );
  for (const [i, { headers, body }] of replies.entries()) {
    assert.equal(headers[':status'], i % 3 === 0 ? 403 : 200);
    if (i % 3 !== 0) assert.equal(seen(body).headers[':path'], `/many/${i}`);
    assert.match(String(headers['tf-evidence-id']), /^ev_/);
  }
  assert.equal((await entries(stand.world)).filter(({ type }) => type === 'action.decided').length, before + 60);
  assert.ok(!stand.streams.some(({ headers }) => headers[':method'] === 'DELETE'));
  session.close();
});

test('another authority on the same session is refused with 421, and the session goes on', async () => {
  const session = await openSession(stand.agent);
  assert.equal((await ask(session, { ':path': '/', ':authority': 'upstream.test' })).headers[':status'], 421);
  assert.equal((await ask(session, { ':path': '/', ':authority': 'two.test:444' })).headers[':status'], 421);
  assert.equal((await ask(session, { ':path': '/', ':authority': 'two.test' })).headers[':status'], 200);
  session.close();
});

test('what reaches the upstream is the canonical head: no crumbs of cookies, no TE, nothing for proxies', async () => {
  const session = await openSession(stand.agent);
  const { body } = await ask(session, {
    ':path': '/a?b=c',
    cookie: ['a=1', 'b=2', 'c=3'],
    te: 'trailers',
    'proxy-authorization': 'Basic eDp5',
    'x-two': ['1', '2'],
  });
  const { headers } = seen(body);
  assert.equal(headers.cookie, 'a=1; b=2; c=3');
  assert.equal(headers['x-two'], '1, 2');
  assert.equal(headers[':authority'], 'two.test');
  for (const name of ['te', 'proxy-authorization', 'host']) assert.equal(headers[name], undefined, name);
  session.close();
});

test('a client that waits for 100 gets it before it sends, and early hints stay with us', async () => {
  const session = await openSession(stand.agent);
  const stream = session.request({ ':method': 'POST', ':path': '/hint', expect: '100-continue' }, { endStream: false });
  const informed: number[] = [];
  stream.on('headers', head => informed.push(Number(head[':status'])));
  const reply = replyOf(stream);
  await once(stream, 'continue');
  stream.end('hello');
  const { headers, body } = await reply;
  assert.equal(headers[':status'], 200);
  assert.equal(seen(body).length, 5);
  assert.ok(!informed.includes(103));
  session.close();
});

test('trailers of a request go nowhere', async () => {
  const session = await openSession(stand.agent);
  const stream = session.request({ ':method': 'POST', ':path': '/t' }, { endStream: false, waitForTrailers: true });
  stream.once('wantTrailers', () => stream.sendTrailers({ 'x-late': 'a', authorization: 'b' }));
  const reply = replyOf(stream);
  stream.end('hello');
  const { headers, length } = seen((await reply).body);
  assert.equal(length, 5);
  assert.equal(headers['x-late'], undefined);
  assert.equal(headers.authorization, undefined);
  session.close();
});

test('an event stream passes event by event over HTTP/2', async () => {
  const session = await openSession(stand.agent);
  const stream = session.request({ ':path': '/events' });
  const [head] = (await once(stream, 'response')) as [Record<string, unknown>];
  assert.equal(head['content-type'], 'text/event-stream');
  for (let i = 1; i <= 5; i++) {
    const next = once(stream, 'data');
    events!.write(`data: ${i}\n\n`);
    assert.equal(String((await next)[0]), `data: ${i}\n\n`);
  }
  const over = once(stream, 'end');
  events!.end();
  await over;
  session.close();
});

test('answers without a body, and fields that occur more than once, come as they were', async () => {
  const session = await openSession(stand.agent);
  const nothing = await ask(session, { ':path': '/nothing' });
  assert.deepEqual([nothing.headers[':status'], nothing.body, nothing.reset], [204, '', 0]);
  const head = await ask(session, { ':path': '/x', ':method': 'HEAD' });
  assert.deepEqual([head.headers[':status'], head.body, head.reset], [200, '', 0]);
  const { headers } = await ask(session, { ':path': '/twice' });
  assert.deepEqual(headers['set-cookie'], ['a=1', 'b=2']);
  assert.equal(headers['x-a'], '1, 2');
  assert.equal(headers['alt-svc'], undefined);
  session.close();
});

test('an answer that breaks off is reset for the client too, never ended', async () => {
  const session = await openSession(stand.agent);
  for (const path of ['/cut', '/cut-quietly']) {
    const stream = session.request({ ':path': path });
    let ended = false;
    stream.once('end', () => {
      ended = stream.rstCode === 0;
    });
    const { reset } = await replyOf(stream);
    assert.notEqual(reset, 0, path);
    assert.equal(ended, false, path);
  }
  session.close();
});

test('a client that does not read holds the upstream back, and gets all of it when it does', async () => {
  const session = await openSession(stand.agent);
  const stream = session.request({ ':path': '/flood' });
  await once(stream, 'response');
  for (let before = -1; flooded === 0 || flooded > before; ) {
    before = flooded;
    await new Promise(resolve => setTimeout(resolve, 200));
  }
  assert.ok(flooded < 16 << 20, String(flooded));
  let length = 0;
  stream.on('data', (chunk: Buffer) => {
    length += chunk.length;
  });
  await once(stream, 'end');
  assert.equal(length, 32 << 20);
  session.close();
});

test('a long upload keeps its pace over HTTP/2, and arrives whole', async () => {
  const session = await openSession(stand.agent);
  const { body, headers } = await ask(session, { ':method': 'PUT', ':path': '/up' }, Buffer.alloc(24 << 20, 'x'));
  assert.equal(headers[':status'], 200);
  assert.equal(seen(body).length, 24 << 20);
  session.close();
});

test('nghttp and h2load get all their answers', async t => {
  // They know no proxy, so they are shown a port whose connections are tunnels; its name is that of the tunnel's end.
  const relay = await tunnelPort(stand.agent, 'localhost:443');
  t.after(() => relay.close());
  const url = `https://localhost:${relay.port}`;
  const authority = '-H:authority: localhost';
  const one = await runProgram('nghttp', ['-v', authority, `${url}/n`]);
  assert.match(one.stdout, /:status: 200/, one.stderr);
  const { stdout } = await runProgram('h2load', ['-n', '2000', '-c', '4', '-m', '50', authority, `${url}/load`]);
  assert.match(stdout, /Application protocol: h2/);
  assert.match(stdout, /2000 done, 2000 succeeded, 0 failed, 0 errored, 0 timeout/);
  assert.match(stdout, /2000 2xx, 0 3xx, 0 4xx, 0 5xx/);
});

test('a kill ends all streams on both sides, and nothing more reaches the upstream', async () => {
  const { world, agent } = stand;
  const sessions = await Promise.all([0, 1, 2, 3].map(() => openSession(agent)));
  const open = sessions.flatMap(session =>
    Array.from({ length: 50 }, () => {
      const stream = session.request(
        { ':method': 'POST', ':path': '/hold', 'content-type': 'application/grpc' },
        { endStream: false },
      );
      stream.on('error', () => {});
      stream.write('a');
      return stream;
    }),
  );
  const held = (): typeof stand.streams => stand.streams.filter(({ headers }) => headers[':path'] === '/hold');
  while (held().length < 200) await new Promise(resolve => setTimeout(resolve, 20));
  const here = Promise.all(open.map(closed));
  const there = Promise.all(held().map(({ stream }) => closed(stream)));
  const killed = JSON.parse(await world.ok(['kill', 'agent', '--json'])) as { stopped: { exchanges: number } };
  assert.equal(killed.stopped.exchanges, 200);
  await Promise.all([here, there]);
  const count = stand.streams.length;
  for (const { stream } of held()) assert.equal(stream.aborted, true);
  const session = await openSession(agent);
  const late = await ask(session, { ':path': '/late' });
  assert.deepEqual([late.headers[':status'], late.headers['tf-kill-switch']], [403, 'active']);
  assert.equal(stand.streams.length, count);
  await world.ok(['resume', 'agent']);
  assert.equal((await ask(session, { ':path': '/again' })).headers[':status'], 200);
  const stopped = (await entries(world)).filter(({ type, error }) => type === 'action.completed' && error === 'killed');
  assert.equal(stopped.length, 200);
  session.close();
});
