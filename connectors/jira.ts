/**
 * Jira Cloud: issues, projects and people, and what Jira Software and Service Management have besides, from a generated table.
 * Versions 2 and 3 of the API are the same actions. The resource is the issue or project as it was asked for, by key or id.
 * https://developer.atlassian.com/cloud/jira/platform/rest/v3/
 */
import type { Connector, Route, RouteRow } from '../src/model.js';

const issue = { resource: 'issue:{issue}' } satisfies Partial<RouteRow>;
const project = { resource: 'project:{project}' } satisfies Partial<RouteRow>;
const rights = { access: 'permissions' } satisfies Partial<RouteRow>;
const destructive = { hints: ['destructive'] } satisfies Partial<RouteRow>;
const irreversible = { hints: ['destructive', 'irreversible'] } satisfies Partial<RouteRow>;
const account = { account_id: 'argument.accountId as string' };

/** The project by its key, or by its id. */
const inProject = {
  project: 'body#/fields/project/key as string',
  project_id: 'body#/fields/project/id as string',
  issue_type: 'body#/fields/issuetype/name as string',
};

/** The everyday names, for one version of the API. */
const everyday = (base: string): { readonly [methodAndTemplate: string]: Route } => ({
  [`GET ${base}/search`]: { action: 'issue.search', access: 'list', resource: 'issue' },
  [`POST ${base}/search`]: { action: 'issue.search', access: 'list', resource: 'issue' },
  [`GET ${base}/search/jql`]: { action: 'issue.search', access: 'list', resource: 'issue' },
  [`POST ${base}/search/jql`]: { action: 'issue.search', access: 'list', resource: 'issue' },
  [`POST ${base}/issue`]: { action: 'issue.create', resource: 'issue', parameters: inProject },
  [`POST ${base}/issue/bulk`]: { action: 'issue.bulk_create', resource: 'issue' },
  [`GET ${base}/issue/{issue}`]: { action: 'issue.get', ...issue },
  [`PUT ${base}/issue/{issue}`]: [
    {
      when: { 'body#/transition': '*' },
      action: 'issue.transition',
      ...issue,
      parameters: { transition: 'body#/transition/id as string' },
    },
    { action: 'issue.update', ...issue, parameters: { notify_users: 'query.notifyUsers as boolean' } },
  ],
  [`DELETE ${base}/issue/{issue}`]: {
    action: 'issue.delete',
    ...irreversible,
    ...issue,
    parameters: { delete_subtasks: 'query.deleteSubtasks as boolean' },
  },
  [`POST ${base}/issue/{issue}/transitions`]: {
    action: 'issue.transition',
    ...issue,
    parameters: { transition: 'body#/transition/id as string' },
  },
  [`GET ${base}/issue/{issue}/transitions`]: { action: 'issue.transition.list', access: 'list', ...issue },
  [`PUT ${base}/issue/{issue}/assignee`]: { action: 'issue.assign', ...issue, parameters: account },
  [`PUT ${base}/issue/archive`]: { action: 'issue.archive', resource: 'issue' },
  [`PUT ${base}/issue/unarchive`]: { action: 'issue.unarchive', resource: 'issue' },
  [`POST ${base}/bulk/issues/delete`]: {
    action: 'issue.bulk_delete',
    access: 'delete',
    ...irreversible,
    resource: 'issue',
    parameters: { issues: 'body#/selectedIssueIdsOrKeys as strings' },
  },
  [`GET ${base}/issue/{issue}/comment`]: { action: 'comment.list', access: 'list', ...issue },
  [`POST ${base}/issue/{issue}/comment`]: { action: 'comment.create', ...issue },
  [`PUT ${base}/issue/{issue}/comment/{id}`]: { action: 'comment.update', ...issue, parameters: { id: 'path.id' } },
  [`DELETE ${base}/issue/{issue}/comment/{id}`]: {
    action: 'comment.delete',
    ...irreversible,
    ...issue,
    parameters: { id: 'path.id' },
  },
  [`POST ${base}/issue/{issue}/worklog`]: { action: 'worklog.create', ...issue },
  [`DELETE ${base}/issue/{issue}/worklog/{id}`]: {
    action: 'worklog.delete',
    ...destructive,
    ...issue,
    parameters: { id: 'path.id' },
  },
  [`POST ${base}/issue/{issue}/attachments`]: { action: 'attachment.create', ...issue },
  [`DELETE ${base}/attachment/{id}`]: { action: 'attachment.delete', ...irreversible, resource: 'attachment:{id}' },
  [`POST ${base}/issueLink`]: { action: 'issue.link', resource: 'issue' },

  [`GET ${base}/project/search`]: { action: 'project.list', access: 'list', resource: 'project' },
  [`GET ${base}/project/{project}`]: { action: 'project.get', ...project },
  [`POST ${base}/project`]: {
    action: 'project.create',
    resource: 'project',
    parameters: { project: 'body#/key as string', type: 'body#/projectTypeKey as string' },
  },
  [`PUT ${base}/project/{project}`]: { action: 'project.update', ...project },
  [`DELETE ${base}/project/{project}`]: [
    // Else it goes to the trash, where it can be restored for sixty days.
    { when: { 'query.enableUndo': 'false' }, action: 'project.delete', ...irreversible, ...project },
    { when: { 'query.enableUndo': 'true' }, action: 'project.delete', ...destructive, ...project },
    { action: 'project.delete', ...destructive, ...project },
  ],
  [`POST ${base}/project/{project}/delete`]: {
    action: 'project.delete',
    access: 'delete',
    ...destructive,
    ...project,
  },
  [`POST ${base}/project/{project}/archive`]: { action: 'project.archive', ...project },
  [`POST ${base}/project/{project}/restore`]: { action: 'project.restore', ...project },
  [`POST ${base}/project/{project}/role/{role}`]: {
    action: 'project.role.add',
    ...rights,
    ...project,
    parameters: { role: 'path.role' },
  },
  [`DELETE ${base}/project/{project}/role/{role}`]: {
    action: 'project.role.remove',
    ...rights,
    ...project,
    parameters: { role: 'path.role' },
  },

  [`GET ${base}/myself`]: { action: 'user.me', resource: 'user' },
  [`GET ${base}/user`]: { action: 'user.get', resource: 'user', parameters: account },
  [`POST ${base}/user`]: { action: 'user.create', ...rights, resource: 'user' },
  [`DELETE ${base}/user`]: { action: 'user.delete', ...rights, ...destructive, resource: 'user', parameters: account },
  [`POST ${base}/group/user`]: { action: 'group.member.add', ...rights, resource: 'group', parameters: account },
  [`DELETE ${base}/group/user`]: { action: 'group.member.remove', ...rights, resource: 'group', parameters: account },
  [`POST ${base}/webhook`]: { action: 'webhook.create', ...rights, resource: 'webhook' },
});

export default {
  name: 'jira',
  hosts: ['*.atlassian.net'],
  configurable: true,
  credentials: {
    scheme: 'basic',
    placeholder: `ATATT3xFfGF0tfplaceholder${'0'.repeat(20)}`,
    env: ['JIRA_API_TOKEN'],
  },
  generated: 'jira',
  // Of keys, only those of issues are found in any case; an epic is one.
  canonical: (name, value) => (/^(issue(_id_or_key|_key)?|epic_id_or_key)$/.test(name) ? value.toUpperCase() : value),
  reads: 'json',
  routes: { ...everyday('/rest/api/3'), ...everyday('/rest/api/2') },
} satisfies Connector;
