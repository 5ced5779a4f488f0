/** Tables made from SDKs: no operation of a package gets lost, and what matters most in them is what it is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generated } from '../../bin/proxy/generated.js';
import { connectors } from '../../connectors/index.js';
import { openCatalog } from '../../src/action/catalog.js';
import { exampleRequest } from '../../src/action/examples.js';
import type { RouteRow } from '../../src/model.js';

const catalog = openCatalog(connectors, { generated, whole: true });

/** All rows of an API's tables. */
const rowsOf = (name: string): RouteRow[] =>
  connectors
    .filter(connector => connector.name === name)
    .flatMap(connector => Object.values(generated(connector.generated!).routes ?? {}));

/** Names of operations in the tables of an API. Where two are one request, one of them is an alias. */
const namesIn = (name: string): Set<string> =>
  new Set(rowsOf(name).flatMap(({ action, aliases = [] }) => [action, ...aliases]));

/** As many as were counted in the packages, by other means than the generator's. */
const counted = { slack: 280, openai: 388, anthropic: 380, cloudflare: 2747, notion: 76, google: 309, twilio: 1695 };

for (const [name, count] of Object.entries(counted)) {
  test(`${name}: the table has all ${count} operations of the package`, () => {
    const found = namesIn(name);
    assert.ok(found.size >= count, `${found.size} of ${count}`);
  });
}

const whatIs = (line: string, host: string) => catalog.classify(exampleRequest(line, host)).action;

test('what gives rights away is of that access, whatever its method', () => {
  const lines: readonly (readonly [string, string])[] = [
    ['slack.com', 'POST /api/admin.users.setOwner {"team_id":"T1","user_id":"U1"}'],
    ['slack.com', 'GET /api/tooling.tokens.rotate'],
    ['api.openai.com', 'POST /v1/organization/invites {"email":"x@acme.dev","role":"owner"}'],
    ['api.anthropic.com', 'POST /v1/organizations/workspaces/w1/members {"user_id":"u1"}'],
    ['api.cloudflare.com', 'POST /client/v4/user/tokens {}'],
    ['api.cloudflare.com', 'PUT /client/v4/accounts/a1/workers/scripts/s1/secrets {"name":"K"}'],
    ['www.googleapis.com', 'POST /drive/v3/files/f1/permissions {"role":"writer","type":"anyone"}'],
    ['admin.googleapis.com', 'POST /admin/directory/v1/customer/c1/roleassignments {}'],
    ['gmail.googleapis.com', 'POST /gmail/v1/users/me/settings/delegates {}'],
    ['api.notion.com', 'POST /v1/oauth/token {}'],
    ['api.twilio.com', 'POST /2010-04-01/Accounts.json'],
    ['iam.twilio.com', 'POST /v1/Keys'],
  ];
  for (const [host, line] of lines) {
    const { name, access } = whatIs(line, host);
    assert.ok(!name.endsWith('.unclassified') && access === 'permissions', `${line} is ${name} ${access}`);
  }
});

test('no row of a table reads what people write, or a secret', () => {
  const written =
    /^(?:text|content|message|body|description|prompt|raw|input|instructions)$|(?:^|_)(?:password|token|secret|api_key)$/;
  for (const name of Object.keys(counted))
    for (const { action, parameters = {} } of rowsOf(name))
      for (const [parameter, place] of Object.entries(parameters))
        assert.ok(
          !written.test(parameter) || / as (?:boolean|number|integer)$/.test(place) || place.startsWith('path.'),
          `${name}.${action} shows ${parameter}: ${place}`,
        );
});

test('a path of one Twilio product is another thing at another, and nothing at a host that is none', () => {
  assert.equal(whatIs('GET /v2/Services/S1', 'chat.twilio.com').name, 'twilio.chat.v2.fetch_service');
  assert.equal(whatIs('GET /v2/Services/S1', 'verify.twilio.com').name, 'twilio.verify.v2.fetch_service');
  assert.equal(whatIs('GET /v2/Services/S1', 'api.twilio.com').name, 'twilio.unclassified');
  assert.equal(whatIs('GET /v2/Services/S1', 'new.twilio.com').name, 'http.get');
});
