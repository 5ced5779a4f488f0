/** Credentials on the wire: where they go, what they replace, and where they are found again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  containsPlaceholder,
  findPlaceholder,
  inject,
  needles,
  parseScheme,
  placeholderMarker,
  stripOwn,
  valueFault,
} from '../../src/credentials/index.js';
import type { CanonicalRequest, Scheme } from '../../src/model.js';

const request = (more: Partial<CanonicalRequest> = {}): CanonicalRequest => ({
  scheme: 'https',
  host: 'api.example.com',
  port: 443,
  method: 'GET',
  path: '/v1/things',
  query: '',
  fields: [['Accept', '*/*']],
  body: { state: 'none', bytes: 0 },
  content: null,
  upgrade: null,
  ...more,
});

const lease = (scheme: Scheme, value: string): { scheme: Scheme; value: Buffer } => ({
  scheme,
  value: Buffer.from(value),
});

test('each scheme puts the secret in its place', () => {
  const put = (scheme: Scheme, value: string, user?: string): CanonicalRequest =>
    inject(request({ query: 'a=1' }), lease(scheme, value), user === undefined ? {} : { user }).request;
  assert.deepEqual(put('bearer', 'abc').fields, [
    ['Accept', '*/*'],
    ['Authorization', 'Bearer abc'],
  ]);
  assert.deepEqual(put('basic', 'Aladdin:open sesame').fields.at(-1), [
    'Authorization',
    'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==',
  ]);
  assert.deepEqual(put('basic', 'open sesame', 'Aladdin').fields.at(-1), [
    'Authorization',
    'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==',
  ]);
  assert.deepEqual(put('basic', 'Aladdin:x', 'other').fields.at(-1), ['Authorization', `Basic ${btoa('Aladdin:x')}`]);
  assert.deepEqual(put('header:X-Api-Key', 'abc def').fields.at(-1), ['X-Api-Key', 'abc def']);
  assert.equal(put('query:key', 'a b&c=d/é').query, 'a=1&key=a%20b%26c%3Dd%2F%C3%A9');
  assert.equal(inject(request(), lease('query:key', 'abc')).request.query, 'key=abc');
});

test('a word that its API wants in front of a secret is put there once, and in front of no other secret', () => {
  const okta = { scheme: 'header:Authorization', prefix: 'SSWS' } as const;
  const put = (scheme: Scheme, value: string): string =>
    inject(request({ fields: [['authorization', 'SSWS mine']] }), lease(scheme, value), okta)
      .request.fields.map(field => field.join(': '))
      .join();
  assert.equal(put('header:Authorization', '00abc'), 'Authorization: SSWS 00abc');
  assert.equal(put('header:Authorization', 'SSWS 00abc'), 'Authorization: SSWS 00abc');
  assert.equal(put('bearer', '00abc'), 'Authorization: Bearer 00abc');
  assert.match(put('header:X-Other', '00abc'), /X-Other: 00abc$/);
});

test('the agent’s own credentials in that place are gone, however they are spelled or repeated', () => {
  const fields = [
    ['authorization', 'Bearer mine'],
    ['Accept', '*/*'],
    ['AUTHORIZATION', 'Basic bWluZTo='],
    ['X-Other', 'stays'],
  ] as const;
  const { request: sent, replaced } = inject(request({ fields }), lease('bearer', 'abc'));
  assert.equal(replaced, true);
  assert.deepEqual(sent.fields, [
    ['Accept', '*/*'],
    ['X-Other', 'stays'],
    ['Authorization', 'Bearer abc'],
  ]);
  assert.equal(inject(request(), lease('bearer', 'abc')).replaced, false);

  const keyed = inject(
    request({
      fields: [
        ['X_API_KEY', 'mine'],
        ['x-api-key', 'mine'],
      ],
    }),
    lease('header:X-Api-Key', 'abc'),
  );
  assert.deepEqual(keyed.request.fields, [['X-Api-Key', 'abc']]);

  const query = 'key=mine&a=1&%6Bey=mine&k%65y&keys=stay&b=key';
  const asked = inject(request({ query }), lease('query:key', 'abc'));
  assert.deepEqual([asked.request.query, asked.replaced], ['a=1&keys=stay&b=key&key=abc', true]);
  assert.equal(inject(request({ query: '?key=1' }), lease('query:key', 'abc')).replaced, false);
  assert.equal(
    inject(request({ query: 'api+key=1&api%20key=2' }), lease('query:api key', 'abc')).request.query,
    'api%20key=abc',
  );
});

test('after injection the place holds the secret exactly once, and nothing else has changed', () => {
  const name = fc.constantFrom('Authorization', 'authorization', 'X-Key', 'x-KEY', 'x_key', 'Accept', 'Cookie');
  const text = fc.stringMatching(/^[!-~]{0,12}$/);
  const piece = fc
    .tuple(fc.constantFrom('key', '%6bey', 'KEY', 'k', '', 'a%zz', '?key'), text)
    .map(([n, v]) => `${n}=${v.replaceAll('&', '')}`);
  const scheme = fc.constantFrom<Scheme>('bearer', 'basic', 'header:x-key', 'query:key');
  fc.assert(
    fc.property(fc.array(fc.tuple(name, text)), fc.array(piece), scheme, (fields, pieces, kind) => {
      const before = request({ fields, query: pieces.join('&') });
      const { request: after, replaced } = inject(before, lease(kind, 'user:S3CRET'));
      const stripped = stripOwn(after, kind);
      assert.equal(stripped.removed, true);
      const bare = stripOwn(before, kind);
      assert.deepEqual(stripped.request, bare.request);
      assert.equal(replaced, bare.removed);
      if (kind.startsWith('query:')) {
        assert.deepEqual(new URLSearchParams(`&${after.query}`).getAll('key'), ['user:S3CRET']);
        assert.deepEqual(after.fields, before.fields);
      } else {
        assert.equal(after.fields.length, stripped.request.fields.length + 1);
        assert.equal(after.query, before.query);
      }
    }),
    { numRuns: 300 },
  );
});

test('a value that could break out of its place is refused, and not quoted', () => {
  for (const scheme of ['bearer', 'basic', 'header:X-Key', 'query:key'] as const) {
    for (const value of ['user:hunter2\r\nHost: evil', 'user:hunter2\n', 'user:hunter2\0', '']) {
      assert.throws(
        () => inject(request(), lease(scheme, value)),
        (error: Error) => {
          return (error as { code?: string }).code === 'credential_unavailable' && !error.message.includes('hunter2');
        },
      );
    }
  }
  assert.throws(() => inject(request(), lease('bearer', 'töken')), { code: 'credential_unavailable' });
  assert.throws(() => inject(request(), lease('basic', 'password-only')), {
    code: 'credential_unavailable',
    message: /colon/,
  });
  assert.throws(() => inject(request(), lease('basic', 'p'), { user: 'a:b' }), { code: 'credential_unavailable' });
  assert.notEqual(valueFault('query:k', Buffer.from([0xff, 0xfe])), null);
  assert.equal(valueFault('basic', Buffer.from('jörg:geheim')), null);
});

test('only schemes that a request can carry are read', () => {
  for (const text of ['bearer', 'basic', 'header:X-Api-Key', 'query:api_key']) assert.equal(parseScheme(text), text);
  const bad = [
    '',
    'Bearer',
    'header:',
    'header:A B',
    'header:Host',
    'header:content-length',
    'header:X:Y',
    'query:',
    'query:a\n',
    'cookie:a',
  ];
  for (const text of bad) assert.equal(parseScheme(text), null, text);
});

const value = fc.oneof(
  fc.stringMatching(/^[ -~]{8,60}$/),
  fc.string({ unit: 'grapheme', minLength: 8, maxLength: 30 }),
);

/** What an upstream may make of a value that stands amid other bytes. */
const disguises: Record<string, (whole: Buffer, secret: string) => string> = {
  raw: whole => whole.toString('latin1'),
  base64: whole => whole.toString('base64'),
  base64url: whole => whole.toString('base64url'),
  hex: whole => whole.toString('hex'),
  HEX: whole => whole.toString('hex').toUpperCase(),
  percent: (_, secret) => encodeURIComponent(secret),
  'percent in lower case': (_, secret) => encodeURIComponent(secret).replace(/%../g, octet => octet.toLowerCase()),
  form: (_, secret) => new URLSearchParams([['k', secret]]).toString(),
  'every byte percent': (_, secret) =>
    [...Buffer.from(secret)].map(byte => `%${byte.toString(16).padStart(2, '0')}`).join(''),
  JSON: (_, secret) => Buffer.from(JSON.stringify({ echo: secret })).toString('latin1'),
  'JSON with \\/': (_, secret) => Buffer.from(JSON.stringify(secret).replaceAll('/', '\\/')).toString('latin1'),
  'every character escaped in JSON': (_, secret) =>
    secret
      .split('')
      .map(unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  'JSON in JSON': (_, secret) => Buffer.from(JSON.stringify(JSON.stringify({ echo: secret }))).toString('latin1'),
  'JSON with \\/ in JSON': (_, secret) =>
    Buffer.from(JSON.stringify(JSON.stringify(secret).replaceAll('/', '\\/'))).toString('latin1'),
  'JSON with \\/ in such JSON': (_, secret) =>
    Buffer.from(JSON.stringify(JSON.stringify(secret).replaceAll('/', '\\/')).replaceAll('/', '\\/')).toString(
      'latin1',
    ),
  'base64 in a query': whole => encodeURIComponent(whole.toString('base64')),
  'base64 in JSON with \\/': whole => whole.toString('base64').replaceAll('/', '\\/'),
  HTML: (_, secret) =>
    Buffer.from(
      secret.replace(/[&<>"']/g, c => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c] ?? '&#39;'),
    ).toString('latin1'),
  'JSON in ASCII': (_, secret) =>
    JSON.stringify(secret).replace(/[\u007f-\uffff]/g, c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`),
};

for (const [name, disguise] of Object.entries(disguises)) {
  test(`a secret that comes back as ${name} is found by its needles`, () => {
    fc.assert(
      fc.property(value, fc.uint8Array({ maxLength: 7 }), fc.uint8Array({ maxLength: 7 }), (secret, before, after) => {
        const bytes = Buffer.from(secret);
        const text = Buffer.from(disguise(Buffer.concat([before, bytes, after]), secret), 'latin1');
        const found = needles(bytes, 'bearer');
        assert.ok(found.every(needle => needle.length >= 6));
        assert.ok(
          found.some(needle => text.includes(needle)),
          text.toString('latin1'),
        );
      }),
      { numRuns: 150 },
    );
  });
}

test('the password of a basic secret, and a key used as its user, are found by themselves', () => {
  const has = (secret: string, text: string): boolean =>
    needles(Buffer.from(secret), 'basic').some(needle => Buffer.from(text).includes(needle));
  assert.ok(has('user:open-sesame', 'the password is open-sesame'));
  assert.ok(has('user:open-sesame', btoa('somebody:open-sesame')));
  assert.ok(has('sk_live_1234:', 'key sk_live_1234 is not valid'));
  assert.ok(!has('username:open-sesame', 'hello username'));
  assert.deepEqual(
    needles(Buffer.from('abc'), 'bearer')
      .map(String)
      .filter(text => text.length < 6),
    [],
  );
});

test('a placeholder is found wherever it stands, except in the place that injection overwrites', () => {
  const fake = `sk_${placeholderMarker}_0`;
  const body = (text: string): Partial<CanonicalRequest> => ({ content: Buffer.from(text) });
  const cases: [Partial<CanonicalRequest>, Scheme | null, string | null][] = [
    [{}, null, null],
    [{ fields: [['authorization', `Bearer ${fake}`]] }, 'bearer', null],
    [{ fields: [['authorization', `Bearer ${fake}`]] }, 'header:X-Key', 'the header field authorization'],
    [{ fields: [['Authorization', `Bearer ${fake}`]] }, null, 'the header field Authorization'],
    [{ fields: [['Authorization', `Basic ${btoa(`u:${fake}`)}`]] }, null, 'the header field Authorization'],
    [{ fields: [['Authorization', `Basic ${btoa(`${fake}:`)}`]] }, 'basic', null],
    [
      {
        fields: [
          ['Authorization', `Bearer ${fake}`],
          ['X-Copy', fake],
        ],
      },
      'bearer',
      'the header field X-Copy',
    ],
    [{ fields: [[`X-${placeholderMarker}`, '1']] }, 'bearer', `the header field X-${placeholderMarker}`],
    [{ query: `a=1&key=${fake}` }, 'query:key', null],
    [{ query: `a=1&key=${fake}` }, 'bearer', 'the query parameter key'],
    [{ query: `k%65y=x&b=tf%70laceholder` }, 'query:key', 'the query parameter b'],
    [{ path: `/v1/${fake}` }, 'bearer', 'the path'],
    [{ path: '/v1/%74fplaceholder' }, 'bearer', 'the path'],
    [body(`{"key":"${fake}"}`), 'bearer', 'the body'],
    [body('{"key":"x"}'), 'bearer', null],
  ];
  for (const [more, except, where] of cases)
    assert.equal(findPlaceholder(request(more), except), where, JSON.stringify(more));
  assert.equal(containsPlaceholder(Buffer.from(fake)), true);
  assert.equal(containsPlaceholder('nothing'), false);
});
