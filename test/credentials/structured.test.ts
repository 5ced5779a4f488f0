/** Structured secrets: what is taken of what people paste, what is refused with a sentence, and what is hidden in answers. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { type Call, kindOf } from '../../src/credentials/exchange/index.js';
import { NeedleSet, needles } from '../../src/credentials/index.js';
import { readMembers } from '../../src/credentials/structured.js';
import type { Scheme } from '../../src/model.js';

const pem = (type: 'rsa' | 'ec', format: 'pkcs1' | 'pkcs8' | 'sec1', bits = 2048): string => {
  const pair =
    type === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: bits })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return pair.privateKey.export({ type: format as 'pkcs8', format: 'pem' }).toString();
};
const key = pem('rsa', 'pkcs8');
const read = (scheme: string, value: unknown) =>
  readMembers(scheme, Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)));
const client = { client_id: 'a', client_secret: 'b', token_url: 'https://auth.example.com/t' };

/** The first request of an exchange. */
function firstCall(scheme: Scheme, members: object): Call {
  const target = { method: 'GET', host: 'api.example.com', port: 443, path: '/', query: '' };
  const step = kindOf(scheme)!(read(scheme, members) as Record<string, string>, {
    scheme,
    now: Date.now(),
    target,
  }).next();
  assert.ok(step.done !== true);
  return step.value;
}

test('the numbers of a GitHub App may be numbers, as its page shows them', () => {
  const members = read(
    'github-app',
    `{"app_id": 12345, "installation_id": 67890, "private_key": ${JSON.stringify(key)}}`,
  );
  assert.ok(typeof members === 'object');
  assert.deepEqual([members.app_id, members.installation_id], ['12345', '67890']);
  const odd = `{"app_id": 1e30, "installation_id": 1.5, "private_key": ${JSON.stringify(key)}}`;
  assert.equal(read('github-app', odd), 'the object has no app_id, no installation_id, as text');
});

test('a private key is taken as files and environments have it, and what is none is told when it is stored', () => {
  const app = (private_key: string) => read('github-app', { app_id: '1', installation_id: '2', private_key });
  const good = [
    key,
    pem('rsa', 'pkcs1'),
    key.trim(),
    key.replaceAll('\n', '\r\n'),
    key.replaceAll('\n', '\\n'),
    `\n${key}`,
  ];
  for (const taken of good) {
    assert.ok(typeof app(taken) === 'object', taken.slice(0, 40));
    assert.equal(firstCall('github-app', { app_id: '1', installation_id: '2', private_key: taken }).step, 'token');
  }
  for (const bad of [
    pem('ec', 'sec1'),
    pem('rsa', 'pkcs1', 1024),
    key.slice(0, 400),
    'canary',
    key.replaceAll('PRIVATE', 'PUBLIC'),
  ]) {
    assert.equal(
      app(bad),
      'the member private_key is not an RSA key of 2048 bits or more in PEM, without a passphrase',
    );
  }
});

test('what can only fail when it is used is refused when it is stored', () => {
  assert.ok(typeof read('oauth2', { ...client, scopes: ['a', 'b'], audience: ['c'] }) === 'object');
  const { client_secret: _, ...bare } = client;
  assert.equal(read('oauth2', bare), 'the object has neither a refresh_token nor a client_secret');
  assert.equal(read('oauth2', { ...client, client_auth: 'body' }), 'the member client_auth is neither basic nor post');
  const app = { app_id: '1', installation_id: 'acme', private_key: key };
  assert.equal(read('github-app', app), 'the member installation_id is not a number');
  const broken = 'holds a line break or NUL (was it pasted with a newline?)';
  assert.equal(read('registry', { username: 'a', password: 'b\n' }), `the member password ${broken}`);
  assert.equal(read('registry', { username: 'a:b', password: 'c' }), 'the member username holds a colon');
  assert.equal(read('oauth2', { ...client, client_secret: ['b'] }), 'the member client_secret is not text');
  const keys = { access_key_id: 'AKIA…', secret_access_key: 'abc' };
  assert.equal(read('sigv4', keys), 'the member access_key_id is no such id');
  assert.equal(
    read('oauth2', { ...client, client_secret: '…' }),
    'the member client_secret is the … that stands for it in an example',
  );
  assert.equal(read('oauth2', { ...client, scopes: [1] }), 'the member scopes is neither text nor a list of texts');
});

test('a byte order mark and a line break are no part of a secret, and an odd name is no member', () => {
  assert.ok(typeof read('oauth2', `\ufeff${JSON.stringify(client)}\n`) === 'object', 'a byte order mark');
  for (const name of ['__proto__', 'constructor', 'toString', 'Client_Secret'])
    assert.equal(
      read(
        'oauth2',
        `{"client_id":"a","token_url":"https://a.example/","client_secret":"b",${JSON.stringify(name)}:"c"}`,
      ),
      `the object has a member ${JSON.stringify(name)}, which oauth2 does not know`,
    );
});

test('of a private key every line is hidden in answers, however they are broken', () => {
  const value = Buffer.from(JSON.stringify({ app_id: '1', installation_id: '2', private_key: key }));
  const set = new NeedleSet(needles(value, 'github-app'));
  const lines = key.split('\n').filter(line => line.length === 64);
  assert.ok(lines.length > 20);
  for (const line of lines)
    for (const shown of [
      line,
      `    ${line}\r\n`,
      JSON.stringify(line),
      encodeURIComponent(line),
      Buffer.from(` ${line}\n`).toString('base64'),
    ])
      assert.ok(set.foundIn(Buffer.from(`… ${shown} …`)), shown);
  for (const harmless of ['-----BEGIN PRIVATE KEY-----', '-----END PRIVATE KEY-----', '\n', '"app_id":"1"'])
    assert.ok(!set.foundIn(Buffer.from(harmless)), harmless);
});

test('a gateway may have fifteen apps with long keys', () => {
  const long = Buffer.from(
    JSON.stringify({ app_id: '1', installation_id: '2', private_key: pem('rsa', 'pkcs8', 4096) }),
  );
  const bytes = needles(long, 'github-app').reduce((sum, { length }) => sum + length, 0);
  assert.ok(bytes * 15 <= 2 << 20, `${bytes} bytes of needles`);
});
