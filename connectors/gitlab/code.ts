/** GitLab: repositories, merge requests and pipelines. https://docs.gitlab.com/api/merge_requests/ */
import { grant, list, p, type Routes, remove, row } from './rows.js';

const text = (...names: readonly string[]): { [name: string]: string } =>
  Object.fromEntries(names.map(name => [name, `argument.${name} as string`]));

const mr = { iid: 'path.iid as integer' };
const branches = text('source_branch', 'target_branch');
const branch = { branch: 'path.branch_name' };
const file = { path: 'path.file_path', ...text('branch') };
const pipeline = { pipeline: 'path.id as integer' };
const job = { job: 'path.id as integer' };
const settings = { ...branches, target_project_id: 'argument.target_project_id as integer' };

/** The branches, the author and the state that a merge depends on. */
const facts = {
  request: `GET ${p}/merge_requests/{iid}`,
  parameters: {
    target_branch: '/target_branch',
    source_branch: '/source_branch',
    author: '/author/username',
    draft: '/draft',
    merge_status: '/detailed_merge_status',
  },
};

export const code: Routes = {
  [`GET ${p}/merge_requests`]: list('mr.list'),
  [`POST ${p}/merge_requests`]: row('mr.create', settings),
  [`GET ${p}/merge_requests/{iid}`]: row('mr.get', mr),
  [`PUT ${p}/merge_requests/{iid}`]: [
    { when: { 'argument.state_event': 'close' }, ...row('mr.close', mr) },
    { when: { 'argument.state_event': 'reopen' }, ...row('mr.reopen', mr) },
    row('mr.update', { ...mr, ...text('target_branch') }),
  ],
  [`DELETE ${p}/merge_requests/{iid}`]: remove('mr.delete', mr),
  [`PUT ${p}/merge_requests/{iid}/merge`]: {
    ...row('mr.merge', {
      ...mr,
      ...text('sha'),
      squash: 'argument.squash as boolean',
      remove_source_branch: 'argument.should_remove_source_branch as boolean',
      auto_merge: 'argument.auto_merge as boolean',
    }),
    lookup: facts,
  },
  [`PUT ${p}/merge_requests/{iid}/rebase`]: row('mr.rebase', mr),
  [`POST ${p}/merge_requests/{iid}/approve`]: grant('mr.approve', { ...mr, ...text('sha') }),
  [`POST ${p}/merge_requests/{iid}/unapprove`]: grant('mr.unapprove', mr),
  [`POST ${p}/merge_requests/{iid}/notes`]: row('mr.comment', mr),
  [`DELETE ${p}/merge_requests/{iid}/notes/{note}`]: remove('mr.delete_comment', {
    ...mr,
    note: 'path.note as integer',
  }),

  [`GET ${p}/repository/branches`]: list('branch.list'),
  [`GET ${p}/repository/branches/{branch_name}`]: row('branch.get', branch),
  [`POST ${p}/repository/branches`]: row('branch.create', text('branch', 'ref')),
  [`DELETE ${p}/repository/branches/{branch_name}`]: remove('branch.delete', branch),
  [`DELETE ${p}/repository/merged_branches`]: remove('branch.delete_merged'),
  [`POST ${p}/protected_branches`]: grant('branch.protect', text('name')),
  [`DELETE ${p}/protected_branches/{branch_name}`]: grant('branch.unprotect', branch),
  [`GET ${p}/repository/tags`]: list('tag.list'),
  [`POST ${p}/repository/tags`]: row('tag.create', text('tag_name', 'ref')),
  [`DELETE ${p}/repository/tags/{tag_name}`]: remove('tag.delete', { tag: 'path.tag_name' }),
  [`GET ${p}/repository/tree`]: list('file.list'),
  [`GET ${p}/repository/files/{file_path}`]: row('file.get', { path: 'path.file_path', ...text('ref') }),
  [`GET ${p}/repository/files/{file_path}/raw`]: row('file.raw', { path: 'path.file_path', ...text('ref') }),
  [`POST ${p}/repository/files/{file_path}`]: row('file.create', file),
  [`PUT ${p}/repository/files/{file_path}`]: row('file.update', file),
  [`DELETE ${p}/repository/files/{file_path}`]: remove('file.delete', file),
  [`GET ${p}/repository/commits`]: list('commit.list'),
  [`POST ${p}/repository/commits`]: row('commit.create', {
    ...text('branch', 'start_branch'),
    force: 'argument.force as boolean',
  }),

  [`GET ${p}/pipelines`]: list('pipeline.list'),
  [`GET ${p}/pipelines/{id}`]: row('pipeline.get', pipeline),
  [`POST ${p}/pipeline`]: row('pipeline.create', text('ref')),
  [`POST ${p}/pipelines/{id}/retry`]: row('pipeline.retry', pipeline),
  [`POST ${p}/pipelines/{id}/cancel`]: row('pipeline.cancel', pipeline),
  [`DELETE ${p}/pipelines/{id}`]: remove('pipeline.delete', pipeline),
  [`POST ${p}/trigger/pipeline`]: { ...row('pipeline.trigger', text('ref')), access: 'write' },
  [`GET ${p}/jobs`]: list('job.list'),
  [`GET ${p}/jobs/{id}`]: row('job.get', job),
  [`GET ${p}/jobs/{id}/trace`]: row('job.log', job),
  [`POST ${p}/jobs/{id}/play`]: row('job.play', job),
  [`POST ${p}/jobs/{id}/retry`]: row('job.retry', job),
  [`POST ${p}/jobs/{id}/cancel`]: row('job.cancel', job),
  [`POST ${p}/jobs/{id}/erase`]: { ...remove('job.erase', job), access: 'delete' },
};
