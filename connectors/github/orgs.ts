/** GitHub: users, organisations, teams, search, gists, notifications. https://docs.github.com/rest */
import type { Route, RouteRow } from '../../src/model.js';
import { teamsByNumber } from './teams.js';

const q = { q: 'query.q as string' };
const search = (what: string): RouteRow => ({
  action: `search.${what}`,
  access: 'list',
  resource: 'search',
  parameters: q,
});
const org = 'org:{org}';
const team = 'team:{org}/{team}';
const username = { username: 'path.username' };
const role = { ...username, role: 'body#/role as string' };

export const orgs: { readonly [methodAndTemplate: string]: Route } = {
  'GET /rate_limit': { action: 'meta.rate_limit', resource: 'meta' },
  'GET /zen': { action: 'meta.zen', resource: 'meta' },
  'GET /user': { action: 'user.get', resource: 'user' },
  'PATCH /user': { action: 'user.update', resource: 'user' },
  'GET /user/emails': { action: 'user.emails', access: 'list', resource: 'user' },
  'GET /user/orgs': { action: 'org.list', access: 'list', resource: 'user' },
  'GET /user/teams': { action: 'team.list', access: 'list', resource: 'user' },
  'GET /user/keys': { action: 'user.keys', access: 'list', resource: 'user' },
  'POST /user/keys': { action: 'user.add_key', access: 'permissions', resource: 'user' },
  'DELETE /user/keys/{id}': {
    action: 'user.remove_key',
    access: 'permissions',
    resource: 'user',
    parameters: { key: 'path.id as integer' },
  },
  'GET /user/starred': { action: 'star.list', access: 'list', resource: 'user' },
  'PUT /user/starred/{owner}/{repo}': { action: 'star.add', resource: 'repo:{owner}/{repo}' },
  'DELETE /user/starred/{owner}/{repo}': { action: 'star.remove', resource: 'repo:{owner}/{repo}' },
  'GET /user/repository_invitations': { action: 'invitation.list', access: 'list', resource: 'user' },
  'PATCH /user/repository_invitations/{id}': { action: 'invitation.accept', access: 'permissions', resource: 'user' },
  'GET /users/{username}': { action: 'user.get', resource: 'user:{username}' },
  'GET /users/{username}/orgs': { action: 'org.list', access: 'list', resource: 'user:{username}' },
  'GET /users/{username}/events': { action: 'user.events', access: 'list', resource: 'user:{username}' },
  'GET /users/{username}/gists': { action: 'gist.list', access: 'list', resource: 'user:{username}' },
  'GET /notifications': { action: 'notification.list', access: 'list', resource: 'user' },
  'PUT /notifications': { action: 'notification.mark_read', resource: 'user' },

  'GET /orgs/{org}': { action: 'org.get', resource: org },
  'PATCH /orgs/{org}': { action: 'org.update', access: 'permissions', resource: org },
  'DELETE /orgs/{org}': { action: 'org.delete', resource: org },
  'GET /orgs/{org}/members': { action: 'org.members', access: 'list', resource: org },
  'GET /orgs/{org}/members/{username}': { action: 'org.get_member', resource: org, parameters: username },
  'DELETE /orgs/{org}/members/{username}': {
    action: 'org.remove_member',
    access: 'permissions',
    resource: org,
    parameters: username,
  },
  'GET /orgs/{org}/memberships/{username}': { action: 'org.get_member', resource: org, parameters: username },
  'PUT /orgs/{org}/memberships/{username}': {
    action: 'org.set_member',
    access: 'permissions',
    resource: org,
    parameters: role,
  },
  'DELETE /orgs/{org}/memberships/{username}': {
    action: 'org.remove_member',
    access: 'permissions',
    resource: org,
    parameters: username,
  },
  'GET /orgs/{org}/invitations': { action: 'org.invitations', access: 'list', resource: org },
  'POST /orgs/{org}/invitations': {
    action: 'org.invite',
    access: 'permissions',
    resource: org,
    parameters: { role: 'body#/role as string', email: 'body#/email as string' },
  },
  'GET /orgs/{org}/hooks': { action: 'org_hook.list', access: 'list', resource: org },
  'POST /orgs/{org}/hooks': {
    action: 'org_hook.create',
    access: 'permissions',
    resource: org,
    parameters: { url: 'body#/config/url as string' },
  },
  'DELETE /orgs/{org}/hooks/{id}': {
    action: 'org_hook.delete',
    access: 'permissions',
    resource: org,
    parameters: { hook: 'path.id as integer' },
  },
  'GET /orgs/{org}/teams': { action: 'team.list', access: 'list', resource: org },
  'POST /orgs/{org}/teams': {
    action: 'team.create',
    access: 'permissions',
    resource: org,
    parameters: { name: 'body#/name as string' },
  },
  'GET /orgs/{org}/teams/{team}': { action: 'team.get', resource: team },
  'PATCH /orgs/{org}/teams/{team}': { action: 'team.update', access: 'permissions', resource: team },
  'DELETE /orgs/{org}/teams/{team}': { action: 'team.delete', access: 'permissions', resource: team },
  'GET /orgs/{org}/teams/{team}/members': { action: 'team.members', access: 'list', resource: team },
  'PUT /orgs/{org}/teams/{team}/memberships/{username}': {
    action: 'team.add_member',
    access: 'permissions',
    resource: team,
    parameters: role,
  },
  'DELETE /orgs/{org}/teams/{team}/memberships/{username}': {
    action: 'team.remove_member',
    access: 'permissions',
    resource: team,
    parameters: username,
  },
  'GET /orgs/{org}/teams/{team}/repos': { action: 'team.repos', access: 'list', resource: team },
  'PUT /orgs/{org}/teams/{team}/repos/{owner}/{repo}': {
    action: 'team.add_repo',
    access: 'permissions',
    resource: 'repo:{owner}/{repo}',
    parameters: { team: 'path.team', permission: 'body#/permission as string' },
  },
  'DELETE /orgs/{org}/teams/{team}/repos/{owner}/{repo}': {
    action: 'team.remove_repo',
    access: 'permissions',
    resource: 'repo:{owner}/{repo}',
    parameters: { team: 'path.team' },
  },
  ...teamsByNumber,

  'GET /search/repositories': search('repos'),
  'GET /search/code': search('code'),
  'GET /search/issues': search('issues'),
  'GET /search/users': search('users'),
  'GET /search/commits': search('commits'),
  'GET /search/topics': search('topics'),
  'GET /search/labels': search('labels'),

  'GET /gists': { action: 'gist.list', access: 'list', resource: 'gist' },
  'GET /gists/public': { action: 'gist.list', access: 'list', resource: 'gist' },
  'POST /gists': { action: 'gist.create', resource: 'gist', parameters: { public: 'body#/public as boolean' } },
  'GET /gists/{id}': { action: 'gist.get', resource: 'gist:{id}' },
  'PATCH /gists/{id}': { action: 'gist.update', resource: 'gist:{id}' },
  'DELETE /gists/{id}': { action: 'gist.delete', resource: 'gist:{id}' },
  'POST /gists/{id}/forks': { action: 'gist.fork', resource: 'gist:{id}' },
  'GET /gists/{id}/comments': { action: 'gist.comments', access: 'list', resource: 'gist:{id}' },
  'POST /gists/{id}/comments': { action: 'gist.comment', resource: 'gist:{id}' },
};
