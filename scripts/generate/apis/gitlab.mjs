// GitLab's REST API, version 4, from what the classes of @gitbeaker/core ask for.
import { operations } from '../sdk/gitbeaker.mjs';
import { rowsOf } from '../sdk/rows.mjs';
import { scopeOf } from '../sdk/scope.mjs';

/** Paths at which is set who gets in and may do what, what runs with which rights, and where things are sent. */
const rights = new RegExp(
  `/(?:${(
    'access_requests access_tokens applications approval_rules approval_settings approvals block unblock ban unban ' +
    'activate deactivate approve_user reject ci_variables deploy_keys deploy_tokens emails gpg_keys group_links hooks ' +
    'impersonation_tokens integrations services invitations job_token_scope keys ldap_group_links license member_roles ' +
    'members personal_access_tokens project_aliases protected_branches protected_environments protected_tags push_rule ' +
    'remote_mirrors runners saml saml_group_links scim service_accounts settings share system_hooks transfer triggers ' +
    'variables external_status_checks provider_identity tokens restore users'
  )
    .split(' ')
    .join('|')})(?:/|$)`,
);

/** What tells what is in variables of pipelines, and the tokens that start them. */
const telling = /^GET .*\/(?:variables|triggers)(?:\/\{\w+\})?$/;

/** The project and the group by one name in all paths; and what the package spells otherwise than GitLab. */
const pathOf = path =>
  path
    .replace(/^\/project\//, '/projects/')
    .replace('/appearence', '/appearance')
    .replace(/_i_id\}/g, '_iid}')
    .replaceAll('{mergerequest_', '{merge_request_')
    .replace(/^\/(project|group|user)s\/\{[^{}]*\}/, '/$1s/{$1}');

export default {
  name: 'gitlab',
  packages: [
    {
      name: '@gitbeaker/core',
      version: '43.8.0',
      integrity: 'sha512-H+LfKuf4dExBinb79c+CXViRBvTVQNf5BYLNSizm2SiqdED5JruhKX88payefleY0szp7G/mySlFSXPyGRH1dQ==',
      licence: 'MIT',
      files: ['dist/index.js'],
    },
  ],
  build(files) {
    const found = operations(files.get('@gitbeaker/core/dist/index.js')).map(operation => ({
      ...operation,
      path: pathOf(operation.path),
      many: operation.method === 'GET' && /\.(all|search)/.test(operation.id),
    }));
    // A Maven package is named by as many segments as its group and name have.
    const several = (path, name) => name === 'path' && path.includes('/maven/');
    const resource = scopeOf(
      found.map(({ path }) => path),
      ['admin', 'packages', 'conan', 'conans'],
    );
    const routes = Object.entries(rowsOf(found, { base: '/api/v4', resource, rights, several }));
    return {
      routes: Object.fromEntries(
        routes.map(([key, row]) => [key, telling.test(key) ? { ...row, access: 'permissions' } : row]),
      ),
    };
  },
};
