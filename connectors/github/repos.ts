/** GitHub: repositories, their content, branches, refs, releases and settings. https://docs.github.com/rest/repos */
import type { Route, RouteRow } from '../../src/model.js';
import { refs } from './refs.js';

const r = '/repos/{owner}/{repo}';
const resource = 'repo:{owner}/{repo}';
const list = (action: string, parameters: RouteRow['parameters'] = {}): RouteRow => ({
  action,
  access: 'list',
  resource,
  parameters,
});
const row = (action: string, parameters: RouteRow['parameters'] = {}): RouteRow => ({ action, resource, parameters });
const grant = (action: string, parameters: RouteRow['parameters'] = {}): RouteRow => ({
  action,
  access: 'permissions',
  resource,
  parameters,
});

const branch = { branch: 'path.branch' };
const ref = { ref: 'query.ref as string' };
const release = { release: 'path.id as integer' };
const releaseBody = {
  tag: 'body#/tag_name as string',
  draft: 'body#/draft as boolean',
  prerelease: 'body#/prerelease as boolean',
};
const content = { path: 'path.path', branch: 'body#/branch as string' };
const settings = {
  visibility: 'body#/visibility as string',
  private: 'body#/private as boolean',
  archived: 'body#/archived as boolean',
  name: 'body#/name as string',
  default_branch: 'body#/default_branch as string',
};
const hook = { hook: 'path.id as integer' };
const newRepo = {
  name: 'body#/name as string',
  private: 'body#/private as boolean',
  visibility: 'body#/visibility as string',
};

export const repos: { readonly [methodAndTemplate: string]: Route } = {
  'GET /user/repos': { action: 'repo.list', access: 'list', resource: 'user' },
  'GET /users/{username}/repos': { action: 'repo.list', access: 'list', resource: 'user:{username}' },
  'GET /orgs/{org}/repos': { action: 'repo.list', access: 'list', resource: 'org:{org}' },
  'POST /user/repos': { action: 'repo.create', resource: 'user', parameters: newRepo },
  'POST /orgs/{org}/repos': { action: 'repo.create', resource: 'org:{org}', parameters: newRepo },
  [`POST ${r}/generate`]: row('repo.generate', { name: 'body#/name as string', owner: 'body#/owner as string' }),
  [`GET ${r}`]: row('repo.get'),
  [`PATCH ${r}`]: [
    // Of several changes in one request the one that opens the most names it.
    { when: { 'body#/visibility': '*' }, ...grant('repo.visibility', settings) },
    { when: { 'body#/private': '*' }, ...grant('repo.visibility', settings) },
    { when: { 'body#/archived': true }, ...row('repo.archive', settings) },
    { when: { 'body#/archived': false }, ...row('repo.unarchive', settings) },
    row('repo.update', settings),
  ],
  [`DELETE ${r}`]: row('repo.delete'),
  [`POST ${r}/transfer`]: grant('repo.transfer', { new_owner: 'body#/new_owner as string' }),
  [`POST ${r}/forks`]: row('repo.fork', { organization: 'body#/organization as string' }),
  [`GET ${r}/forks`]: list('repo.forks'),
  [`GET ${r}/languages`]: row('repo.languages'),
  [`GET ${r}/topics`]: row('repo.topics'),
  [`PUT ${r}/topics`]: row('repo.set_topics'),
  [`GET ${r}/contributors`]: list('repo.contributors'),
  [`POST ${r}/dispatches`]: row('repo.dispatch', { event: 'body#/event_type as string' }),
  [`GET ${r}/readme`]: row('content.get', { ...ref }),
  [`GET ${r}/contents`]: row('content.get', ref),
  [`GET ${r}/contents/{path+}`]: row('content.get', { path: 'path.path', ...ref }),
  [`PUT ${r}/contents/{path+}`]: row('content.put', content),
  [`DELETE ${r}/contents/{path+}`]: row('content.delete', content),
  [`GET ${r}/tarball/{ref+}`]: row('content.archive', { ref: 'path.ref' }),
  [`GET ${r}/zipball/{ref+}`]: row('content.archive', { ref: 'path.ref' }),
  [`GET ${r}/tarball`]: row('content.archive'),
  [`GET ${r}/zipball`]: row('content.archive'),

  [`GET ${r}/branches`]: list('branch.list'),
  [`GET ${r}/branches/{branch+}`]: row('branch.get', branch),
  [`POST ${r}/branches/{branch+}/rename`]: row('branch.rename', { ...branch, new_name: 'body#/new_name as string' }),
  [`GET ${r}/branches/{branch+}/protection`]: row('branch.get_protection', branch),
  [`PUT ${r}/branches/{branch+}/protection`]: grant('branch.protect', branch),
  [`DELETE ${r}/branches/{branch+}/protection`]: grant('branch.unprotect', branch),
  [`PATCH ${r}/branches/{branch+}/protection/required_pull_request_reviews`]: grant('branch.protect', branch),
  [`DELETE ${r}/branches/{branch+}/protection/required_pull_request_reviews`]: grant('branch.unprotect', branch),
  [`PATCH ${r}/branches/{branch+}/protection/required_status_checks`]: grant('branch.protect', branch),
  [`DELETE ${r}/branches/{branch+}/protection/required_status_checks`]: grant('branch.unprotect', branch),
  [`POST ${r}/branches/{branch+}/protection/enforce_admins`]: grant('branch.protect', branch),
  [`DELETE ${r}/branches/{branch+}/protection/enforce_admins`]: grant('branch.unprotect', branch),
  [`POST ${r}/merges`]: row('branch.merge', { base: 'body#/base as string', head: 'body#/head as string' }),
  [`POST ${r}/merge-upstream`]: row('branch.sync', { branch: 'body#/branch as string' }),
  [`GET ${r}/rulesets`]: list('ruleset.list'),
  [`POST ${r}/rulesets`]: grant('ruleset.create'),
  [`GET ${r}/rulesets/{id}`]: row('ruleset.get', { ruleset: 'path.id as integer' }),
  [`PUT ${r}/rulesets/{id}`]: grant('ruleset.update', { ruleset: 'path.id as integer' }),
  [`DELETE ${r}/rulesets/{id}`]: grant('ruleset.delete', { ruleset: 'path.id as integer' }),

  ...refs,
  [`GET ${r}/git/matching-refs/{ref+}`]: list('ref.list', { ref: 'path.ref' }),
  [`POST ${r}/git/refs`]: row('ref.create', { ref: 'body#/ref as string', sha: 'body#/sha as string' }),
  [`GET ${r}/tags`]: list('tag.list'),
  [`POST ${r}/git/tags`]: row('tag.create', { tag: 'body#/tag as string' }),
  [`GET ${r}/git/tags/{sha}`]: row('tag.get', { sha: 'path.sha' }),
  [`POST ${r}/git/blobs`]: row('blob.create'),
  [`GET ${r}/git/blobs/{sha}`]: row('blob.get', { sha: 'path.sha' }),
  [`POST ${r}/git/trees`]: row('tree.create'),
  [`GET ${r}/git/trees/{sha+}`]: row('tree.get', { sha: 'path.sha' }),
  [`POST ${r}/git/commits`]: row('commit.create'),
  [`GET ${r}/git/commits/{sha}`]: row('commit.get', { sha: 'path.sha' }),
  [`GET ${r}/commits`]: list('commit.list'),
  [`GET ${r}/commits/{ref+}`]: row('commit.get', { ref: 'path.ref' }),
  [`GET ${r}/commits/{ref+}/status`]: row('status.get', { ref: 'path.ref' }),
  [`GET ${r}/commits/{ref+}/statuses`]: list('status.list', { ref: 'path.ref' }),
  [`GET ${r}/commits/{ref+}/check-runs`]: list('check.list', { ref: 'path.ref' }),
  [`GET ${r}/commits/{ref+}/check-suites`]: list('check.suites', { ref: 'path.ref' }),
  [`GET ${r}/commits/{ref+}/pulls`]: list('commit.prs', { ref: 'path.ref' }),
  [`GET ${r}/commits/{ref+}/comments`]: list('commit.comments', { ref: 'path.ref' }),
  [`POST ${r}/commits/{ref}/comments`]: row('commit.comment', { ref: 'path.ref' }),
  [`GET ${r}/compare/{basehead+}`]: row('commit.compare', { basehead: 'path.basehead' }),
  [`POST ${r}/statuses/{sha}`]: row('status.create', {
    sha: 'path.sha',
    state: 'body#/state as string',
    context: 'body#/context as string',
  }),
  [`POST ${r}/check-runs`]: row('check.create', {
    name: 'body#/name as string',
    conclusion: 'body#/conclusion as string',
  }),
  [`GET ${r}/check-runs/{id}`]: row('check.get', { check: 'path.id as integer' }),
  [`PATCH ${r}/check-runs/{id}`]: row('check.update', {
    check: 'path.id as integer',
    conclusion: 'body#/conclusion as string',
  }),

  [`GET ${r}/releases`]: list('release.list'),
  [`POST ${r}/releases`]: row('release.create', releaseBody),
  [`GET ${r}/releases/latest`]: row('release.get'),
  [`GET ${r}/releases/tags/{tag+}`]: row('release.get', { tag: 'path.tag' }),
  [`GET ${r}/releases/{id}`]: row('release.get', release),
  [`PATCH ${r}/releases/{id}`]: row('release.update', { ...release, ...releaseBody }),
  [`DELETE ${r}/releases/{id}`]: row('release.delete', release),
  [`POST ${r}/releases/generate-notes`]: { ...row('release.notes'), access: 'read' },
  [`GET ${r}/releases/{id}/assets`]: list('release.assets', release),
  [`POST ${r}/releases/{id}/assets`]: row('release.upload_asset', { ...release, name: 'query.name as string' }),
  [`GET ${r}/releases/assets/{id}`]: row('release.get_asset', { asset: 'path.id as integer' }),
  [`PATCH ${r}/releases/assets/{id}`]: row('release.update_asset', { asset: 'path.id as integer' }),
  [`DELETE ${r}/releases/assets/{id}`]: row('release.delete_asset', { asset: 'path.id as integer' }),

  [`GET ${r}/collaborators`]: list('collaborator.list'),
  [`GET ${r}/collaborators/{username}`]: row('collaborator.get', { username: 'path.username' }),
  [`GET ${r}/collaborators/{username}/permission`]: row('collaborator.permission', { username: 'path.username' }),
  [`PUT ${r}/collaborators/{username}`]: grant('collaborator.add', {
    username: 'path.username',
    permission: 'body#/permission as string',
  }),
  [`DELETE ${r}/collaborators/{username}`]: grant('collaborator.remove', { username: 'path.username' }),
  [`GET ${r}/invitations`]: list('collaborator.invitations'),
  [`DELETE ${r}/invitations/{id}`]: grant('collaborator.uninvite', { invitation: 'path.id as integer' }),
  [`GET ${r}/teams`]: list('repo.teams'),
  [`GET ${r}/hooks`]: list('hook.list'),
  [`POST ${r}/hooks`]: grant('hook.create', { url: 'body#/config/url as string', events: 'body#/events as strings' }),
  [`GET ${r}/hooks/{id}`]: row('hook.get', hook),
  [`PATCH ${r}/hooks/{id}`]: grant('hook.update', { ...hook, url: 'body#/config/url as string' }),
  [`DELETE ${r}/hooks/{id}`]: row('hook.delete', hook),
  [`POST ${r}/hooks/{id}/tests`]: row('hook.test', hook),
  [`GET ${r}/keys`]: list('deploy_key.list'),
  [`POST ${r}/keys`]: grant('deploy_key.create', {
    read_only: 'body#/read_only as boolean',
    title: 'body#/title as string',
  }),
  [`GET ${r}/keys/{id}`]: row('deploy_key.get', { key: 'path.id as integer' }),
  [`DELETE ${r}/keys/{id}`]: grant('deploy_key.delete', { key: 'path.id as integer' }),
  [`GET ${r}/deployments`]: list('deployment.list'),
  [`POST ${r}/deployments`]: row('deployment.create', {
    ref: 'body#/ref as string',
    environment: 'body#/environment as string',
  }),
  [`GET ${r}/deployments/{id}`]: row('deployment.get', { deployment: 'path.id as integer' }),
  [`DELETE ${r}/deployments/{id}`]: row('deployment.delete', { deployment: 'path.id as integer' }),
  [`POST ${r}/deployments/{id}/statuses`]: row('deployment.set_status', {
    deployment: 'path.id as integer',
    state: 'body#/state as string',
  }),
  [`GET ${r}/pages`]: row('pages.get'),
  [`POST ${r}/pages`]: grant('pages.create'),
  [`DELETE ${r}/pages`]: row('pages.delete'),
};
