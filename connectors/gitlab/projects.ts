/** GitLab: projects, groups, their members and settings, issues and people. https://docs.gitlab.com/api/projects/ */
import type { RouteRow } from '../../src/model.js';
import { g, grant, list, ofGroup, p, type Routes, remove, row } from './rows.js';

const issue = { iid: 'path.iid as integer' };
const visibility = { visibility: 'argument.visibility as string' };
const member = { user: 'argument.user_id as integer', access_level: 'argument.access_level as integer' };
const path = { path: 'argument.path as string', namespace_id: 'argument.namespace_id as integer', ...visibility };
const user = { resource: 'user:{user}' };

/** Members, variables, hooks and tokens, as both projects and groups have them. */
const shared = (base: string, of: (row: RouteRow) => RouteRow): Routes => ({
  [`GET ${base}/members`]: of(list('member.list')),
  [`POST ${base}/members`]: of(grant('member.add', member)),
  [`PUT ${base}/members/{user_id}`]: of(
    grant('member.update', { user: 'path.user_id as integer', access_level: member.access_level }),
  ),
  [`DELETE ${base}/members/{user_id}`]: of(grant('member.remove', { user: 'path.user_id as integer' })),
  [`GET ${base}/variables`]: of(grant('variable.list')),
  [`GET ${base}/variables/{key}`]: of(grant('variable.get', { key: 'path.key' })),
  [`POST ${base}/variables`]: of(grant('variable.create', { key: 'argument.key as string' })),
  [`PUT ${base}/variables/{key}`]: of(grant('variable.update', { key: 'path.key' })),
  [`DELETE ${base}/variables/{key}`]: of(grant('variable.delete', { key: 'path.key' })),
  [`GET ${base}/hooks`]: of(list('hook.list')),
  [`POST ${base}/hooks`]: of(grant('hook.create')),
  [`DELETE ${base}/hooks/{id}`]: of(grant('hook.delete', { hook: 'path.id as integer' })),
  [`POST ${base}/access_tokens`]: of(grant('access_token.create', { scopes: 'argument.scopes as strings' })),
});

const same = (one: RouteRow): RouteRow => one;

export const projects: Routes = {
  'GET /api/v4/projects': { action: 'project.list', access: 'list', resource: 'project' },
  'POST /api/v4/projects': { action: 'project.create', resource: 'project', parameters: path },
  [`GET ${p}`]: row('project.get'),
  [`PUT ${p}`]: [
    { when: { 'argument.visibility': '*' }, ...grant('project.visibility', visibility) },
    row('project.update', { default_branch: 'argument.default_branch as string' }),
  ],
  [`DELETE ${p}`]: remove('project.delete', {
    permanently: 'argument.permanently_remove as boolean',
  }),
  [`POST ${p}/archive`]: row('project.archive'),
  [`POST ${p}/unarchive`]: row('project.unarchive'),
  [`POST ${p}/fork`]: row('project.fork', path),
  [`PUT ${p}/transfer`]: grant('project.transfer', { namespace: 'argument.namespace as string' }),
  [`POST ${p}/share`]: grant('project.share', {
    group: 'argument.group_id as integer',
    access_level: 'argument.group_access as integer',
  }),
  ...shared(p, same),

  [`GET ${p}/issues`]: list('issue.list'),
  [`POST ${p}/issues`]: row('issue.create', { confidential: 'argument.confidential as boolean' }),
  [`GET ${p}/issues/{iid}`]: row('issue.get', issue),
  [`PUT ${p}/issues/{iid}`]: [
    { when: { 'argument.state_event': 'close' }, ...row('issue.close', issue) },
    { when: { 'argument.state_event': 'reopen' }, ...row('issue.reopen', issue) },
    row('issue.update', issue),
  ],
  [`DELETE ${p}/issues/{iid}`]: remove('issue.delete', issue),
  [`POST ${p}/issues/{iid}/notes`]: row('issue.comment', issue),
  [`GET ${p}/releases`]: list('release.list'),
  [`POST ${p}/releases`]: row('release.create', { tag: 'argument.tag_name as string' }),
  [`DELETE ${p}/releases/{tag_name}`]: remove('release.delete', { tag: 'path.tag_name' }),

  'GET /api/v4/groups': { action: 'group.list', access: 'list', resource: 'group' },
  'POST /api/v4/groups': { action: 'group.create', resource: 'group', parameters: visibility },
  [`GET ${g}`]: ofGroup(row('group.get')),
  [`PUT ${g}`]: [
    { when: { 'argument.visibility': '*' }, ...ofGroup(grant('group.visibility', visibility)) },
    ofGroup(row('group.update')),
  ],
  [`DELETE ${g}`]: ofGroup(remove('group.delete', { permanently: 'argument.permanently_remove as boolean' })),
  ...shared(g, ofGroup),

  'GET /api/v4/user': { action: 'user.me', resource: 'user' },
  'GET /api/v4/version': { action: 'version.get', resource: 'version' },
  'GET /api/v4/users': { action: 'user.list', access: 'list', resource: 'user' },
  'GET /api/v4/users/{user}': { action: 'user.get', ...user },
  'POST /api/v4/users': { action: 'user.create', access: 'permissions', resource: 'user' },
  'PUT /api/v4/users/{user}': { action: 'user.update', access: 'permissions', ...user },
  'DELETE /api/v4/users/{user}': {
    action: 'user.delete',
    access: 'delete',
    hints: ['destructive', 'irreversible'],
    ...user,
    parameters: { hard: 'argument.hard_delete as boolean' },
  },
};
