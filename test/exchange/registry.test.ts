/** The token dance of container registries: a stand-in registry and token server, and skopeo as it comes. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Received } from '../world.js';
import { basicOf, openPlace, type Place, problem } from './place.js';

let place: Place;
const password = 'registry-password-0123456789';
const sha256 = (data: Buffer): string => `sha256:${createHash('sha256').update(data).digest('hex')}`;
const blobs = new Map<string, Buffer>();
const manifests = new Map<string, { readonly type: string; readonly data: Buffer }>();
const given = new Map<string, readonly string[]>();
/** What the realm of the 401 is. */
let realm = 'https://auth.example.com/token';

const keep = (data: Buffer): { digest: string; size: number } => {
  blobs.set(sha256(data), data);
  return { digest: sha256(data), size: data.length };
};

/** An image with one empty layer (an empty archive). */
function image(): void {
  const layer = Buffer.alloc(1024);
  const config = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [sha256(layer)] } };
  const type = 'application/vnd.oci.image.manifest.v1+json';
  const data = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: type,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...keep(Buffer.from(JSON.stringify(config))) },
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', ...keep(layer) }],
    }),
  );
  for (const name of ['latest', sha256(data)]) manifests.set(`acme/app/${name}`, { type, data });
}

function tokens({ target, headers }: Received, response: ServerResponse): void {
  const asked = new URL(target, 'https://auth.example.com').searchParams;
  if (basicOf(headers.authorization) !== `robot:${password}`) return void response.writeHead(401).end(password);
  assert.equal(asked.get('service'), 'registry.example.com');
  const token = `registry-token-${given.size}-0123456789`;
  given.set(token, asked.getAll('scope'));
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ token, expires_in: 300 }));
}

function registry(request: Received, response: ServerResponse): void {
  const { method, target, headers } = request;
  const { pathname, searchParams } = new URL(target, 'https://registry.example.com');
  const [, name, kind = '', rest = ''] = /^\/v2\/(.+?)\/(manifests|blobs|tags)\/(.*)$/.exec(pathname) ?? [];
  const needs = ['GET', 'HEAD'].includes(method) ? ['pull'] : method === 'DELETE' ? ['delete'] : ['pull', 'push'];
  const scopes = given.get(/^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? '');
  const fits = scopes?.some(scope => {
    const [, of, actions = ''] = /^repository:(.+):(.+)$/.exec(scope) ?? [];
    return of === name && needs.every(action => actions.split(',').includes(action));
  });
  if (scopes === undefined || (name !== undefined && !fits)) {
    const scope = name === undefined ? '' : `,scope="repository:${name}:${needs.join(',')}"`;
    response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}",service="registry.example.com"${scope}` });
    return void response.end();
  }
  const send = (status: number, fields: Record<string, string> = {}, data: Uint8Array = Buffer.alloc(0)): void => {
    response.writeHead(status, fields);
    response.end(method === 'HEAD' ? undefined : data);
  };
  if (kind === 'manifests' && method === 'PUT') {
    for (const key of [rest, sha256(request.body)])
      manifests.set(`${name}/${key}`, { type: String(headers['content-type']), data: request.body });
    return send(201, { 'docker-content-digest': sha256(request.body) });
  }
  if (kind === 'manifests') {
    const found = manifests.get(`${name}/${rest}`);
    if (found === undefined) return send(404);
    const { type, data } = found;
    return send(
      200,
      { 'content-type': type, 'docker-content-digest': sha256(data), 'content-length': `${data.length}` },
      data,
    );
  }
  if (kind === 'blobs' && method === 'POST') return send(202, { location: `/v2/${name}/blobs/uploads/1` });
  if (kind === 'blobs' && method === 'PATCH') {
    keep(request.body);
    return send(202, { location: `/v2/${name}/blobs/uploads/1`, range: `0-${request.body.length - 1}` });
  }
  if (kind === 'blobs' && method === 'PUT') {
    if (request.body.length > 0) keep(request.body);
    return send(201, { 'docker-content-digest': searchParams.get('digest') ?? '' });
  }
  if (kind === 'blobs') {
    const data = blobs.get(rest);
    return data === undefined ? send(404) : send(200, { 'content-length': String(data.length) }, data);
  }
  if (kind === 'tags')
    return send(200, { 'content-type': 'application/json' }, Buffer.from('{"name":"acme/app","tags":["latest"]}'));
  send(pathname === '/v2/' ? 200 : 404, { 'content-type': 'application/json' }, Buffer.from('{}'));
}

before(async () => {
  image();
  place = await openPlace(
    {
      hosts: ['registry.example.com', 'auth.example.com', 'auth.evil.test'],
      answer: (request, response) =>
        request.host === 'registry.example.com' ? registry(request, response) : tokens(request, response),
    },
    ...['http.get', 'http.head', 'http.post', 'http.put', 'http.patch'],
  );
  const robot = { username: 'robot', password };
  await place.set('registry', robot, '--scheme', 'registry', '--host', 'registry.example.com');
});
after(() => place.world.close());

const skopeo = (...args: string[]) =>
  place.world.tf(['run', '--', 'agent', 'skopeo', '--insecure-policy', '--tmpdir', place.world.dir, ...args]);

test('skopeo inspects and copies images of a registry that wants tokens, and has neither token nor password', async () => {
  const seen = await skopeo('inspect', 'docker://registry.example.com/acme/app');
  assert.equal(seen.code, 0, seen.stderr);
  assert.equal((JSON.parse(seen.stdout) as { Architecture: string }).Architecture, 'amd64');
  const from = await skopeo('copy', 'docker://registry.example.com/acme/app', `dir:${join(place.world.dir, 'image')}`);
  assert.equal(from.code, 0, from.stderr);
  const to = await skopeo(
    'copy',
    `dir:${join(place.world.dir, 'image')}`,
    'docker://registry.example.com/acme/copy:one',
  );
  assert.equal(to.code, 0, to.stderr);
  assert.ok(manifests.has('acme/copy/one'));
  const asked = new Set([...given.values()].flat());
  assert.deepEqual([...asked].sort(), [
    'repository:acme/app:pull',
    'repository:acme/copy:pull',
    'repository:acme/copy:pull,push',
  ]);
});

test('requests for one repository share a token, and what repeats it is scrubbed', async () => {
  const before = given.size;
  const printed = await place.curl('-Z', 'https://registry.example.com/v2/acme/app/manifests/[1-30]');
  assert.equal(given.size, before + 1);
  assert.ok(!printed.includes('registry-token'));
});

test('the password goes to no token server of another domain, unless the operator names it', async () => {
  realm = 'https://auth.evil.test/token';
  await place.world.ok(['secret', 'rotate', 'registry'], { input: JSON.stringify({ username: 'robot', password }) });
  const answer = await place.ask('https://registry.example.com/v2/acme/app/tags/list');
  assert.equal(answer.status, 502);
  assert.match(problem(answer).detail, /a token server that is not of its own domain/);
  assert.equal(place.at('auth.evil.test').length, 0);
  const named = { username: 'robot', password, token_url: 'https://auth.example.com/token' };
  await place.world.ok(['secret', 'rotate', 'registry'], { input: JSON.stringify(named) });
  assert.equal((await place.ask('https://registry.example.com/v2/acme/app/tags/list')).status, 200);
});

test('a password that the token server refuses is a sentence', async () => {
  const input = JSON.stringify({
    username: 'robot',
    password: 'wrong-0123456789',
    token_url: 'https://auth.example.com/',
  });
  await place.world.ok(['secret', 'rotate', 'registry'], { input });
  const answer = await place.ask('https://registry.example.com/v2/acme/app/tags/list');
  const why = 'auth.example.com does not accept username and password (status 401).';
  assert.equal(problem(answer).detail, `The secret registry can't be exchanged for a token: ${why}`);
});
