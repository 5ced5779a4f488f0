/** Kinds of exchange by themselves: what they ask for, and what they make of any answer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { challengesIn } from '../../src/credentials/exchange/challenge.js';
import { type Answer, kindOf, NoToken, scopeOf } from '../../src/credentials/exchange/index.js';
import { readMembers } from '../../src/credentials/structured.js';
import type { Scheme } from '../../src/model.js';

const target = { method: 'GET', host: 'registry.example.com', port: 443, path: '/v2/acme/app/tags/list', query: '' };
const members: Readonly<Record<string, Record<string, string>>> = {
  oauth2: { client_id: 'a', token_url: 'https://auth.example.com/t', refresh_token: 'canary-0123456789' },
  registry: { username: 'a', password: 'canary-0123456789' },
  'vault:bearer': {
    ...{ address: 'https://vault.example.com', role_id: 'r', secret_id: 'canary-0123456789' },
    ...{ path: 'secret/data/app', field: 'key' },
  },
};

test('whatever a server answers, an exchange ends with something that can be sent or with a sentence without a secret', () => {
  const json = fc.jsonValue().map(value => Buffer.from(JSON.stringify(value)));
  const named = fc
    .dictionary(
      fc.constantFrom('access_token', 'token', 'token_type', 'expires_in', 'refresh_token', 'auth', 'data', 'lease_id'),
      fc.oneof(fc.jsonValue(), fc.constant('bearer'), fc.constant({ client_token: 't', key: 'v' })),
    )
    .map(value => Buffer.from(JSON.stringify(value)));
  const answer: fc.Arbitrary<Answer> = fc.record({
    status: fc.oneof(fc.constant(200), fc.constant(401), fc.integer({ min: 200, max: 599 })),
    fields: fc.oneof(
      fc.constant([]),
      fc.string().map(text => [['www-authenticate', text] as const]),
      fc.constant([['WWW-Authenticate', 'Bearer realm="https://auth.example.com/t",service=x'] as const]),
    ),
    body: fc.oneof(named, json, fc.uint8Array(), fc.constant(null)),
  });
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.keys(members)),
      fc.array(answer, { minLength: 8, maxLength: 8 }),
      (scheme, all) => {
        const steps = kindOf(scheme as Scheme)!(members[scheme]!, { scheme: scheme as Scheme, now: 0, target });
        const answers = all.values();
        try {
          let step = steps.next();
          while (step.done !== true) {
            assert.equal(new URL(step.value.url).protocol, 'https:');
            step = steps.next(answers.next().value!);
          }
          const { value, seconds } = step.value;
          assert.ok(value.length > 0 && !value.some(byte => byte < 0x21 || byte > 0x7e));
          assert.ok(seconds > 0 && Number.isFinite(seconds));
        } catch (error) {
          assert.ok(error instanceof NoToken, String(error));
          assert.doesNotMatch(error.message, /canary/);
        }
      },
    ),
  );
});

test('challenges are read as they are written: several in one field, quoted or not, in any case', () => {
  const read = (text: string) =>
    challengesIn([['WWW-Authenticate', text]]).map(({ scheme, parameters }) => [scheme, { ...parameters }]);
  assert.deepEqual(read('Bearer realm="https://a/t",service="s",scope="repository:x:pull,push"'), [
    ['bearer', { realm: 'https://a/t', service: 's', scope: 'repository:x:pull,push' }],
  ]);
  assert.deepEqual(read('Basic realm="a, Bearer realm=b \\"c\\"", BEARER Realm = d'), [
    ['basic', { realm: 'a, Bearer realm=b "c"' }],
    ['bearer', { realm: 'd' }],
  ]);
  assert.deepEqual(read(''), []);
});

test('requests that need the same right at a registry share a scope, and others do not', () => {
  const scope = (method: string, path: string, query = ''): string =>
    scopeOf('registry', { ...target, method, path, query });
  assert.deepEqual(
    [
      scope('GET', '/v2/acme/app/manifests/latest'),
      scope('HEAD', '/v2/acme/app/blobs/sha256:00'),
      scope('POST', '/v2/acme/app/blobs/uploads/'),
      scope('PATCH', '/v2/acme/app/blobs/uploads/1'),
      scope('POST', '/v2/acme/app/blobs/uploads/', 'mount=sha256:00&from=acme/base'),
      scope('DELETE', '/v2/acme/app/manifests/sha256:00'),
      scope('GET', '/v2/a/blobs/uploads/blobs/uploads/1'),
      scope('GET', '/v2/_catalog'),
      scope('GET', '/v2/'),
      scope('GET', '/elsewhere'),
    ],
    [
      'repository:acme/app:pull',
      'repository:acme/app:pull',
      'repository:acme/app:pull,push',
      'repository:acme/app:pull,push',
      'repository:acme/app:pull,push repository:acme/base:pull',
      'repository:acme/app:delete',
      'repository:a/blobs/uploads:pull',
      'registry:catalog:*',
      '',
      '',
    ],
  );
});

test('a secret is sent to no address but an https one, without a user in it', () => {
  const read = (address: unknown) =>
    readMembers('oauth2', Buffer.from(JSON.stringify({ client_id: 'a', token_url: address })));
  assert.equal(typeof read('https://auth.example.com/t'), 'object');
  for (const bad of ['http://auth.example.com', 'auth.example.com', 'https://u:p@auth.example.com', 'file:///etc'])
    assert.equal(read(bad), 'the member token_url is not an https URL');
});
