/** Other spellings of a request, which an API may take for another one: never milder than what it would take it for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generated } from '../../bin/proxy/generated.js';
import { connectors } from '../../connectors/index.js';
import { openCatalog } from '../../src/action/catalog.js';
import { describe, exampleRequest } from '../../src/action/examples.js';
import type { CanonicalRequest, Field } from '../../src/model.js';

const catalog = openCatalog(connectors, { generated, whole: true });

const whatIs = (host: string, line: string, fields: readonly Field[] = []) => {
  const request = exampleRequest(line, host);
  return catalog.classify({ ...request, fields: [...request.fields, ...fields] } as CanonicalRequest);
};

test('a query that replaces the method or a header field is unclassified, at every API', () => {
  const queries = ['$httpMethod=DELETE', '%24HTTPMETHOD=DELETE', '$httpHeaders=X-HTTP-Method-Override%3ADELETE'];
  const hosts = connectors.flatMap(({ hosts: [host] }) => (host === undefined || host.includes('*') ? [] : [host]));
  for (const query of [...queries, 'X-HTTP-Method-Override=DELETE', '_METHOD=delete'])
    for (const host of [...hosts, 'unknown.example']) {
      const { action, typed } = whatIs(host, `POST /gmail/v1/users/me/messages/send?${query}`);
      assert.ok(!typed && action.access === 'permissions' && action.unknown.includes('method'), `${host} ${query}`);
    }
});

test('a parameter of the query is unknown when the body has it too, or alone', () => {
  const line = 'DELETE /repos/acme/site/actions/caches';
  assert.match(describe(whatIs('api.github.com', `${line}?key=a`)), /key=a$/);
  assert.match(describe(whatIs('api.github.com', `${line}?key=a {"key":"b"}`)), /\?key$/);
  assert.match(describe(whatIs('api.github.com', `${line} {"key":"b"}`)), /\?key$/);
  assert.match(describe(whatIs('api.github.com', 'GET /repos/acme/site/contents/a {"ref":"b"}')), /\?ref$/);
});

test('a header field with a low line for a hyphen is not taken for absent, and not for the field', () => {
  const line = 'POST /v1/payouts amount=5&currency=usd';
  for (const fields of [
    [['Stripe_Account', 'acct_7']],
    [
      ['Stripe-Account', 'acct_1'],
      ['stripe_account', 'acct_7'],
    ],
  ])
    assert.match(describe(whatIs('api.stripe.com', line, fields as unknown as Field[])), /\?account$/);
});

test('a member in the other way to join words is unknown', () => {
  const line = 'POST /drive/v3/files/f1/permissions';
  const { action } = whatIs(
    'www.googleapis.com',
    `${line}?transfer_ownership=true {"role":"owner","email_address":"x@y"}`,
  );
  assert.deepEqual([...action.unknown].sort(), ['email_address', 'transfer_ownership']);
  assert.deepEqual(action.parameters, { role: 'owner' });
});

test('whose Stripe account it is for is not said in secret', () => {
  for (const name of ['_stripe_account', '_stripe_context', '_Stripe_Account'])
    for (const line of [`POST /v1/refunds charge=ch_1&${name}=acct_7`, `GET /v1/charges?${name}=acct_7`]) {
      const { action, typed } = whatIs('api.stripe.com', line);
      assert.ok(!typed && action.unknown.includes('impersonation'), line);
    }
});

test('a secret of GitHub has one spelling, and a ref one name', () => {
  const put = (path: string): string => describe(whatIs('api.github.com', `PUT ${path} {}`));
  assert.match(put('/repos/acme/site/actions/secrets/prod_key'), /name=PROD_KEY$/);
  assert.match(put('/orgs/acme/actions/secrets/Prod_Key'), /secret_name=PROD_KEY$/);
  for (const ref of ['heads/main', 'heads%2Fmain', 'refs/heads/main', 'refs%2Fheads%2Fmain']) {
    const deleted = describe(whatIs('api.github.com', `DELETE /repos/acme/site/git/refs/${ref}`));
    assert.match(deleted, /^github\.branch\.delete .*branch=main$/, ref);
  }
});

test('a Twilio resource with a format behind it is not another one', () => {
  for (const format of ['json', 'xml', 'CSV'])
    assert.ok(!whatIs('chat.twilio.com', `DELETE /v2/Services/IS1.${format}`).typed);
  assert.ok(whatIs('chat.twilio.com', 'DELETE /v2/Services/IS1').typed);
  assert.ok(whatIs('api.twilio.com', 'GET /2010-04-01/Accounts/AC1/Messages/SM1.json').typed);
});

test('a file that goes to several Slack channels at once is about none of them alone', () => {
  const path = 'POST /api/files.completeUploadExternal';
  assert.ok(!whatIs('slack.com', `${path} {"files":[],"channels":"C1,C2"}`).typed);
  assert.ok(!whatIs('slack.com', `${path} {"files":[],"channel_id":"C1","channels":"C2"}`).typed);
  assert.equal(whatIs('slack.com', `${path} {"files":[],"channel_id":"C1"}`).resource.id, 'C1');
});

test('what names nothing that it is about may be about anything', () => {
  const { unknown } = whatIs('slack.com', 'GET /api/files.list').action;
  assert.deepEqual(unknown, ['resource']);
  assert.deepEqual(whatIs('slack.com', 'GET /api/files.list?channel=C1').action.unknown, []);
  assert.deepEqual(whatIs('slack.com', 'POST /api/files.list {"channel":""}').action.unknown, ['resource']);
});

test('a thing has one name, however its identifier is written', () => {
  const id = '0a1b2c3d4e5f60718293a4b5c6d7e8f9';
  const same: readonly (readonly [string, string, readonly string[]])[] = [
    [
      'api.notion.com',
      'GET /v1/pages/{}',
      [id, id.toUpperCase(), '0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9', '0A1B2C3D-4E5F-6071-8293-A4B5C6D7E8F9'],
    ],
    ['gmail.googleapis.com', 'GET /gmail/v1/users/{}/messages', ['ann@acme.dev', 'Ann@ACME.dev', 'Ann%40acme.dev']],
    ['admin.googleapis.com', 'DELETE /admin/directory/v1/users/{}', ['ann@acme.dev', 'ANN@acme.dev']],
    ['api.cloudflare.com', 'DELETE /client/v4/zones/{}', [id, id.toUpperCase()]],
    ['chat.twilio.com', 'DELETE /v2/Services/{}', [`IS${id}`, `is${id}`, `IS${id.toUpperCase()}`]],
    ['api.github.com', 'DELETE /repos/{}', ['acme/site', 'Acme/SITE', 'acm%65/site']],
  ];
  for (const [host, line, spellings] of same) {
    const found = spellings.map(one => describe(whatIs(host, line.replace('{}', one))));
    assert.equal(new Set(found).size, 1, found.join('\n'));
    assert.ok(!found[0]!.includes('unclassified'), found[0]);
  }
});
