/** The catalogue: compiled tables, their faults, and classification that can't fail. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openCatalog } from '../../src/action/catalog.js';
import { describe, exampleRequest } from '../../src/action/examples.js';
import { matchesPattern, patternFault } from '../../src/action/pattern.js';
import type { CanonicalRequest, Connector, Field } from '../../src/model.js';

const acme: Connector = {
  name: 'acme',
  hosts: ['api.acme.dev', '*.eu.acme.dev'],
  routes: {
    'GET /a/{x}': { action: 'a.get', resource: 'a:{x}' },
    'GET /a/{x}/b': { action: 'a.b', resource: 'a:{x}' },
    'GET /a/fixed/c': { action: 'a.c' },
    'GET /a/{x}/{rest+}': { action: 'a.rest', parameters: { rest: 'path.rest' } },
    'GET /f/{path+}/raw': { action: 'f.raw', parameters: { path: 'path.path' } },
    'GET /f/{path+}': { action: 'f.get', parameters: { path: 'path.path' } },
    'POST /m': [
      { when: { 'body#/kind': ['hard', 'harder'] }, action: 'm.hard', parameters: { n: 'body#/n as integer' } },
      { action: 'm.soft', parameters: { n: 'body#/n as integer', tag: 'header.x-tag', deep: 'body#/a/0/b' } },
    ],
    'POST /throws': () => {
      throw new Error('no');
    },
    'GET /pairs': ({ query }) => ({ action: query.length === 0 ? 'pairs.none' : 'pairs.some' }),
    'POST /bad-name': () => ({ action: 'Bad Name' }),
  },
};
const catalog = openCatalog([acme]);
const is = (line: string, ...fields: Field[]): string =>
  describe(catalog.classify(exampleRequest(line, 'api.acme.dev', fields)));
const post = (
  content: string | Uint8Array,
  fields: readonly Field[],
  extra: Partial<CanonicalRequest> = {},
): string => {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  const body = { state: 'complete', bytes: bytes.length } as const;
  return describe(
    catalog.classify({ ...exampleRequest('POST /m', 'api.acme.dev', fields), body, content: bytes, ...extra }),
  );
};
const json: Field = ['Content-Type', 'application/json'];

test('literals beat parameters, and a branch that ends in nothing is left for the next', () => {
  assert.equal(is('GET /a/fixed'), 'acme.a.get read a:fixed');
  assert.equal(is('GET /a/fixed/b'), 'acme.a.b read a:fixed');
  assert.equal(is('GET /a/fixed/c'), 'acme.a.c read host:api.acme.dev');
  assert.equal(is('GET /a/x/y/z'), 'acme.a.rest read host:api.acme.dev rest=y/z');
  assert.equal(is('GET /f/x/raw'), 'acme.f.raw read host:api.acme.dev path=x');
  assert.equal(is('GET /f/x/y/raw'), 'acme.f.raw read host:api.acme.dev path=x/y');
  assert.equal(is('GET /f/x/y'), 'acme.f.get read host:api.acme.dev path=x/y');
  assert.equal(is('HEAD /a/1'), 'acme.a.get read a:1');
});

test('a path that somebody could read differently is unclassified', () => {
  for (const path of [
    '/a/',
    '/A/x',
    '/a/x%2Fb',
    '/a/%2e%2e',
    '/a/..',
    '/a/x%00',
    '/a/x%0a',
    '/a/x%20',
    '/a/%20x',
    '/f/x/y%C2%A0',
    '/a/x%5Cy',
    '/a/x;y',
    '/a/%252e',
    '/a/%ff',
    '/f/a/../b',
    '/f/a//b',
    '/f/a%2F..%2Fb',
    '/f/x%2Fraw',
    '//a/x',
    '/',
  ]) {
    assert.equal(is(`GET ${path}`), 'acme.unclassified read host:api.acme.dev', path);
  }
  assert.equal(is('GET /f/x%2Fy'), 'acme.f.get read host:api.acme.dev path=x/y');
});

test('a name that depends on a body which can’t be read is unclassified', () => {
  assert.equal(post('{"kind":"hard","n":1}', [json]), 'acme.m.hard write host:api.acme.dev n=1');
  assert.equal(post('{"n":1}', [json]), 'acme.m.soft write host:api.acme.dev n=1');
  assert.equal(is('POST /m'), 'acme.m.soft write host:api.acme.dev');
  const body = 'acme.unclassified write host:api.acme.dev ?body';
  assert.equal(post('{"kind":"soft","kind":"hard"}', [json]), body);
  assert.equal(post('{"kind":', [json]), body);
  assert.equal(post('{"kind":"soft"}', []), body);
  assert.equal(post('{"n":1}', [json, json]), body);
  assert.equal(post('{"n":1}', [['Content-Type', 'application/json; charset=utf-16']]), body);
  assert.equal(post(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d), [json]), body);
  for (const state of ['truncated', 'opaque'] as const)
    assert.equal(post('{}', [json], { body: { state, bytes: 2 } }), body);
  assert.equal(post('{"kind":"HARD"}', [json]), 'acme.unclassified write host:api.acme.dev ?kind');
  assert.equal(post('{"kind":null}', [json]), 'acme.unclassified write host:api.acme.dev ?kind');
});

test('a parameter of another type is unknown, an absent one is absent', () => {
  for (const n of ['"1"', '1.5', 'null', '[1]', '1e400', '9007199254740993', 'true']) {
    assert.equal(post(`{"n":${n}}`, [json]), 'acme.m.soft write host:api.acme.dev ?n', n);
  }
  assert.equal(post('{"a":[{"b":2}]}', [json, ['X-Tag', 't']]), 'acme.m.soft write host:api.acme.dev tag=t deep=2');
  assert.equal(post('{"a":"text"}', [json]), 'acme.m.soft write host:api.acme.dev ?deep');
  assert.equal(post('{}', [json, ['X-Tag', 't'], ['x-tag', 'u']]), 'acme.m.soft write host:api.acme.dev ?tag');
  assert.equal(
    post(`{"a":[{"b":${JSON.stringify('x'.repeat(5000))}}]}`, [json]),
    'acme.m.soft write host:api.acme.dev ?deep',
  );
});

test('a connector serves its hosts over TLS on port 443, and a function that fails describes nothing', () => {
  assert.equal(is('GET https://x.y.eu.acme.dev/a/1'), 'acme.a.get read a:1');
  assert.equal(catalog.forHost('eu.acme.dev'), null);
  assert.equal(catalog.forHost('evilapi.acme.dev'), null);
  assert.equal(is('GET http://api.acme.dev/a/1'), 'acme.unclassified read host:api.acme.dev ?authority');
  assert.equal(is('GET https://api.acme.dev:8443/a/1'), 'acme.unclassified read host:api.acme.dev:8443 ?authority');
  assert.equal(is('POST /throws'), 'acme.unclassified write host:api.acme.dev');
  assert.equal(is('POST /bad-name'), 'acme.unclassified write host:api.acme.dev ?action');
  assert.equal(is('GET /pairs'), 'acme.pairs.none read host:api.acme.dev');
  assert.equal(is('GET /pairs?a=b'), 'acme.pairs.some read host:api.acme.dev');
  assert.equal(
    is('GET /pairs?a=b;c'),
    'acme.unclassified read host:api.acme.dev ?query',
    'a query that can be read in two ways',
  );
});

test('who overrides the method may do anything', () => {
  const overridden = 'acme.unclassified permissions host:api.acme.dev ?method';
  for (const name of ['X-HTTP-Method-Override', 'x-http-method', 'X-Method-Override', 'X_HTTP_Method_Override'])
    assert.equal(is('GET /a/1', [name, 'DELETE']), overridden);
  assert.equal(is('GET /a/1?_method=DELETE'), overridden);
  assert.equal(is('POST /m _method=DELETE'), overridden);
  assert.equal(is('POST /m {"_method":"DELETE"}'), overridden);
  // Also where our own reader gives up, and another one may go on.
  for (const query of ['_method=DELETE&x=;', 'x=%zz&%5Fmethod=DELETE', '_method=DELETE;x', '[_method]=DELETE'])
    assert.equal(is(`GET /a/1?${query}`), overridden, query);
  for (const body of ['_method=DELETE&a=1;2', 'a=%zz&_method=DELETE', '%5fmethod=DELETE&%', '.method=DELETE'])
    assert.equal(post(body, [['Content-Type', 'application/x-www-form-urlencoded']]), overridden, body);
  assert.equal(post('{"_method":"PUT","_method":"DELETE"}', [json]), overridden);
  const part = '--b\r\nContent-Disposition: form-data; name=_method\r\n\r\nDELETE\r\n--b--';
  assert.equal(post(part, [['Content-Type', 'multipart/form-data; boundary=b']]), overridden);
  assert.equal(is('GET /a/1?q=the_method;x'), 'acme.a.get read a:1');
  assert.equal(is('POST https://other.dev/x _method=DELETE'), 'http.unclassified permissions host:other.dev ?method');
});

test('a host without a connector has its methods for actions', () => {
  assert.equal(is('GET https://other.dev/x'), 'http.get read host:other.dev');
  assert.equal(is('DELETE http://other.dev:8080/x'), 'http.delete delete host:other.dev:8080');
  assert.equal(is('a.b https://other.dev/x'), 'http.unclassified write host:other.dev');
  assert.equal(catalog.classify(exampleRequest('GET https://other.dev/', 'other.dev')).typed, false);
});

test('a call of gRPC has its service and method for a name, and anything not exactly one is a post', () => {
  const named = (line: string, type: string | null, ...more: Field[]): string =>
    is(line, ...(type === null ? [] : [['Content-Type', type] as const]), ...more);
  const call = 'POST https://rpc.test/helloworld.v1.Greeter/SayHello';
  const name = 'grpc.helloworld.v1.Greeter.SayHello write host:rpc.test';
  for (const type of ['application/grpc', 'application/grpc+proto', 'Application/gRPC+json; charset=utf-8'])
    assert.equal(named(call, type), name, type);
  assert.equal(catalog.classify(exampleRequest(call, 'rpc.test', [['content-type', 'application/grpc']])).typed, false);
  assert.equal(
    named('POST https://rpc.test/Greeter/SayHello', 'application/grpc'),
    'grpc.Greeter.SayHello write host:rpc.test',
  );
  const post = 'http.post write host:rpc.test';
  for (const type of [
    null,
    'application/grpc-web',
    'application/grpc-web+proto',
    'application/grpcx',
    'application/json',
  ])
    assert.equal(named(call, type), post, String(type));
  assert.equal(named(call, 'application/grpc', ['content-type', 'application/json']), post);
  for (const path of [
    '/a.B/c/d',
    '/a.B/',
    '/a..B/c',
    '/.B/c',
    '/a.B./c',
    '/a.B',
    '/a-b/c',
    '/a.B/c%2Fd',
    '/a.B/*',
    '/a.1/c',
    '/a.B/c?x=1',
  ])
    assert.equal(named(`POST https://rpc.test${path}`, 'application/grpc'), post, path);
  assert.equal(named('GET https://rpc.test/a.B/c', 'application/grpc'), 'http.get read host:rpc.test');
  assert.equal(
    named(call, 'application/grpc', ['X-HTTP-Method-Override', 'DELETE']),
    'http.unclassified permissions host:rpc.test ?method',
  );
  for (const pattern of ['grpc.*', 'grpc.helloworld.v1.Greeter.*', 'grpc.helloworld.v1.Greeter.SayHello'])
    assert.equal(patternFault(pattern, '.'), null);
  assert.match(patternFault('http.Post', '.')!, /pattern/i);
  assert.ok(matchesPattern('grpc.helloworld.*', 'grpc.helloworld.v1.Greeter.SayHello', '.'));
});

test('classifying never throws, and what it names is always a name', () => {
  const text = fc.string({ unit: 'binary', maxLength: 30 });
  const field = fc.tuple(
    fc.constantFrom('Content-Type', 'X-Tag', 'x-http-method'),
    fc.constantFrom('application/json', 'multipart/form-data; boundary=', 'x;x;x', ''),
  );
  fc.assert(
    fc.property(
      fc.constantFrom('GET', 'POST', 'x y', ''),
      text,
      text,
      fc.uint8Array({ maxLength: 40 }),
      fc.array(field, { maxLength: 3 }),
      (method, path, query, content, fields) => {
        const request: CanonicalRequest = {
          ...exampleRequest('POST /m', 'api.acme.dev', fields),
          method,
          path: `/${path}`,
          query,
          content,
          body: { state: 'complete', bytes: content.length },
        };
        assert.match(catalog.classify(request).action.name, /^acme\.[a-z_.]+$/);
      },
    ),
    { numRuns: 1000 },
  );
});

test('every fault of every connector is said at once, in sentences', () => {
  const bad = {
    name: 'bad',
    hosts: ['api.acme.dev', 'UPPER.dev'],
    colour: 'red',
    credentials: { scheme: 'digest', placeholder: 'x' },
    routes: {
      'get /x': { action: 'x' },
      'GET /x/{a}/{a}': { action: 'x' },
      'GET /x/{a}{b}': { action: 'x' },
      'GET /y/{a}': {
        action: 'Not Good',
        access: 'some',
        resource: 'y:{b}',
        colour: 1,
        parameters: { p: 'path.zz', q: 'body/x', r: 'query.x as date' },
      },
      'GET /y/{b}': { action: 'y' },
      'GET /z': [{ action: 'z' }, { action: 'w', when: { 'query.a': 'b' } }],
    },
  } as unknown as Connector;
  assert.throws(
    () => openCatalog([acme, bad], { whole: true }),
    (error: Error) => {
      const expected = [
        'There are 17 faults',
        'api.acme.dev is served by acme',
        'UPPER.dev',
        '"colour" is unknown',
        'digest',
        'tfplaceholder',
        'method in capitals',
        '{a} is there twice',
        'not one parameter',
        'Not Good',
        'some',
        '{b} in the resource',
        'path.zz is not in the template',
        'body/x',
        'as date',
        '`GET /y/{b}` fits the same',
        'without `when` hides',
      ];
      for (const part of expected) assert.ok(error.message.includes(part), `${part} in ${error.message}`);
      return true;
    },
  );
});
