/** Import: descriptions of APIs in the forms in which they come. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { printConnector } from '../../bin/proxy/connector-file.js';
import { parseOwn } from '../../bin/proxy/connectors.js';
import { openCatalog } from '../../src/action/catalog.js';
import { checkExamples, readExamples } from '../../src/action/examples.js';
import { readDescription } from '../../src/action/import/index.js';

const parameter = { location: 'path', required: true, type: 'string' };
const discovery = {
  discoveryVersion: 'v1',
  title: 'Things',
  version: 'v1',
  rootUrl: 'https://things.googleapis.com/',
  servicePath: 'v1/',
  schemas: {
    Part: { type: 'object' },
    Thing: { type: 'object', properties: { state: { type: 'string', enum: ['on'] }, part: { $ref: 'Part' } } },
  },
  resources: {
    things: {
      methods: {
        get: { id: 'things.get', path: 'things/{id}', httpMethod: 'GET', parameters: { id: parameter } },
        insert: {
          id: 'things.insert',
          path: 'things',
          httpMethod: 'POST',
          request: { $ref: 'Thing' },
          mediaUpload: { protocols: { simple: { path: '/upload/v1/things' } } },
        },
      },
      resources: {
        parts: {
          methods: {
            delete: {
              id: 'things.parts.delete',
              path: '{+name}',
              httpMethod: 'DELETE',
              parameters: { name: parameter },
            },
          },
        },
      },
    },
  },
};

test('a Google discovery document gives its methods, uploads and names of several segments', () => {
  const { kind, title, hosts, routes, scheme, faults } = readDescription(discovery);
  assert.deepEqual(
    [kind, title, hosts, scheme, faults],
    ['Google discovery', 'Things v1', ['things.googleapis.com'], 'bearer', []],
  );
  assert.deepEqual(
    Object.entries(routes).map(([key, route]) => `${key} ${(route as { action: string }).action}`),
    [
      'GET /v1/things/{id} things.get',
      'POST /v1/things things.insert',
      'POST /upload/v1/things things.insert.upload',
      'DELETE /v1/{name+} things.parts.delete',
    ],
  );
  assert.deepEqual((routes['POST /v1/things'] as { parameters: unknown }).parameters, {
    state: 'body#/state as string',
  });
});

const operation = (requestUri: string) => ({ http: { method: 'POST', requestUri }, input: { shape: 'In' } });
const shapes = {
  In: {
    type: 'structure',
    members: { Name: { shape: 'S', location: 'uri', locationName: 'Name' }, Mode: { shape: 'E' } },
  },
  S: { type: 'string' },
  E: { type: 'string', enum: ['a'] },
};

test('an AWS model of a REST protocol gives its paths', () => {
  const { routes, hosts, scheme, title } = readDescription({
    metadata: {
      protocol: 'rest-json',
      endpointPrefix: 'lambda',
      serviceFullName: 'AWS Lambda',
      apiVersion: '2015-03-31',
    },
    operations: { Invoke: operation('/2015-03-31/functions/{Name}/invocations'), PutKey: operation('/keys/{Name+}') },
    shapes,
  });
  assert.deepEqual([scheme, title], ['sigv4', 'AWS Lambda 2015-03-31']);
  assert.ok(hosts.includes('lambda.*.amazonaws.com'));
  assert.deepEqual(Object.keys(routes), ['POST /2015-03-31/functions/{name}/invocations', 'POST /keys/{name+}']);
});

test('an AWS model of a protocol with one path gives a row for each operation that a request may name', () => {
  const json = readDescription({
    metadata: { protocol: 'json', endpointPrefix: 'dynamodb', targetPrefix: 'DynamoDB_20120810' },
    operations: { DeleteTable: operation('/'), GetItem: operation('/') },
    shapes,
  });
  assert.deepEqual(json.routes['POST /'], [
    {
      action: 'delete_table',
      access: 'delete',
      hints: ['destructive'],
      parameters: { mode: 'body#/Mode as string' },
      when: { 'header.x-amz-target': 'DynamoDB_20120810.DeleteTable' },
    },
    {
      action: 'get_item',
      access: 'read',
      parameters: { mode: 'body#/Mode as string' },
      when: { 'header.x-amz-target': 'DynamoDB_20120810.GetItem' },
    },
  ]);
  const query = readDescription({
    metadata: { protocol: 'query', endpointPrefix: 'iam', globalEndpoint: 'iam.amazonaws.com' },
    operations: { CreateUser: operation('/') },
    shapes,
  });
  assert.deepEqual(query.hosts, ['iam.amazonaws.com']);
  assert.deepEqual((query.routes['POST /'] as readonly { when: unknown }[])[0]!.when, { 'body#/Action': 'CreateUser' });
});

test('how credentials are sent is read from what the API says of its security', () => {
  const scheme = (security: object): unknown =>
    readDescription({ openapi: '3.1.0', paths: {}, components: { securitySchemes: { s: security } } }).scheme;
  assert.equal(scheme({ type: 'http', scheme: 'Bearer' }), 'bearer');
  assert.equal(scheme({ type: 'http', scheme: 'basic' }), 'basic');
  assert.equal(scheme({ type: 'apiKey', in: 'header', name: 'X-Key' }), 'header:X-Key');
  assert.equal(scheme({ type: 'apiKey', in: 'header', name: 'authorization' }), 'bearer');
  assert.equal(scheme({ type: 'apiKey', in: 'query', name: 'key' }), 'query:key');
  assert.equal(scheme({ type: 'apiKey', in: 'cookie', name: 'sid' }), null);
  assert.equal(scheme({ type: 'oauth2', flows: {} }), 'bearer');
  assert.equal(readDescription({ swagger: '2.0', securityDefinitions: { b: { type: 'basic' } } }).scheme, 'basic');
});

test('what is no description is told in a sentence, and nothing throws', () => {
  for (const document of [null, 1, 'x', [], {}, { smithy: '1.0' }, { openapi: 4 }])
    assert.ok(readDescription(document).faults.length > 0);
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom('openapi', 'discoveryVersion', 'metadata', 'paths'), (value, key) => {
      for (const document of [
        value,
        { [key]: value },
        { ...discovery, resources: value },
        { ...discovery, schemas: value },
      ])
        assert.ok(Array.isArray(readDescription(document).faults));
    }),
  );
});

test('the examples of a new connector file have a request for each of its rows, and are what they say', () => {
  const models = [
    { protocol: 'json', endpointPrefix: 'dynamodb', targetPrefix: 'DynamoDB_20120810' },
    { protocol: 'query', endpointPrefix: 'iam', globalEndpoint: 'iam.amazonaws.com' },
  ];
  for (const metadata of models) {
    const imported = readDescription({
      metadata,
      operations: { DeleteTable: operation('/'), GetItem: operation('/') },
      shapes,
    });
    const { hosts, scheme } = imported;
    const text = printConnector({ name: 'acme', from: 'model.json', hosts, imported, scheme: scheme!, env: [] });
    const { connector, examples } = parseOwn(text, 'acme.yaml');
    const catalog = openCatalog([connector], { whole: true });
    const read = readExamples(examples, hosts[0]!.replaceAll('*', 'example'));
    assert.deepEqual(
      read.map(({ expected }) => expected.split(' ')[0]),
      ['acme.delete_table', 'acme.get_item'],
    );
    assert.deepEqual(checkExamples(catalog, read), []);
  }
});

test('methods of a Google document that share the path `{+name}` are told apart by their flat paths', () => {
  const method = (id: string, flatPath: string) => ({
    id,
    flatPath,
    path: 'v1/{+name}',
    httpMethod: 'DELETE',
    parameters: { name: parameter },
  });
  const { routes } = readDescription({
    ...discovery,
    servicePath: '',
    resources: {
      projects: { methods: { delete: method('projects.delete', 'v1/projects/{projectsId}') } },
      secrets: { methods: { delete: method('secrets.delete', 'v1/projects/{projectsId}/secrets/{secretsId}') } },
    },
  });
  assert.deepEqual(
    Object.entries(routes).map(([key, row]) => `${key} ${(row as { action: string }).action}`),
    [
      'DELETE /v1/projects/{projects_id} projects.delete',
      'DELETE /v1/projects/{projects_id}/secrets/{secrets_id} secrets.delete',
    ],
  );
});
