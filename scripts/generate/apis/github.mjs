// GitHub's REST API, from the OpenAPI description that GitHub publishes and octokit carries; and what octokit's copy of its
// GraphQL schema says of the arguments of root fields.
import { readOpenApi } from '../compiled.mjs';
import { fieldsOf, shownArguments } from '../graphql.mjs';

const file = 'generated/api.github.com.json';

/** What changes who may do what, besides what its words say. */
const rights =
  /^(?:actions\.set_custom_oidc_|code_security\.|copilot\.(?:add|cancel|set)_|copilot_spaces\.(?:create|update)_for_|orgs\.(?:enable_or_disable_security|.*immutable_releases)|repos\.(?:(?:dis|en)able_(?:immutable|private|vulnerability|automated_security)|update_information_about_pages)|apps\.(?:create_from_manifest|(?:delete|suspend|unsuspend)_installation|(?:add|remove)_repo_)|actions\.(?:approve_workflow_run|review_pending_deployments|generate_runner_jitconfig|delete_self_hosted_runner_from|.*runner_(?:group|to_group|from_group))|actions\.set_self_hosted_runners_in_group|enterprise_team|interactions\.|oidc\.|orgs\.(?:update|(?:un)?block_user|.*_security_manager_team)$|private_registries\.|repos\.transfer$|teams\.|users\.(?:block|unblock|add_email|delete_email))/;

/** What only speaks of it, and what tells a secret that leaked. */
const access = {
  'actions.delete_actions_cache_by_key': 'delete',
  'apps.redeliver_webhook_delivery': 'write',
  'codespaces.delete_from_organization': 'delete',
  'codespaces.stop_in_organization': 'write',
  'markdown.render': 'read',
  'markdown.render_raw': 'read',
  'orgs.list_attestations_bulk': 'list',
  'orgs.ping_webhook': 'write',
  'orgs.redeliver_webhook_delivery': 'write',
  'repos.ping_webhook': 'write',
  'repos.redeliver_webhook_delivery': 'write',
  'repos.test_push_webhook': 'write',
  'secret_scanning.bulk_create_org_custom_patterns': 'write',
  'secret_scanning.bulk_create_repo_custom_patterns': 'write',
  'secret_scanning.bulk_delete_org_custom_patterns': 'delete',
  'secret_scanning.bulk_delete_repo_custom_patterns': 'delete',
  'secret_scanning.get_alert': 'permissions',
  'secret_scanning.list_alerts_for_org': 'permissions',
  'secret_scanning.list_alerts_for_repo': 'permissions',
  'secret_scanning.update_alert': 'write',
  'secret_scanning.update_org_custom_pattern': 'write',
  'secret_scanning.update_org_pattern_configs': 'write',
  'secret_scanning.update_repo_custom_pattern': 'write',
  'users.list_attestations_bulk': 'list',
};

/** A row with its access as it is known. */
function corrected([key, row]) {
  const known = access[row.action] ?? (!key.startsWith('GET ') && rights.test(row.action) ? 'permissions' : undefined);
  if (known === undefined) return [key, row];
  const hints = known === 'delete' ? ['destructive'] : row.hints?.filter(hint => hint !== 'destructive');
  const { hints: _, ...rest } = row;
  return [key, { ...rest, access: known, ...(hints?.length > 0 && { hints }) }];
}

/** First segment → what its paths are about, where they name nothing that has an owner. */
const types = {
  app: 'app',
  applications: 'app',
  apps: 'app',
  'app-manifests': 'app',
  installation: 'app',
  assignments: 'classroom',
  classrooms: 'classroom',
  gists: 'gist',
  issues: 'user',
  marketplace_listing: 'marketplace',
  notifications: 'user',
  organizations: 'org',
  repositories: 'repo',
  search: 'search',
  user: 'user',
  users: 'user',
};

/** What a permission is about: the repository; where there is none, the team, organisation, user, gist or enterprise. */
function resource(template) {
  const parameters = [...template.matchAll(/\{([a-z0-9_]+)\+?\}/g)].map(([, name]) => name);
  const named = (...names) => names.every(name => parameters.includes(name));
  if (named('owner', 'repo')) return 'repo:{owner}/{repo}';
  if (named('template_owner', 'template_repo')) return 'repo:{template_owner}/{template_repo}';
  if (named('org', 'team_slug')) return 'team:{org}/{team_slug}';
  if (template.startsWith('/teams/')) return 'team:{team_id}';
  for (const name of ['org', 'enterprise', 'username'])
    if (named(name)) return `${name === 'username' ? 'user' : name}:{${name}}`;
  if (named('gist_id')) return 'gist:{gist_id}';
  const [, first] = template.split('/');
  return types[first] ?? 'meta';
}

export default {
  name: 'github',
  packages: [
    {
      name: '@octokit/openapi',
      version: '23.0.2',
      integrity: 'sha512-pV8M7L9GY23AybNvTmo2nyjmpmnt6+2sRE/tqr0ZLQcPS4lnw7u5eZGNmwRNkBC3D7gZXbFx5AHzLUVRBXGDhg==',
      licence: 'MIT',
      files: [file],
    },
    {
      name: '@octokit/graphql-schema',
      version: '15.26.1',
      integrity: 'sha512-RFDC2MpRBd4AxSRvUeBIVeBU7ojN/SxDfALUd7iVYOSeEK3gZaqR2MGOysj4Zh2xj2RY5fQAUT+Oqq7hWTraMA==',
      licence: 'MIT',
      files: ['schema.json'],
    },
  ],
  build(files) {
    const { paths, ...document } = JSON.parse(files.get(`@octokit/openapi/${file}`));
    // Described twice; the other spelling, `{basehead}`, is the one that its documentation names.
    delete paths['/repos/{owner}/{repo}/compare/{base}...{head}'];
    const { routes, faults } = readOpenApi({ ...document, paths }, { resource });
    if (faults.length > 0) throw new Error(faults.join('\n'));
    const { fields, isEnum } = fieldsOf(JSON.parse(files.get('@octokit/graphql-schema/schema.json')).__schema);
    return {
      routes: Object.fromEntries(Object.entries(routes).map(corrected)),
      data: shownArguments(fields, isEnum),
    };
  },
};
