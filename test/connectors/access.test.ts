/** How much harm an action does: over whole tables, overlays and what they are laid over. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generated } from '../../bin/proxy/generated.js';
import { connectors } from '../../connectors/index.js';
import { openCatalog } from '../../src/action/catalog.js';
import { exampleRequest } from '../../src/action/examples.js';
import { accessOf } from '../../src/action/generic.js';
import { completed, mergedRoutes } from '../../src/action/table.js';
import type { Access, RouteRow } from '../../src/model.js';

const catalog = openCatalog(connectors, { generated, whole: true });
const severity: readonly Access[] = ['list', 'read', 'write', 'delete', 'permissions'];

/** Every row of every table of this name as it counts, and the access of the generated row beneath. */
const rows = connectors.flatMap(connector => {
  const { routes } = connector.generated === undefined ? { routes: undefined } : generated(connector.generated);
  if (routes === undefined) return [];
  const usual = (key: string, row: RouteRow): Access => row.access ?? accessOf(key.split(' ', 1)[0]!);
  const beneath = new Map(Object.entries(routes).map(([key, row]) => [row.action, usual(key, row)]));
  return mergedRoutes(connector, generated(connector.generated!)).flatMap(merged => {
    const route = completed(merged);
    if (typeof route === 'function') return [];
    return [route].flat().map(row => ({
      name: `${connector.name}.${(row as RouteRow).action}`,
      key: merged.key,
      access: usual(merged.key, row as RouteRow),
      beneath: merged.alias === null ? null : (beneath.get(merged.alias) ?? null),
    }));
  });
});

/** What the overlay knows better: it asks, although its method or a word of its name says otherwise. */
const knownBetter = new Set([
  'anthropic.message.count_tokens',
  'github.release.notes',
  'gitlab.pipeline.trigger',
  'gitlab.user.delete',
  'openai.response.count_tokens',
  'openai.vector_store.search',
  'slack.user.channels',
]);

test('an overlay is never milder than the description under it, but for those that are named here', () => {
  const reading = (access: Access): number => Math.max(severity.indexOf(access), 1);
  const milder = rows.filter(({ access, beneath }) => beneath !== null && reading(access) < reading(beneath));
  assert.deepEqual(
    [...new Set(milder.map(({ name }) => name))].filter(name => !knownBetter.has(name)),
    [],
  );
  assert.ok(rows.filter(({ beneath }) => beneath !== null).length > 700);
});

const whatIs = (host: string, line: string) => catalog.classify(exampleRequest(line, host)).action;

test('a read that gives out a secret is of access permissions', () => {
  const telling: readonly (readonly [string, string])[] = [
    ['api.twilio.com', 'GET /2010-04-01/Accounts.json'],
    ['api.twilio.com', 'GET /2010-04-01/Accounts/AC1.json'],
    ['serverless.twilio.com', 'GET /v1/Services/ZS1/Environments/ZE1/Variables'],
    ['verify.twilio.com', 'GET /v2/Services/VA1/AccessTokens/YK1'],
    ['oauth.twilio.com', 'GET /v2/authorize'],
    ['admin.googleapis.com', 'GET /admin/directory/v1/users/u1/verificationCodes'],
    ['www.googleapis.com', 'GET /drive/v3/files/generateCseToken'],
    ['api.cloudflare.com', 'GET /client/v4/accounts/a1/cfd_tunnel/t1/token'],
    ['api.cloudflare.com', 'GET /client/v4/accounts/a1/challenges/widgets/w1'],
    ['api.cloudflare.com', 'GET /client/v4/accounts/a1/devices/d1/override_codes'],
    ['api.cloudflare.com', 'GET /client/v4/accounts/a1/images/v1/keys'],
    ['api.cloudflare.com', 'GET /client/v4/accounts/a1/secondary_dns/tsigs'],
    ['api.cloudflare.com', 'GET /client/v4/accounts/a1/stream/live_inputs/l1'],
    ['api.stripe.com', 'GET /v1/apps/secrets/find'],
    ['api.stripe.com', 'GET /v1/issuing/cards/ic_1?expand[]=number'],
    ['api.stripe.com', 'GET /v2/core/event_destinations/ed_1'],
    ['api.github.com', 'GET /repos/acme/site/secret-scanning/alerts'],
    ['api.github.com', 'GET /repos/acme/site/secret-scanning/alerts/7'],
    ['gitlab.com', 'GET /api/v4/projects/7/triggers'],
    ['gitlab.com', 'GET /api/v4/projects/7/pipelines/8/variables'],
    ['slack.com', 'GET /api/apps.connections.open'],
    ['slack.com', 'GET /api/rtm.connect'],
  ];
  for (const [host, line] of telling) {
    const { name, access } = whatIs(host, line);
    assert.ok(!name.endsWith('.unclassified') && access === 'permissions', `${line} is ${name} ${access}`);
  }
  assert.equal(whatIs('www.googleapis.com', 'GET /drive/v3/changes/startPageToken').access, 'read');
});

test('what lets somebody in, or turns a guard off, is of access permissions', () => {
  const opening: readonly (readonly [string, string])[] = [
    ['api.stripe.com', 'POST /v1/webhook_endpoints url=https%3A%2F%2Fx.dev'],
    ['api.stripe.com', 'DELETE /v1/ephemeral_keys/ek_1'],
    ['api.stripe.com', 'POST /v1/accounts/acct_1 external_account=btok_1'],
    ['api.stripe.com', 'POST /v2/core/accounts/acct_1 {}'],
    ['api.stripe.com', 'POST /v1/billing_portal/sessions customer=cus_1'],
    ['api.stripe.com', 'POST /v1/file_links file=f_1'],
    ['slack.com', 'GET /api/apps.uninstall'],
    ['api.openai.com', 'POST /v1/realtime/sessions {}'],
    ['api.anthropic.com', 'POST /v1/tunnels {}'],
    ['www.googleapis.com', 'POST /calendar/v3/calendars/c1/transferOwnership {}'],
    ['www.googleapis.com', 'POST /calendar/v3/calendars/c1/events/watch {}'],
    ['www.googleapis.com', 'PATCH /drive/v3/drives/d1 {}'],
    ['www.googleapis.com', 'PATCH /drive/v3/files/f1?addParents=d1 {"starred":true}'],
    ['www.googleapis.com', 'PATCH /drive/v3/files/f1 {"writersCanShare":true}'],
    ['www.googleapis.com', 'PATCH /upload/drive/v3/files/f1?uploadType=media&add_parents=d1 x'],
    ['www.googleapis.com', 'PATCH /drive/v3/files/f1/revisions/r1 {"published":true}'],
    ['gmail.googleapis.com', 'POST /gmail/v1/users/me/watch {}'],
    ['admin.googleapis.com', 'POST /admin/directory/v1/customer/c1/devices/mobile/m1/action {}'],
    ['api.cloudflare.com', 'POST /client/v4/accounts/a1/cfd_tunnel {}'],
    ['api.cloudflare.com', 'POST /client/v4/zones/z1/email/routing/rules {}'],
    ['api.cloudflare.com', 'PUT /client/v4/accounts/a1/r2/buckets/b1/domains/managed {}'],
    ['api.cloudflare.com', 'POST /client/v4/certificates {}'],
    ['api.cloudflare.com', 'PUT /client/v4/accounts/a1/registrar/domains/acme.dev {}'],
    ['api.github.com', 'PUT /repos/acme/site/actions/oidc/customization/sub {}'],
    ['api.github.com', 'DELETE /repos/acme/site/immutable-releases'],
    ['api.github.com', 'DELETE /repos/acme/site/environments/production'],
    ['api.github.com', 'PUT /repos/acme/site/pages {"public":true}'],
    ['api.github.com', 'PATCH /repos/acme/site {"security_and_analysis":{}}'],
    ['api.github.com', 'POST /orgs/acme/secret_scanning/disable_all'],
  ];
  for (const [host, line] of opening) {
    const { name, access } = whatIs(host, line);
    assert.ok(!name.endsWith('.unclassified') && access === 'permissions', `${line} is ${name} ${access}`);
  }
  assert.equal(whatIs('api.cloudflare.com', 'POST /client/v4/accounts/a1/d1/database/d1/query {}').access, 'delete');
  assert.equal(whatIs('www.googleapis.com', 'PATCH /drive/v3/files/f1 {"trashed":true}').access, 'delete');
  assert.equal(whatIs('www.googleapis.com', 'PATCH /drive/v3/files/f1 {"starred":true}').access, 'write');
});

test('the words that give rights away are not milder in any table', () => {
  const words =
    /(?:^|[._])(?:api_keys?|access_tokens?|collaborators?|credentials?|invites?|invitations?|members|memberships?|password|permissions|roles?|secrets?|tokens?|webhooks?|revoke|rotate\w*)(?:[._]|$)/;
  // A pattern of secrets, a hook that only sends again, and what Stripe calls a token of a card or a person.
  const others =
    /^github\.(?:secret_scanning\.|\w+\.(?:redeliver_webhook_delivery|ping_webhook)$)|^stripe\.(?:token|issuing\.tokens|test_helpers\.confirmation_tokens|v2\.core\.(?:account_tokens|accounts\.person_tokens))\./;
  const milder = rows.filter(
    ({ name, key, access }) =>
      !key.startsWith('GET ') &&
      words.test(name) &&
      !others.test(name) &&
      !['list', 'read', 'permissions'].includes(access),
  );
  assert.deepEqual([...new Set(milder.map(({ name, access }) => `${name} ${access}`))], []);
});
