/** Descriptions of APIs: what they say becomes rows, and what they can't say becomes a sentence. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openCatalog } from '../../src/action/catalog.js';
import { describe, exampleRequest } from '../../src/action/examples.js';
import { readOpenApi } from '../../src/action/openapi/index.js';

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
