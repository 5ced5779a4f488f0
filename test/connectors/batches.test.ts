/** Requests that do several things, or that can be read in two ways: every reading is decided, and none of them gets lost. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import entra from '../../connectors/entra.js';
import hashivault from '../../connectors/hashivault.js';
import { openCatalog } from '../../src/action/catalog.js';
import { exampleRequest } from '../../src/action/examples.js';

const catalog = openCatalog([entra, hashivault], { hosts: { hashivault: { main: 'vault.test' } }, whole: true });

/** What a request would do, the strictest first: `name resource`. */
function meanings(line: string, host: string): readonly string[] {
  const { action, resource, also = [] } = catalog.classify(exampleRequest(line, host));
  return [{ action, resource }, ...also].map(one => `${one.action.name} ${one.resource.type}:${one.resource.id}`);
}

const graph = (line: string): readonly string[] => meanings(line, 'graph.microsoft.com');

test('each request of a batch to Microsoft Graph is what it would be by itself, and one that is not known spoils the credential', () => {
  const part = fc.constantFrom<readonly [string, string, unknown?]>(
    ['GET', '/users/u1'],
    ['DELETE', '/users/u2'],
    ['PATCH', '/users/u3', { accountEnabled: false }],
    ['POST', '/groups/g1/members/$ref', { '@odata.id': 'https://graph.microsoft.com/v1.0/directoryObjects/u4' }],
    ['POST', '/users/u5/revokeSignInSessions'],
    ['GET', '/drives/d1'],
    ['DELETE', '/users/u6/'],
  );
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 20 }), parts => {
      const alone = parts.flatMap(([method, path, body]) =>
        graph(`${method} /v1.0${path}${body === undefined ? '' : ` ${JSON.stringify(body)}`}`),
      );
      const requests = parts.map(([method, url, body], i) => ({
        id: `${i}`,
        method,
        url,
        ...(body !== undefined && { body }),
      }));
      const line = `POST /v1.0/$batch ${JSON.stringify({ requests })}`;
      const together = graph(line);
      assert.deepEqual([...together].sort(), [...alone].sort());
      const { typed, also = [] } = catalog.classify(exampleRequest(line, 'graph.microsoft.com'));
      const known = parts.every(([, path]) => !/drives|\/$/.test(path));
      assert.equal(typed && also.every(one => one.typed), known);
    }),
    { numRuns: 200 },
  );
});

test('a change of a user that disables the account and does more is all of it', () => {
  assert.deepEqual(
    graph('PATCH /v1.0/users/u1 {"accountEnabled":false,"jobTitle":"x","passwordProfile":{}}').toSorted(),
    ['entra.user.disable user:u1', 'entra.user.reset_password user:u1', 'entra.user.update user:u1'],
  );
  for (const body of ['{"accountEnabled":false,"AccountEnabled":true}', '{"accountEnabled":null}', '[]', '"x"', ''])
    assert.deepEqual(graph(`PATCH /v1.0/users/u1 ${body}`), ['entra.unclassified host:graph.microsoft.com'], body);
});

test('a user has one name in every spelling of the path, and a key that is no id has none', () => {
  for (const path of ['users/ADA%40acme.dev', "users('ada@acme.dev')", 'Users/ada@acme.dev', 'users/%61da@acme.dev'])
    assert.deepEqual(graph(`DELETE /v1.0/${path}`), ['entra.user.delete user:ada@acme.dev'], path);
  for (const path of [
    "users(id='u1')",
    "users('u1','u2')",
    'users/u1%2Fx',
    "users('u1')x",
    'users/u1/',
    'users/members',
    'users//u1',
  ])
    assert.deepEqual(graph(`DELETE /v1.0/${path}`), ['entra.unclassified host:graph.microsoft.com'], path);
});

test('a path of Vault that fits two mounts is the secret of either', () => {
  const vault = (line: string): readonly string[] => meanings(line, 'vault.test');
  assert.deepEqual(vault('DELETE /v1/teams/data/metadata/db').toSorted(), [
    'hashivault.kv.delete secret:main/teams/metadata/db',
    'hashivault.kv.metadata.delete secret:main/teams/data/db',
  ]);
  // Version 1 has no words of its own, so what is deleted there is gone.
  const [first] = vault('DELETE /v1/secret/teams/data/db');
  assert.equal(first, 'hashivault.kv.delete secret:main/secret/teams/db');
  assert.equal(vault('DELETE /v1/secret/teams/data/db')[1], 'hashivault.kv.delete secret:main/secret/teams/data/db');
  // The words of the engine below a guarded path are nobody's secret.
  for (const root of ['sys', 'auth', 'identity', 'acme/auth', 'acme/sys'])
    for (const word of ['data', 'metadata', 'destroy', 'delete'])
      for (const [method, body] of [
        ['POST', ' {}'],
        ['GET', ''],
        ['DELETE', ''],
      ] as const) {
        const { action } = catalog.classify(exampleRequest(`${method} /v1/${root}/x/${word}/y${body}`, 'vault.test'));
        assert.doesNotMatch(action.name, /\.kv\./);
        assert.equal(action.access, 'permissions', `${method} ${root} ${word}`);
      }
});
