/** Tables: generated rows under an overlay, functions, batches, patterns of hosts and hosts of the operator's own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openCatalog } from '../../src/action/catalog.js';
import { exampleRequest } from '../../src/action/examples.js';
import type { Classified, Connector, Generated } from '../../src/model.js';

const acme: Connector = { name: 'acme', hosts: ['api.acme.dev'], routes: { 'GET /': { action: 'root' } } };

const generated: Generated = {
  sources: [],
  routes: {
    'GET /users/{user_id}': { action: 'users.get', parameters: { user: 'path.user_id' } },
    'POST /users/{user_id}/keys': { action: 'users.keys.create' },
    'GET /accounts/{sid}.json': { action: 'accounts.fetch', parameters: { sid: 'path.sid' } },
    'GET /accounts/{sid}': { action: 'accounts.page' },
  },
  data: { verbs: ['go'] },
};

const wide = openCatalog(
  [
    {
      name: 'wide',
      hosts: ['api.wide.dev', '*.s3.*.wide.dev', 'queue.*.wide.dev', '*.any.dev'],
      configurable: true,
      generated: 'wide',
      routes: {
        'GET /users/{user}': { action: 'person.get', resource: 'person:{user}' },
        'POST /batch': request =>
          (request.json as readonly string[]).map(verb => ({
            action: verb,
            access: verb === 'drop' ? 'delete' : 'read',
            resource: `at:${request.instance}`,
          })),
        'POST /verb': (_request, _path, data) => ({
          action: (data as { readonly verbs: readonly string[] }).verbs[0]!,
          aliases: ['move'],
          hints: ['irreversible'],
          unknown: ['resource'],
        }),
      },
    },
  ],
  { generated: () => generated, hosts: { wide: { lab: 'lab.corp:8443' } }, whole: true },
);
const wideMeaning = (text: string): Classified => wide.classify(exampleRequest(text, 'api.wide.dev'));

test('a row of the overlay wins over the generated one, whose name is an alias', () => {
  const { action, resource } = wideMeaning('GET /users/u1');
  assert.deepEqual([action.name, action.aliases, resource.id], ['wide.person.get', ['wide.users.get'], 'u1']);
  assert.equal(wideMeaning('POST /users/u1/keys').action.name, 'wide.users.keys.create');
  assert.deepEqual(wideMeaning('GET /accounts/AC1.json').action.parameters, { sid: 'AC1' });
  assert.equal(wideMeaning('GET /accounts/AC1').action.name, 'wide.accounts.page');
  assert.equal(wideMeaning('GET /accounts/.json').action.name, 'wide.accounts.page');
});

test('a function may read the generated data, and name other names, hints and an unknown resource', () => {
  const { action } = wideMeaning('POST /verb');
  assert.deepEqual(action, {
    name: 'wide.go',
    aliases: ['wide.move'],
    connector: 'wide',
    access: 'write',
    hints: ['irreversible'],
    parameters: {},
    unknown: ['resource'],
  });
});

test('a request that would do several things is all of them, the strictest first, and fifty at most', () => {
  const { action, also } = wideMeaning('POST /batch ["look","drop","see"]');
  assert.deepEqual([action.name, ...also!.map(part => part.action.name)], ['wide.drop', 'wide.look', 'wide.see']);
  const many = wideMeaning(`POST /batch ${JSON.stringify(Array.from({ length: 51 }, () => 'look'))}`);
  assert.deepEqual([many.action.name, many.action.unknown, many.typed], ['wide.unclassified', ['batch'], false]);
  assert.equal(wideMeaning('POST /batch []').action.name, 'wide.unclassified');
});

test('a star in a host pattern is one label, or in front one or more', () => {
  const serves = (host: string): boolean => wide.forHost(host) !== null;
  for (const host of ['a.s3.eu.wide.dev', 'a.b.s3.eu.wide.dev', 'queue.eu.wide.dev', 'x.any.dev', 'y.x.any.dev'])
    assert.ok(serves(host), host);
  for (const host of [
    's3.eu.wide.dev',
    'queue.a.b.wide.dev',
    'queue.wide.dev',
    'any.dev',
    'wide.dev',
    'x.api.wide.dev',
  ])
    assert.ok(!serves(host), host);
});

test('a host of the operator’s own is served on its port, and known by the name they gave it', () => {
  const { resource, typed } = wideMeaning('POST https://lab.corp:8443/batch ["look"]');
  assert.deepEqual([resource, typed], [{ type: 'at', id: 'lab' }, true]);
  assert.equal(wideMeaning('POST https://lab.corp/batch ["look"]').action.name, 'http.post');
  assert.equal(wideMeaning('POST https://api.wide.dev:8443/batch ["look"]').action.name, 'wide.unclassified');
  assert.throws(
    () => openCatalog([acme], { hosts: { acme: { x: 'y.dev' }, zz: {} } }),
    /none can be added[\s\S]*no such/,
  );
});

test('without its generated table an API has no actions, and its author is told', () => {
  const broken = {
    name: 'broken',
    hosts: ['api.broken.dev'],
    generated: 'broken',
    routes: { 'GET /': { action: 'x' } },
  };
  const unreadable = (): never => {
    throw new Error('ENOENT');
  };
  const lame = openCatalog([broken], { generated: unreadable });
  assert.equal(lame.classify(exampleRequest('GET /', 'api.broken.dev')).action.name, 'broken.unclassified');
  assert.throws(() => openCatalog([broken], { generated: unreadable, whole: true }), /broken\.json can't be read/);
});
