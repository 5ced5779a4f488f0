/** Kinds of exchange by themselves: what they ask for, and what they make of any answer. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
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
    readMembers('oauth2', Buffer.from(JSON.stringify({ client_id: 'a', client_secret: 'b', token_url: address })));
  assert.equal(typeof read('https://auth.example.com/t'), 'object');
  for (const bad of ['http://auth.example.com', 'auth.example.com', 'https://u:p@auth.example.com', 'file:///etc'])
    assert.equal(read(bad), 'the member token_url is not an https URL');
});

/** What an exchange says when its first answers are these. */
function refusal(scheme: Scheme, ...answers: (readonly [status: number, document?: object])[]): NoToken {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const private_key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const own = {
    'github-app': { app_id: '1', installation_id: '2', private_key },
    google: { client_email: 'robot@p.iam.gserviceaccount.com', private_key },
  };
  const secret = members[scheme] ?? own[scheme as keyof typeof own];
  const steps = kindOf(scheme)!(secret, { scheme, now: 0, target });
  const fields = [['www-authenticate', 'Bearer realm="https://registry.example.com/t"']] as const;
  const body = (document: object): Buffer => Buffer.from(JSON.stringify(document));
  try {
    let step = steps.next();
    for (const [status, document = {}] of answers) step = steps.next({ status, fields, body: body(document) });
    while (step.done !== true) step = steps.next({ status: 0, fields: [], body: null });
  } catch (error) {
    if (error instanceof NoToken) return error;
    throw error;
  }
  assert.fail('It is taken for a token.');
}

test('whoever has to do something about a refusal is told what, and is not sent to do something else', () => {
  const says = (scheme: Scheme, sentence: RegExp, next: RegExp, ...answers: (readonly [number, object?])[]): void => {
    const told = refusal(scheme, ...answers);
    assert.match(told.message, sentence);
    assert.match(told.next ?? '', next);
  };
  says('oauth2', /client_id and client_secret \(invalid_client\)/, /tf secret rotate/, [
    401,
    { error: 'invalid_client' },
  ]);
  says('oauth2', /refresh token/, /Authorise again/, [400, { error: 'invalid_grant' }]);
  // GitHub and Slack say so with status 200.
  says('oauth2', /refresh token/, /Authorise again/, [200, { error: 'bad_refresh_token' }]);
  says('oauth2', /refresh token/, /Authorise again/, [200, { ok: false, error: 'invalid_refresh_token' }]);
  says('google', /signature of the account, or its time/, /clock/, [400, { error: 'invalid_grant' }]);
  says('google', /act for the subject/, /administrator/, [401, { error: 'unauthorized_client' }]);
  says('github-app', /signature of the app, or its time \(status 401\)/, /clock/, [
    401,
    { message: 'Bad credentials' },
  ]);
  says('github-app', /no such installation/, /removed/, [404]);
  says('github-app', /does not let the app/, /suspended/, [403]);
  says('registry', /username and password/, /rotate/, [401], [401]);
  says('vault:bearer', /role_id and secret_id/, /rotate/, [400]);
  says('vault:bearer', /sealed/, /unseal/, [503]);
  says('vault:bearer', /read that path/, /policy/, [200, { auth: { client_token: 't' } }], [403]);
  says('vault:bearer', /nothing at that path/, /mount/, [200, { auth: { client_token: 't' } }], [404]);
});

test('a registry sends us to no address that is only like its own, and a path asks for no more than it names', () => {
  const asked = (host: string, realm: string): string => {
    const steps = kindOf('registry')!(members.registry!, { scheme: 'registry', now: 0, target: { ...target, host } });
    steps.next();
    const fields = [['www-authenticate', `Bearer realm="${realm}"`]] as const;
    try {
      const step = steps.next({ status: 401, fields, body: null });
      return step.done === true ? '' : new URL(step.value.url).host;
    } catch (error) {
      assert.ok(error instanceof NoToken, String(error));
      return 'none';
    }
  };
  assert.equal(asked('registry.example.com', 'https://auth.example.com/t'), 'auth.example.com');
  assert.equal(asked('10.0.0.5', 'https://10.0.0.5/t'), '10.0.0.5');
  assert.equal(asked('fd00::5', 'https://[fd00::5]:8443/t'), '[fd00::5]:8443');
  for (const [host, realm] of [
    ['10.0.0.5', 'https://99.0.0.5/t'],
    ['registry.com', 'https://evil.com/t'],
    ['registry.example.com', 'https://registry.example.com.evil.test/t'],
    ['registry.example.com', 'https://registry.example.com@evil.test/t'],
    ['registry.example.com', 'https://u:p@auth.example.com/t'],
    ['registry.example.com', 'https://evilexample.com/t'],
    ['registry.example.com', 'http://auth.example.com/t'],
    ['registry.example.com', '//auth.example.com/t'],
    ['registry.example.com', 'https:///\\\\auth.example.com@evil.test'],
  ] as const)
    assert.equal(asked(host, realm), 'none', realm);
  for (const name of ['other:push,delete', 'a%3Apush', 'a%20repository:b', 'A'])
    assert.equal(scopeOf('registry', { ...target, path: `/v2/${name}/manifests/1` }), '', name);
});
