// Cloudflare's API, from the resources of its own SDK; the list of operations in its api.md files lacks some.
import { rowsOf } from '../sdk/rows.mjs';
import { scopeOf } from '../sdk/scope.mjs';
import { operations } from '../sdk/stainless.mjs';

const either = '/{account_or_zone}/{account_or_zone_id}/';

/** What is about an account as well as about a zone, at one of them. */
const at = (kind, found) =>
  found.map(operation => ({ ...operation, path: operation.path.replace(either, `/${kind}s/{${kind}_id}/`) }));

/**
 * What decides who gets in, what is open to all, and where mail and domains go, besides what its words say; and a tunnel,
 * for whose making one gets its token.
 */
const rights = new RegExp(
  `/(?:${(
    'acm/custom_trust_store cfd_tunnel devices/revoke devices/unrevoke email/routing/(?:addresses|rules) firewall ' +
    'gateway/audit_ssh_settings gateway/rules hold meetings/[^/]+/participants presets r2/buckets/[^/]+/(?:domains|lock) ' +
    'registrar/(?:domains|registrations|transfer-in) secondary_dns/(?:outgoing|peers|tsigs) user/organizations warp_connector'
  )
    .split(' ')
    .join('|')})(?:/|$)|^PUT /client/v4/accounts/\\{\\w+\\}$`,
);

/** What tells a secret: keys that sign, and where a stream is sent to. */
const telling =
  /^GET .*\/(?:images\/v1\/keys|secondary_dns\/tsigs(?:\/\{\w+\})?|challenges\/widgets\/\{\w+\}|stream\/live_inputs\/\{\w+\}(?:\/outputs)?)$/;

/** What runs any SQL: it may as well delete. */
const statements = /\/d1\/database\/\{\w+\}\/(?:query|raw|import|time_travel\/restore)$/;

function corrected([key, row]) {
  if (telling.test(key)) return [key, { ...row, access: 'permissions' }];
  const { hints = [], ...rest } = row;
  return statements.test(key)
    ? [key, { ...rest, access: 'delete', hints: [...new Set(['destructive', ...hints])] }]
    : [key, row];
}

export default {
  name: 'cloudflare',
  packages: [
    {
      name: 'cloudflare',
      version: '7.3.0',
      integrity: 'sha512-0P4cMFjzdIe388E57xNCV2wKzv1ZVZqMFu7+p2gsZuggbXs39xTKtXJN8FACkKh+xjLQ7dNruNlT/aT+9ajJtg==',
      licence: 'Apache-2.0',
      files: ['src/resources/'],
    },
  ],
  build(files) {
    const found = operations(files);
    // The zone or the account, with which all paths begin; `radar` is about the internet.
    const scope = scopeOf(
      found.map(({ path }) => path),
      ['client'],
    );
    const resource = template => (template.startsWith('/client/v4/radar/') ? 'radar' : scope(template));
    // Names of objects and keys, and addresses, may have slashes in them.
    const several = (_, name) => ['object_key', 'key_name', 'url'].includes(name);
    const options = { base: '/client/v4', resource, several, rights };
    const both = found.filter(({ path }) => path.startsWith(either));
    const routes = { ...rowsOf(at('account', found), options), ...rowsOf(at('zone', both), options) };
    return { routes: Object.fromEntries(Object.entries(routes).map(corrected)) };
  },
};
