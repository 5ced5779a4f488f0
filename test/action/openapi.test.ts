/** Descriptions of APIs: what they say becomes rows, and what they can't say becomes a sentence. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openCatalog } from '../../src/action/catalog.js';
import { describe, exampleRequest } from '../../src/action/examples.js';
import { readOpenApi } from '../../src/action/openapi/index.js';
import type { RouteRow } from '../../src/model.js';

const json = (schema: object): object => ({ content: { 'application/json': { schema } } });
const answer = (schema: object): object => ({ 200: { description: 'ok', ...json(schema) } });
const id = (name: string, type = 'string'): object => ({ in: 'path', name, required: true, schema: { type } });

const petstore = {
  openapi: '3.0.3',
  info: { title: 'Pets', version: '1' },
  servers: [{ url: 'https://api.pets.dev/v2' }],
  components: {
    parameters: { petId: id('petId', 'integer') },
    schemas: {
      Named: { properties: { name: { type: 'string' }, description: { type: 'string' } } },
      Pet: {
        allOf: [
          { $ref: '#/components/schemas/Named' },
          {
            properties: {
              kind: { $ref: '#/components/schemas/Kind' },
              weight: { type: 'number' },
              vaccinated: { type: 'boolean' },
              owner_id: { type: 'string' },
              tagIds: { type: 'array', items: { type: 'string' } },
              chipToken: { type: 'string' },
              parent: { $ref: '#/components/schemas/Pet' },
            },
          },
        ],
      },
      Kind: { type: 'string', enum: ['cat', 'dog'] },
    },
  },
  paths: {
    '/pets': {
      get: {
        operationId: 'listPets',
        parameters: [
          { in: 'query', name: 'status', schema: { type: 'string', enum: ['free', 'taken'] } },
          { in: 'query', name: 'q', schema: { type: 'string' } },
          { in: 'query', name: 'per_page', schema: { type: 'integer' } },
        ],
        responses: answer({ type: 'array', items: {} }),
      },
      post: { operationId: 'addPet', requestBody: json({ $ref: '#/components/schemas/Pet' }) },
    },
    '/pets/{petId}': {
      parameters: [{ $ref: '#/components/parameters/petId' }],
      get: { operationId: 'getPet' },
      delete: { operationId: 'deletePet', description: 'Deletes a pet. This cannot be undone.' },
    },
    '/pets/{petId}/members/{userId}': {
      parameters: [{ $ref: '#/components/parameters/petId' }, id('userId')],
      put: { operationId: 'pets/addMember' },
    },
    '/files/{path}': {
      get: { operationId: 'readFile', parameters: [{ ...id('path'), 'x-multi-segment': true }] },
    },
  },
};

/** What a request would be with the rows of a description. */
function meaning(document: unknown, line: string): string {
  const { routes, hosts } = readOpenApi(document);
  const catalog = openCatalog([{ name: 'acme', hosts, routes }], { whole: true });
  return describe(catalog.classify(exampleRequest(line, hosts[0]!)));
}

test('an OpenAPI 3.0 document says what its requests are: base path, references, access, resource, parameters', () => {
  assert.deepEqual(readOpenApi(petstore).faults, []);
  assert.deepEqual(readOpenApi(petstore).hosts, ['api.pets.dev']);
  const is = (line: string, expected: string): void => assert.equal(meaning(petstore, line), expected);
  is('GET /v2/pets?status=free&q=secret+words', 'acme.list_pets list pet status=free');
  is(
    'POST /v2/pets {"name":"Rex","description":"x","kind":"dog","weight":1.5,"vaccinated":true,"owner_id":"u1","tagIds":["a"],"chipToken":"s","parent":{}}',
    'acme.add_pet write pet name=Rex kind=dog weight=1.5 vaccinated=true owner_id=u1 tag_ids=["a"]',
  );
  is('POST /v2/pets {"weight":"heavy"}', 'acme.add_pet write pet ?weight');
  is('GET /v2/pets/7', 'acme.get_pet read pet:7');
  is('DELETE /v2/pets/7', 'acme.delete_pet delete pet:7');
  is('PUT /v2/pets/7/members/u1', 'acme.pets.add_member permissions member:u1 pet_id=7');
  is('GET /v2/files/a/b/c.txt', 'acme.read_file read file:a/b/c.txt');
  is('GET /pets/7', 'acme.unclassified read host:api.pets.dev');
  const { routes } = readOpenApi(petstore);
  assert.deepEqual(routes['DELETE /v2/pets/{pet_id}']?.hints, ['destructive', 'irreversible']);
});

test('an OpenAPI 3.1 document may have several types, constants, and hooks that are no requests', () => {
  const { routes, faults } = readOpenApi({
    openapi: '3.1.1',
    servers: [{ url: 'https://api.acme.dev' }],
    webhooks: { made: { post: { operationId: 'made' } } },
    paths: {
      '/things': {
        post: {
          operationId: 'Things_Create',
          requestBody: json({
            properties: {
              state: { type: ['string', 'null'] },
              kind: { const: 'thing' },
              size: { type: ['integer', 'string'] },
              count: { type: ['integer', 'null'] },
            },
          }),
        },
      },
    },
  });
  assert.deepEqual(faults, []);
  assert.deepEqual(routes, {
    'POST /things': {
      action: 'things_create',
      resource: 'thing',
      parameters: {
        state: 'body#/state as string',
        kind: 'body#/kind as string',
        count: 'body#/count as integer',
      },
    },
  });
});

test('a Swagger 2 document has a host, a base path, and parameters without schemas', () => {
  const swagger = {
    swagger: '2.0',
    host: 'API.Acme.dev',
    basePath: '/api/',
    schemes: ['http', 'https'],
    definitions: { Order: { properties: { amount: { type: 'integer' }, note: { type: 'string' } } } },
    paths: {
      '/orders': {
        post: {
          operationId: 'createOrder',
          parameters: [{ in: 'body', name: 'order', schema: { $ref: '#/definitions/Order' } }],
        },
      },
      '/orders/{order_id}/pay': {
        post: {
          operationId: 'payOrder',
          parameters: [
            { in: 'path', name: 'order_id', type: 'integer' },
            { in: 'formData', name: 'currency', type: 'string' },
            { in: 'formData', name: 'card_number', type: 'string' },
            { in: 'query', name: 'dry-run', type: 'boolean' },
          ],
        },
      },
    },
  };
  assert.deepEqual(readOpenApi(swagger).faults, []);
  assert.equal(meaning(swagger, 'POST /api/orders {"amount":5,"note":"x"}'), 'acme.create_order write order amount=5');
  assert.equal(
    meaning(swagger, 'POST /api/orders/7/pay?dry-run=true currency=usd&card_number=4242'),
    'acme.pay_order write order:7 dry_run=true currency=usd',
  );
});

test('servers are hosts over https on port 443, with base paths, and what is no such host is told', () => {
  const of = (servers: unknown, item: object = {}) =>
    readOpenApi({ openapi: '3.0.0', servers, paths: { '/x': { get: { operationId: 'x' }, ...item } } });
  const variables = {
    region: { enum: ['eu', 'us'], default: 'eu' },
    version: { default: 'v1' },
    tenant: { default: 'a' },
  };
  const several = of([
    { url: 'https://{region}.acme.dev/{version}', variables },
    { url: 'https://{tenant}.acme.app:443/other/', variables },
  ]);
  assert.deepEqual(several.hosts, ['*.acme.app', 'eu.acme.dev', 'us.acme.dev']);
  assert.deepEqual(Object.keys(several.routes), ['GET /v1/x', 'GET /other/x']);
  assert.deepEqual(several.faults, []);
  assert.deepEqual(of([{ url: '/api' }]), {
    routes: { 'GET /api/x': { action: 'x', resource: 'x' } },
    hosts: [],
    faults: [],
  });
  assert.deepEqual(Object.keys(of(undefined).routes), ['GET /x']);
  assert.deepEqual(of([{ url: 'https://a.dev' }], { servers: [{ url: 'https://b.dev/up' }] }), {
    routes: { 'GET /up/x': { action: 'x', resource: 'x' } },
    hosts: ['a.dev', 'b.dev'],
    faults: [],
  });
  for (const url of ['http://api.acme.dev', 'https://api.acme.dev:8443', 'wss://api.acme.dev', 'https://10_0.x/']) {
    const { hosts, faults } = of([{ url }]);
    assert.deepEqual(hosts, []);
    assert.equal(faults.length, 1);
    assert.match(faults[0]!, /^The server .* is left out: /);
  }
});

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
