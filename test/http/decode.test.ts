import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Refusal } from '../../src/errors.js';
import { decode, type Head, type RawHead } from '../../src/http/decode.js';

const raw = (rawHeaders: readonly string[], more: Partial<RawHead> = {}): RawHead => ({
  method: 'POST',
  target: 'https://api.test/x',
  rawHeaders,
  tunnel: null,
  sni: null,
  ...more,
});

function accepted(head: RawHead): Head | null {
  try {
    return decode(head);
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error));
    assert.ok(['malformed_request', 'authority_mismatch'].includes(error.code));
    return null;
  }
}

const name = fc.constantFrom(
  'Host',
  'host',
  'HOST',
  'Content-Length',
  'content-length',
  'Transfer-Encoding',
  'TE',
  'Trailer',
  'Connection',
  'Keep-Alive',
  'Proxy-Authorization',
  'Proxy-Foo',
  'Upgrade',
  'Expect',
  'X-A',
  'x-a',
  'Cookie',
  'Authorization',
  'Content-Type',
  'Bad Name',
  '',
  'Alt-Svc',
  'HTTP2-Settings',
);
const value = fc.constantFrom(
  'api.test',
  'api.test:443',
  'evil.test',
  '0',
  '2',
  '02',
  '2, 2',
  'chunked',
  'CHUNKED',
  'gzip',
  'close',
  'X-A',
  'x-a, close',
  'host',
  'upgrade',
  'websocket',
  'h2c',
  '100-continue',
  'a\rb',
  'a\0b',
  'text/plain; charset=x',
  '',
);
const head = fc.array(fc.tuple(name, value), { maxLength: 7 }).map(pairs => pairs.flat());

test('whatever comes, it is either refused or has one authority, one framing and no hop-by-hop field', () => {
  fc.assert(
    fc.property(head, fields => {
      const read = accepted(raw(fields));
      if (read === null) return;
      const names = read.fields.map(([field]) => field.toLowerCase());
      for (const hop of [
        'connection',
        'keep-alive',
        'te',
        'trailer',
        'transfer-encoding',
        'upgrade',
        'expect',
        'host',
        'content-length',
        'alt-svc',
        'http2-settings',
      ])
        assert.ok(!names.includes(hop), hop);
      assert.ok(!names.some(field => field.startsWith('proxy-')));
      for (const single of ['authorization', 'content-type'])
        assert.ok(names.filter(field => field === single).length < 2);
      assert.equal(read.host, 'api.test');
      const given = (wanted: string): string[] =>
        fields.filter((_, i) => i % 2 === 1 && fields[i - 1]!.toLowerCase() === wanted);
      assert.ok(given('host').every(host => /^api\.test(:443)?$/.test(host)));
      assert.equal(
        read.bodied,
        given('transfer-encoding').length > 0 || given('content-length').some(length => length !== '0'),
      );
      assert.ok(given('transfer-encoding').length === 0 || given('content-length').length === 0);
      for (const option of given('connection')
        .join(',')
        .split(',')
        .map(text => text.trim().toLowerCase()))
        assert.ok(option === '' || !names.includes(option), option);
      assert.ok(read.fields.every(([, text]) => !/[\0\r\n]/.test(text)));
    }),
    { numRuns: 5_000 },
  );
});

test('a name that CGI takes for the name of a field that matters is refused', () => {
  for (const name of ['Content_Type', 'content_length', 'Transfer_Encoding', 'CONTENT_ENCODING', 'Proxy_Authorization'])
    assert.equal(accepted(raw(['Host', 'api.test', name, 'x'])), null, name);
  assert.deepEqual(accepted(raw(['Host', 'api.test', 'X_Custom_Id', 'x']))?.fields, [['X_Custom_Id', 'x']]);
});

test('end-to-end fields stay as they were, in their order', () => {
  const read = decode(
    raw([
      'Host',
      'api.test',
      'X-B',
      '1',
      'x-a',
      '2',
      'X-b',
      '3',
      'Connection',
      'X-C',
      'X-C',
      '4',
      'Content-Length',
      '0',
    ]),
  );
  assert.deepEqual(read.fields, [
    ['X-B', '1'],
    ['x-a', '2'],
    ['X-b', '3'],
  ]);
  assert.equal(read.bodied, false);
});

test('tunnel, server name and Host must be one authority', () => {
  const tunnel = { scheme: 'https', host: 'api.test', port: 443 } as const;
  const inside =
    (host: string, sni: string | null, target = '/x') =>
    () =>
      decode(raw(['Host', host], { tunnel, sni, target, method: 'GET' }));
  assert.equal(inside('api.test', 'api.test')().host, 'api.test');
  assert.equal(inside('API.TEST:443', 'Api.Test')().host, 'api.test');
  assert.equal(inside('api.test', null)().host, 'api.test');
  const mismatch = (error: unknown): boolean => error instanceof Refusal && error.code === 'authority_mismatch';
  assert.throws(inside('evil.test', 'api.test'), mismatch);
  assert.throws(inside('api.test:8443', 'api.test'), mismatch);
  assert.throws(inside('api.test', 'evil.test'), mismatch);
  assert.throws(inside('api.test', 'api.test', 'https://api.test/x'), Refusal);
  assert.throws(() => decode(raw([], { tunnel, target: '/x' })), Refusal);
});

test('an absolute target names scheme, host and port', () => {
  const read = (target: string): [string, string, number, string] => {
    const { scheme, host, port, path, query } = decode(raw([], { target, method: 'GET' }));
    return [scheme, host, port, query === '' ? path : `${path}?${query}`];
  };
  assert.deepEqual(read('http://api.test'), ['http', 'api.test', 80, '/']);
  assert.deepEqual(read('http://API.test:8080/a?b'), ['http', 'api.test', 8080, '/a?b']);
  assert.deepEqual(read('HTTPS://api.test?q'), ['https', 'api.test', 443, '/?q']);
  for (const target of [
    '/x',
    '*',
    'api.test:443',
    'ftp://api.test/',
    'http://',
    'http:///x',
    'http://a@api.test/',
    'http://api.test\\@evil.test/',
    'http://api.test:80:80/',
    'http:/api.test/',
  ])
    assert.equal(accepted(raw([], { target, method: 'GET' })), null, target);
});
