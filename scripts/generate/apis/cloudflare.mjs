// Cloudflare's API, from the resources of its own SDK; the list of operations in its api.md files lacks some.
import { rowsOf } from '../sdk/rows.mjs';
import { scopeOf } from '../sdk/scope.mjs';
import { operations } from '../sdk/stainless.mjs';

const either = '/{account_or_zone}/{account_or_zone_id}/';

/** What is about an account as well as about a zone, at one of them. */
const at = (kind, found) =>
  found.map(operation => ({ ...operation, path: operation.path.replace(either, `/${kind}s/{${kind}_id}/`) }));

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
    const options = { base: '/client/v4', resource, several };
    const both = found.filter(({ path }) => path.startsWith(either));
    return { routes: { ...rowsOf(at('account', found), options), ...rowsOf(at('zone', both), options) } };
  },
};
