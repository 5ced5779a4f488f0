// Okta's management API, from the request factories of its own SDK, which a generator made from Okta's OpenAPI document.
import { snake } from '../compiled.mjs';
import { rowsOf } from '../sdk/rows.mjs';
import { scopeOf } from '../sdk/scope.mjs';

const method = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*async (\w+)\(([^)]*)\) \{([\s\S]*?)\n {2}\}/g;
const query = /setQueryParam\('([^']+)',\s*ObjectSerializer_1\.ObjectSerializer\.serialize\(\w+,\s*'([^']*)'/g;

/** Segments of paths at which is set who gets in, how, and as what. */
const deciding = (
  'api-tokens apps assignees authenticator-enrollments authenticators authorizationServers behaviors ' +
  'bindings captcha captchas clients credentials csrs directories domains dr eventHooks factors ' +
  'features governance grants hook hooks identity-sources idps impersonation inlineHooks keys lifecycle ' +
  'linkedObjects members oktaSupport org orgs policies principal-rate-limits push-providers ' +
  'realm-assignments realms resource-sets role roles rules secrets security-events-providers sessions ' +
  'threats token tokens trustedOrigins webauthn-registration workload-principals zones'
).split(' ');

/** Every request that one file makes. Throws if there are others than those that were found. */
function operations(file, text) {
  const found = [];
  for (const [, documentation, id, , body] of text.matchAll(method)) {
    const request = /makeRequestContext\(path, http_1\.HttpMethodEnum\.([A-Z]+)/.exec(body);
    if (request === null) continue;
    const path = /const path = '([^']+)'/.exec(body)[1];
    found.push({
      id,
      method: request[1],
      path: path.replace(/\{(\w+)\}/g, (_, name) => `{${snake(name)}}`),
      documentation: documentation.replace(/\s*\*\s*/g, ' '),
      members: [...body.matchAll(query)].map(([, name, type]) => ({ name, type })),
      placeOf: () => 'query',
      many: /^list/.test(id),
    });
  }
  const count = text.match(/\.makeRequestContext\(/g)?.length ?? 0;
  if (count !== found.length) throw new Error(`${file}: ${found.length} of ${count} requests were understood.`);
  return found;
}

export default {
  name: 'okta',
  packages: [
    {
      name: '@okta/okta-sdk-nodejs',
      version: '8.1.0',
      integrity: 'sha512-FB/35BSbspvfgHo9YYU6oK99z3CJVgUI0SOFDIQMJUpADMMMvwuuqIr+fFyzmK1d7omqewuIL0oPmcDIBs2WFw==',
      licence: 'Apache-2.0',
      files: ['src/generated/apis/'],
    },
  ],
  build(files) {
    const found = [...files].flatMap(([file, text]) => operations(file, text));
    const resource = scopeOf(
      found.map(({ path }) => path),
      ['api', 'oauth2', 'idp', 'integrations', 'iam', 'meta'],
    );
    const rights = new RegExp(`/(?:${deciding.join('|')})(?:/|$)|/groups/\\{group_id\\}/users/`);
    return { routes: rowsOf(found, { resource, rights }) };
  },
};
