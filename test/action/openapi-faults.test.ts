/** Descriptions of APIs with faults in them, or made to make trouble. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openCatalog } from '../../src/action/catalog.js';
import { readOpenApi } from '../../src/action/openapi/index.js';
import type { RouteRow } from '../../src/model.js';

const json = (schema: object): object => ({ content: { 'application/json': { schema } } });

test('references that lead in circles, nowhere or to another file end, and each is told once', () => {
  const schemas = {
    Loop: { $ref: '#/components/schemas/Loop' },
    Deep: { allOf: [{ $ref: '#/components/schemas/Deep' }], properties: { active: { type: 'boolean' } } },
  };
  const post = (operationId: string, reference: string): object => ({
    post: { operationId, requestBody: json({ $ref: reference }) },
  });
  const { routes, faults } = readOpenApi({
    openapi: '3.0.0',
    components: { schemas },
    paths: {
      '/loop': post('loop', '#/components/schemas/Loop'),
      '/deep': post('deep', '#/components/schemas/Deep'),
      '/gone': post('gone', '#/components/schemas/Gone'),
      '/gone2': post('gone2', '#/components/schemas/Gone'),
      '/away': post('away', 'other.yaml#/A'),
    },
  });
  assert.deepEqual(routes['POST /deep']?.parameters, { active: 'body#/active as boolean' });
  assert.deepEqual(faults, [
    'The reference #/components/schemas/Loop leads back to itself.',
    'The reference #/components/schemas/Gone leads nowhere.',
    'The reference other.yaml#/A is in another file, which is not read.',
  ]);
  assert.equal(Object.keys(routes).length, 5);
});

test('two operations never have one name, for whoever allows the one would allow the other', () => {
  const { routes, faults } = readOpenApi({
    openapi: '3.0.0',
    paths: {
      '/everything': { delete: { operationId: 'post_a_b' } },
      '/a/b': { post: {} },
      '/a-b': { post: {} },
      '/größe': { delete: {} },
      '/日本': { delete: {} },
      '/中国': { delete: {} },
      '/one': { get: { operationId: 'getUser' } },
      '/two': { delete: { operationId: 'get_user' } },
      '/two/': { delete: { operationId: 'GetUser' } },
    },
  });
  const names = Object.values(routes).map(({ action }) => action);
  assert.equal(names.length, 9);
  assert.equal(new Set(names).size, 9, names.join(' '));
  assert.equal(names[0], 'post_a_b');
  assert.equal(faults.length, 5, faults.join('\n'));
});

test('names of any length are read in no time', () => {
  const name = 'A'.repeat(200_000);
  const { routes } = readOpenApi({
    openapi: '3.0.0',
    paths: { [`/${name}`]: { get: { operationId: name } }, [`/x/{${name}}`]: { post: { operationId: `${name}b` } } },
  });
  const actions = Object.values(routes).map(({ action }) => action);
  assert.equal(actions.length, 2);
  assert.ok(actions.every(action => action.length < 700));
});

test('what a table can’t say is a sentence for the author, and the rest is read', () => {
  const get = (operationId?: string): object => ({ get: { ...(operationId !== undefined && { operationId }) } });
  const { routes, faults } = readOpenApi({
    openapi: '3.0.0',
    paths: {
      '/a?action=b': get('b'),
      '/a/{x': get('c'),
      '/users/{id}': get('getUser'),
      '/users/{name}': get('getUserByName'),
      '/others/{id}': get('getUser'),
      '/unnamed/{id}/2fa': get(),
      relative: get('d'),
      '/compare/{base}...{head}': get('compare'),
      '/twice/{id}/{ID}': get('1st'),
    },
  });
  assert.deepEqual(faults, [
    'GET /a?action=b has more than a path in its path: nothing tells its requests from others by path alone.',
    "GET /a/{x has a segment {x that can't be read.",
    'GET /users/{name} fits the same requests as GET /users/{id}, and is left out.',
    'GET /others/{id} has the operation id of GET /users/{id}, and is named get_others_id.',
    'The path relative does not begin with `/`.',
  ]);
  assert.deepEqual(
    Object.entries(routes).map(([key, { action }]) => `${key} ${action}`),
    [
      'GET /users/{id} get_user',
      'GET /others/{id} get_others_id',
      'GET /unnamed/{id}/2fa get_unnamed_id_2fa',
      'GET /compare/{base_head} compare',
      'GET /twice/{id}/{id_2} n1st',
    ],
  );
  for (const document of [null, 7, 'openapi: 3.0.0', [], {}, { openapi: '2.0' }, { swagger: '1.2' }, { openapi: 4 }]) {
    const { faults, routes } = readOpenApi(document);
    assert.deepEqual(routes, {});
    assert.match(faults.join(), /^This is no description of an API: /);
  }
  assert.deepEqual(readOpenApi({ openapi: '3.0.0', paths: {} }).faults, ['There is no operation in it.']);
});

test('nothing secret, personal or written by somebody is a parameter', () => {
  const names = [
    ...['password', 'apiKey', 'access_token', 'client_secret', 'secret_id', 'pin', 'cvc', 'signature', 'private_key'],
    ...['title', 'body', 'text', 'message', 'description', 'comment', 'note', 'prompt', 'content', 'query'],
    ...['first_name', 'lastName', 'full_name', 'cardholder_name', 'email', 'phone', 'address', 'birthday'],
  ];
  for (const type of ['string', 'array']) {
    const schema = type === 'array' ? { type, items: { type: 'string' } } : { type };
    const properties = Object.fromEntries(names.map(name => [name, schema]));
    const query = names.map(name => ({ in: 'query', name, schema }));
    const post = { operationId: 'x', parameters: query, requestBody: json({ properties }) };
    const { routes } = readOpenApi({ openapi: '3.0.0', paths: { '/x': { post } } });
    assert.equal(routes['POST /x']?.parameters, undefined);
  }
});

test('whatever a document holds, reading it does not throw, and its rows have no fault', () => {
  const odd = fc.oneof(
    fc.constantFrom(
      'id',
      '{id}',
      '{id',
      '..',
      '__proto__',
      'a b',
      '%2F',
      '{a}-{b}',
      '',
      '*',
      '{constructor}',
      'x/y',
      '#/a',
    ),
    fc.string({ maxLength: 6 }),
  );
  const leaf = fc.record(
    {
      type: fc.constantFrom('string', 'integer', 'boolean', 'array', ['string', 'null'], 7),
      enum: fc.array(odd, { maxLength: 2 }),
      $ref: fc.constantFrom('#/paths', '#/x', '#/%', '#/paths/~1a', 'b.yaml'),
    },
    { requiredKeys: [] },
  );
  const schema = fc.record(
    {
      type: fc.constantFrom('object', 'array'),
      items: leaf,
      properties: fc.dictionary(odd, fc.oneof(leaf, fc.constantFrom(null, 7, [])), { maxKeys: 3 }),
      allOf: fc.array(leaf, { maxLength: 2 }),
    },
    { requiredKeys: [] },
  );
  const parameter = fc.record(
    { in: fc.constantFrom('path', 'query', 'body', 'formData', 'header'), name: fc.oneof(odd, fc.integer()), schema },
    { requiredKeys: [] },
  );
  const body = schema.map(one => json(one as object));
  const operation = fc.record(
    {
      operationId: odd,
      parameters: fc.array(parameter, { maxLength: 3 }),
      requestBody: body,
      responses: fc.jsonValue({ maxDepth: 1 }),
    },
    { requiredKeys: [] },
  );
  const path = fc.array(odd, { maxLength: 4 }).map(segments => `/${segments.join('/')}`);
  const item = fc.record(
    { get: operation, post: operation, parameters: fc.jsonValue({ maxDepth: 1 }) },
    { requiredKeys: [] },
  );
  const document = fc.record(
    {
      openapi: fc.constantFrom('3.0.0', '3.1.0'),
      servers: fc.oneof(
        fc.jsonValue({ maxDepth: 1 }),
        fc.array(fc.record({ url: fc.oneof(odd, fc.webUrl()) }), { maxLength: 2 }),
      ),
      paths: fc.dictionary(path, fc.oneof(item, fc.jsonValue({ maxDepth: 2 })), { maxKeys: 4 }),
    },
    { requiredKeys: ['openapi'] },
  );
  let rows = 0;
  fc.assert(
    fc.property(document, document => {
      const { routes, faults } = readOpenApi(document);
      for (const fault of faults) assert.match(fault, /\.$/);
      rows += Object.keys(routes).length;
      openCatalog([{ name: 'acme', hosts: ['api.acme.dev'], routes: routes as { [key: string]: RouteRow } }], {
        whole: true,
      });
    }),
    { numRuns: 1_000 },
  );
  assert.ok(rows > 500, `${rows} rows were read`);
});
