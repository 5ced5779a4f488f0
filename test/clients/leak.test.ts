/** A secret is looked for in everything that an agent can see, and in everything that is written down. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { filesBelow, type Received, type World } from '../world.js';
import { agent, behind, gateway, has, openPlace } from './place.js';

// Characters that every notation writes differently.
const canary = 'ghs_canary/+~"\\<&>0123456789abcdef';
let world: World;

/** Ways to write a text down; each is searched for, and each is what the stand-in sends back. */
function notations(text: string): string[] {
  const bytes = Buffer.from(text);
  const hex = bytes.toString('hex');
  const json = JSON.stringify(text).slice(1, -1);
  return [
    text,
    bytes.toString('base64'),
    bytes.toString('base64url'),
    hex,
    hex.toUpperCase(),
    encodeURIComponent(text),
    hex.replace(/../g, '%$&'),
    hex.toUpperCase().replace(/../g, '%$&'),
    json,
    json.replaceAll('/', '\\/'),
    json.replace(/[<>&]/g, c => `\\u00${c.charCodeAt(0).toString(16)}`),
  ];
}

/** What of the secret is in there. Of base64 the part that is the same whatever stands in front of it. */
function found(where: string): string[] {
  const inner = [0, 1, 2].map(offset => {
    const all = Buffer.from(' '.repeat(offset) + canary).toString('base64');
    return all.slice(4, Math.floor(((offset + canary.length) * 8) / 6));
  });
  const looked = [
    ...notations(canary).filter(form => !/=$/.test(form)),
    ...inner,
    ...inner.map(form => form.replaceAll('+', '-').replaceAll('/', '_')),
  ];
  return looked.filter(form => where.includes(form));
}

function echo({ headers, target }: Received, response: ServerResponse): void {
  const credentials = headers.authorization ?? 'nothing';
  const key = credentials.replace(/^Bearer /, '');
  const body = Buffer.from([credentials, ...notations(key), ...notations(credentials), 'the end'].join('\n'));
  const way = new URL(target, 'https://x').searchParams.get('way') ?? '';
  const fields = {
    'content-type': 'text/plain',
    'x-echo': credentials,
    'x-echo-base64': Buffer.from(key).toString('base64'),
  };
  const bytes = (all: Buffer): void => {
    for (const byte of all) response.write(Buffer.of(byte));
    response.end();
  };
  if (way === 'gzip') response.writeHead(200, { ...fields, 'content-encoding': 'gzip' }).end(gzipSync(body));
  else if (way === 'br') response.writeHead(200, { ...fields, 'content-encoding': 'br' }).end(brotliCompressSync(body));
  else if (way === 'deflate')
    response.writeHead(200, { ...fields, 'content-encoding': 'deflate' }).end(deflateSync(body));
  else if (way === 'bytes') bytes(response.writeHead(200, fields) && body);
  else if (way === 'gzip-bytes')
    bytes(response.writeHead(200, { ...fields, 'content-encoding': 'gzip' }) && gzipSync(body));
  else if (way === 'trailing') {
    response.writeHead(200, { ...fields, trailer: 'X-Late' });
    response.addTrailers({ 'X-Late': credentials });
    response.end('the end');
  } else response.writeHead(200, { ...fields, 'content-length': body.length }).end(body);
}

before(async () => {
  world = await openPlace([{ place: ['--connector', 'github'], secret: canary, allow: ['github.issue.*'] }], {
    answer: echo,
  });
});
after(() => world.close());

test('the search finds the secret in each of its notations', () => {
  for (const form of notations(canary)) assert.ok(found(`before ${form} after`).length > 0, form);
  assert.deepEqual(found('ghs_another'), []);
});

test('an agent that looks everywhere, at an upstream that sends its credential back in every way, finds nothing', async t => {
  if (!has(t, 'ps', '-ef')) return;
  writeFileSync(join(world.dir, 'notes.txt'), 'what agents may read\n');
  const seen = world.received.length;
  const { code, stdout, stderr } = await behind(world, agent('curious'), { GITHUB_TOKEN: canary, A_COPY: canary });
  assert.equal(code, 0, stderr);
  const arrived = world.received.slice(seen);
  assert.equal(arrived.length, 7, 'every request was sent');
  assert.ok(
    arrived.every(({ headers }) => headers.authorization === `Bearer ${canary}`),
    'with the secret',
  );
  for (const way of ['whole', 'gzip', 'br', 'deflate', 'bytes', 'gzip-bytes', 'trailing'])
    assert.match(stdout, new RegExp(`^${way}: 200$`, 'm'));
  assert.equal(stdout.match(/^the end$/gm)?.length, 7, 'every answer came whole');
  assert.deepEqual(found(stdout), []);
  assert.deepEqual(found(stderr), []);
});

test('the secret is in no file of TF_HOME, and in no entry of the log', async () => {
  const entries = await world.ok(['logs', '--json', '--all']);
  assert.match(entries, /"credential\.leased"/);
  assert.match(entries, /"scrubbed":[1-9]/);
  assert.deepEqual(found(entries), []);
  const files = filesBelow(world.home);
  assert.ok(
    files.some(({ path }) => path.endsWith('vault.db')) && files.some(({ path }) => path.endsWith('ledger.db')),
  );
  for (const { path, content } of files) assert.deepEqual(found(content.toString('latin1')), [], path);
});

test('while a secret is stored, no process shows it', async t => {
  if (!has(t, 'ps', '-ef')) return;
  const storing = world.start([
    'secret',
    'set',
    'another',
    '--host',
    'upstream.test',
    '--scheme',
    'bearer',
    '--gateway',
    gateway,
  ]);
  storing.stdin!.write(canary);
  // Half of its work is done while the end of the value is awaited, the other half while this is repeated.
  const listings: string[] = [];
  for (let i = 0; i < 3; i++)
    listings.push(
      execFileSync('ps', ['-efww'], { encoding: 'latin1' }),
      execFileSync('ps', ['axeww'], { encoding: 'latin1' }),
    );
  storing.stdin!.end('\n');
  const ended = once(storing, 'exit');
  listings.push(execFileSync('ps', ['axeww'], { encoding: 'latin1' }));
  assert.deepEqual((await ended)[0], 0);
  assert.ok(
    listings.some(listing => listing.includes('secret set another')),
    'it was there to be seen',
  );
  assert.deepEqual(found(listings.join('\n')), []);
});

test('neither the help, the list, nor a rotation shows a value', async () => {
  const outputs = [
    await world.tf(['secret', 'list', '--json']),
    await world.tf(['secret', 'list']),
    await world.tf(['secret', 'rotate', 'secret-0'], { input: canary }),
    await world.tf(['secret', 'set', 'broken', '--host', 'not a host', '--scheme', 'bearer'], { input: canary }),
    await world.tf(['secret', 'set', 'broken', canary], { input: canary }),
  ];
  for (const { stdout, stderr } of outputs.slice(0, 4)) assert.deepEqual(found(stdout + stderr), []);
  assert.notEqual(outputs[4]!.code, 0, 'a value on the command line is not taken');
});
