/** Other spellings of requests to clusters, vaults, directories, registries and trackers: never milder than what they are taken for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generated } from '../../bin/proxy/generated.js';
import { exampleHosts } from '../../connectors/examples/index.js';
import { connectors } from '../../connectors/index.js';
import { openCatalog } from '../../src/action/catalog.js';
import { describe, exampleRequest } from '../../src/action/examples.js';
import type { Classified, Field } from '../../src/model.js';

const catalog = openCatalog(connectors, { generated, hosts: exampleHosts });

const at =
  (host: string) =>
  (line: string, fields: readonly Field[] = []): Classified =>
    catalog.classify(exampleRequest(line, host, fields));

const cluster = at('kubernetes.default.svc');
const vault = at('vault.example.com');
const graph = at('graph.microsoft.com');
const npm = at('registry.npmjs.org');
const oci = at('ghcr.io');
const jira = at('acme.atlassian.net');

/** Everything that a request would do. */
const all = ({ also = [], ...first }: Classified): readonly Classified[] => [first, ...also];
const names = (found: Classified): readonly string[] => all(found).map(({ action }) => action.name);

const web = '/api/v1/namespaces/web';

test('what reads, or acts through a pod or with a token, is never a dry run', () => {
  const dry = ({ action }: Classified): unknown => [action.parameters.dry_run, action.unknown.includes('dry_run')];
  for (const line of [
    `POST ${web}/pods/api-0/exec?command=sh&dryRun=All`,
    `GET ${web}/pods/api-0/attach?dryRun=All`,
    `POST ${web}/pods/api-0/portforward?dryRun=All`,
    `POST ${web}/pods/api-0/proxy/orders?dryRun=All {}`,
    `DELETE ${web}/services/api/proxy/orders?dryRun=All`,
    'PUT /api/v1/nodes/n1/proxy/run?dryRun=All {}',
    `POST ${web}/serviceaccounts/ci/token?dryRun=All {}`,
    `PATCH ${web}/pods/api-0/ephemeralcontainers?dryRun=All {}`,
    `GET ${web}/secrets/db?dryRun=All`,
    `HEAD ${web}/secrets/db?dryRun=All`,
    `GET ${web}/secrets?dryRun=All`,
    `GET ${web}/secrets?watch=1&dryRun=All`,
  ]) {
    const found = cluster(line);
    assert.ok(found.typed, line);
    assert.deepEqual(dry(found), [false, false], line);
  }
  // What would only be kept is one.
  assert.deepEqual(dry(cluster(`POST ${web}/secrets?dryRun=All {}`)), [true, false]);
  assert.deepEqual(dry(cluster(`DELETE ${web}/pods/api-0?dryRun=All`)), [true, false]);
});

test('whoever asks a cluster to be taken for somebody else, in part or in whole, is unclassified', () => {
  for (const what of ['User', 'Group', 'Uid', 'Extra-scopes', 'Extra-acme.dev%2Fteam'])
    for (const name of [`Impersonate-${what}`, `impersonate-${what}`, `IMPERSONATE_${what}`])
      for (const line of [`GET ${web}/pods`, `DELETE ${web}/pods/api-0`, 'GET /version', 'GET /nowhere']) {
        const { action, typed } = cluster(line, [[name, 'admin']]);
        assert.ok(!typed, `${line} ${name}`);
        assert.deepEqual([action.access, action.unknown], ['permissions', ['impersonate']], `${line} ${name}`);
      }
  assert.ok(cluster(`GET ${web}/pods`, [['Impersonated', 'admin']]).typed);
});

test('a path in the engine of another kind that reads like a secret is both', () => {
  const path = 'transit/export/encryption-key/data/1';
  const both = ['hashivault.logical.read', 'hashivault.kv.get'];
  const found = vault(`GET /v1/${path}`);
  assert.deepEqual(all(found).map(describe), [
    `hashivault.logical.read permissions path:main/${path} path=${path}`,
    'hashivault.kv.get read secret:main/transit/export/encryption-key/1 mount=transit/export/encryption-key secret="1"',
  ]);
  // A namespace may stand in a header field, or in the path.
  assert.deepEqual(names(vault(`GET /v1/${path}`, [['X-Vault-Namespace', 'acme']])), both);
  assert.deepEqual(names(vault(`GET /v1/acme/${path}`)), both);
  assert.deepEqual(names(vault('GET /v1/aws/creds/data/x')), both);
  assert.deepEqual(names(vault('GET /v1/secret/data/transit/export')), ['hashivault.kv.get']);
});

test('a request to a Vault that would overrule its policies is unclassified', () => {
  for (const line of ['GET /v1/secret/data/db', 'LIST /v1/secret/metadata/', 'PUT /v1/sys/policies/acl/admin {}'])
    for (const name of ['X-Vault-Policy-Override', 'x-vault-policy-override', 'X_Vault_Policy_Override']) {
      assert.ok(vault(line).typed, line);
      assert.equal(vault(line, [[name, 'true']]).action.name, 'hashivault.unclassified', `${line} ${name}`);
    }
});

const batch = (requests: string): Classified => graph(`POST /v1.0/$batch {${requests}}`);

test('a batch of Microsoft Graph whose members are there twice in two cases is unclassified', () => {
  const get = '{"id":"1","method":"GET","url":"/users/u1"}';
  assert.equal(batch(`"requests":[${get}]`).action.name, 'entra.user.get');
  assert.equal(batch(`"Requests":[${get.replace('method', 'Method')}]`).action.name, 'entra.user.get');
  assert.equal(batch(`"requests":[${get}],"Requests":[${get}]`).action.name, 'entra.unclassified');
  for (const twice of ['"Method":"DELETE"', '"URL":"/users/u2"', '"Headers":{},"headers":{}']) {
    const found = batch(`"requests":[${get},${get.replace('{', `{${twice},`)}]`);
    assert.deepEqual(names(found), ['entra.unclassified', 'entra.user.get'], twice);
    assert.deepEqual([found.action.access, found.action.unknown], ['permissions', ['batch']], twice);
  }
});

test('a member that is named twice in two cases is not told', () => {
  const add = (json: string): string => describe(graph(`POST /v1.0/groups/g1/members/$ref {${json}}`));
  const id = (name: string, who: string): string =>
    `"${name}":"https://graph.microsoft.com/v1.0/directoryObjects/${who}"`;
  assert.equal(add(id('@odata.id', 'u1')), 'entra.group.member.add permissions group:g1 member=u1');
  assert.equal(add(id('@OData.Id', 'U1')), 'entra.group.member.add permissions group:g1 member=u1');
  const twice = 'entra.group.member.add permissions group:g1 ?member';
  assert.equal(add(`${id('@odata.id', 'u1')},${id('@OData.id', 'u2')}`), twice);
  assert.equal(add(`${id('@odata.ID', 'u2')},${id('@odata.id', 'u1')}`), twice);
});

test('who is in a group by rule, and what a user signs in with, are more than updates', () => {
  const found = (line: string): readonly string[] =>
    all(graph(line)).map(({ action, resource }) => `${action.name} ${action.access} ${resource.id}`);
  for (const name of ['membershipRule', 'MembershipRule', 'membershipRuleProcessingState'])
    assert.deepEqual(found(`PATCH /v1.0/groups/g1 {"${name}":"x","description":"y"}`), [
      'entra.group.membership_rule.set permissions g1',
      'entra.group.update write g1',
    ]);
  for (const name of ['userPrincipalName', 'identities', 'onPremisesImmutableId', 'authorizationInfo', 'IDENTITIES'])
    assert.deepEqual(found(`PATCH /v1.0/users/u1 {"${name}":"x"}`), ['entra.user.sign_in.set permissions u1'], name);
  for (const name of ['membershipRule', 'isAssignableToRole', 'ISASSIGNABLETOROLE', 'members@odata.bind'])
    assert.deepEqual(found(`POST /v1.0/groups {"${name}":"x"}`), ['entra.group.create permissions '], name);
  assert.deepEqual(found('POST /v1.0/groups {"displayName":"x"}'), ['entra.group.create write ']);
  // Who that is isn't in the request.
  for (const me of ['me', 'users/me', 'Users/ME', "users('me')"]) {
    const { action, also = [] } = graph(`PATCH /v1.0/${me} {"userPrincipalName":"x","jobTitle":"y"}`);
    assert.equal(action.name, 'entra.user.sign_in.set', me);
    for (const one of [action, ...also.map(({ action }) => action)]) assert.ok(one.unknown.includes('resource'), me);
  }
});

test('a package whose document names another one is unclassified', () => {
  for (const path of ['/@acme%2fapp', '/@acme/app', '/@acme%2fapp/-rev/1-a']) {
    const put = (json: string): Classified => npm(`PUT ${path} {"_attachments":{"a.tgz":{}},${json}}`);
    assert.ok(put('"_id":"@acme/app","name":"@acme/app","versions":{"1.0.0":{"name":"@acme/app"}}').typed, path);
    for (const other of ['"@acme/other"', '"app"', '"@Acme/app"', '"@acme%2fapp"', 'null', '["@acme/app"]'])
      for (const json of [
        `"_id":${other},"name":"@acme/app"`,
        `"_id":"@acme/app","name":${other}`,
        `"_id":"@acme/app","name":"@acme/app","versions":{"1.0.0":{"name":"@acme/app"},"1.0.1":{"name":${other}}}`,
      ])
        assert.equal(put(json).action.name, 'npm.unclassified', `${path} ${json}`);
  }
});

const mount = (query: string): readonly Classified[] =>
  all(oci(`POST /v2/acme/app/blobs/uploads/?mount=sha256:12ab${query}`));

test("an image that a blob is taken from and that can't be told may be any", () => {
  assert.deepEqual(mount('&from=acme/base').map(describe), [
    'oci.blob.mount write image:ghcr.io/acme/app digest=sha256:12ab from=acme/base',
    'oci.blob.get read image:ghcr.io/acme/base',
  ]);
  const any = [
    'oci.blob.mount write image:ghcr.io/acme/app digest=sha256:12ab ?from',
    'oci.blob.get read image ?resource',
  ];
  const twice = ['acme/base&from=acme/other', 'acme/base&from=acme/base', '&from='];
  const cut = ['', '/acme/base', 'acme/base/', 'acme//base', 'acme/../base', 'acme%2F..%2Fbase', 'acme/./base'];
  const odd = ['Acme/Base', 'acme/_base', 'acme/b..e', 'ghcr.io:443/acme/base', 'acme%252fbase'];
  for (const from of [...twice, ...cut, ...odd]) assert.deepEqual(mount(`&from=${from}`).map(describe), any, from);
  for (const from of ['a', 'a.b/c_d/e__f/g---h', 'acme/%62ase'])
    assert.deepEqual(mount(`&from=${from}`)[1]?.resource.id, `ghcr.io/${decodeURIComponent(from)}`);
});

test('an image that a mirror takes from a registry which the query names may be any', () => {
  const image = '/v2/library/alpine';
  for (const line of [
    ...['GET', 'HEAD', 'DELETE'].map(method => `${method} ${image}/manifests/latest`),
    ...[`GET ${image}/blobs/sha256:12ab`, `GET ${image}/tags/list`, `POST ${image}/blobs/uploads/`],
    `POST ${image}/blobs/uploads/?mount=sha256:12ab&from=acme/base`,
  ]) {
    const more = line.includes('?') ? '&' : '?';
    for (const one of all(oci(line))) assert.deepEqual(one.action.unknown, [], line);
    for (const ns of ['ns=docker.io', 'ns=', 'ns=docker.io&ns=quay.io', '%6es=docker.io'])
      for (const one of all(oci(`${line}${more}${ns}`)))
        assert.deepEqual(one.action.unknown, ['resource'], `${line} ${ns}`);
  }
});

test('an issue of Jira is the same in any case of its key', () => {
  for (const line of [
    ...['GET /rest/api/3/issue/{}', 'DELETE /rest/api/2/issue/{}', 'POST /rest/api/3/issue/{}/transitions {}'],
    ...['DELETE /rest/api/3/issue/{}/watchers', 'GET /rest/agile/1.0/issue/{}', 'GET /rest/agile/1.0/epic/{}'],
    'DELETE /rest/servicedeskapi/request/{}/participant',
  ])
    for (const key of ['SEC-1', 'sec-1', 'Sec-1', '%73ec-1']) {
      const found = jira(line.replace('{}', key));
      assert.ok(found.typed, line);
      assert.equal(found.resource.id, 'SEC-1', `${line} ${key}`);
    }
  // A project's key is not an issue's.
  assert.equal(jira('GET /rest/api/3/project/sec').resource.id, 'sec');
});
