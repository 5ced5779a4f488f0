/** GitHub: issues, labels, milestones and pull requests. https://docs.github.com/rest/issues, …/rest/pulls */
import type { Route, RouteRow } from '../../src/model.js';
import { author, checksOfRuns, checksWithStatuses } from './checks.js';
import { list, r, row } from './repo-rows.js';

const number = { number: 'path.number as integer' };
const comment = { comment: 'path.id as integer' };
const labels = { labels: 'body#/labels as strings' };
const issue = { title: 'body#/title as string', ...labels, assignees: 'body#/assignees as strings' };
const pull = {
  title: 'body#/title as string',
  base: 'body#/base as string',
  head: 'body#/head as string',
  draft: 'body#/draft as boolean',
};
const review = { ...number, event: 'body#/event as string' };

/** Where a pull request goes to isn't in the requests that change it. */
const branches = { request: `GET ${r}/pulls/{number}`, parameters: { base: '/base/ref', head: '/head/ref' } };

const merge: RouteRow = {
  ...row('pr.merge', { ...number, merge_method: 'body#/merge_method as string', sha: 'body#/sha as string' }),
  lookup: {
    request: branches.request,
    parameters: { ...branches.parameters, head_sha: '/head/sha', draft: '/draft', author },
    next: {
      request: `GET ${r}/commits/{head_sha}/check-runs?per_page=100`,
      parameters: { checks: checksOfRuns },
      next: { request: `GET ${r}/commits/{head_sha}/status`, parameters: { checks: checksWithStatuses } },
    },
  },
};

export const issues: { readonly [methodAndTemplate: string]: Route } = {
  'GET /issues': { action: 'issue.list', access: 'list', resource: 'user' },
  [`GET ${r}/issues`]: list('issue.list', { state: 'query.state as string' }),
  [`POST ${r}/issues`]: row('issue.create', issue),
  [`GET ${r}/issues/{number}`]: row('issue.get', number),
  [`PATCH ${r}/issues/{number}`]: [
    {
      when: { 'body#/state': 'closed' },
      ...row('issue.close', { ...number, ...issue, reason: 'body#/state_reason as string' }),
    },
    { when: { 'body#/state': 'open' }, ...row('issue.reopen', { ...number, ...issue }) },
    row('issue.update', { ...number, ...issue }),
  ],
  [`PUT ${r}/issues/{number}/lock`]: row('issue.lock', number),
  [`DELETE ${r}/issues/{number}/lock`]: row('issue.unlock', number),
  [`GET ${r}/issues/{number}/comments`]: list('issue.comments', number),
  [`POST ${r}/issues/{number}/comments`]: row('issue.comment', number),
  [`GET ${r}/issues/comments`]: list('issue.comments'),
  [`GET ${r}/issues/comments/{id}`]: row('issue.get_comment', comment),
  [`PATCH ${r}/issues/comments/{id}`]: row('issue.update_comment', comment),
  [`DELETE ${r}/issues/comments/{id}`]: row('issue.delete_comment', comment),
  [`GET ${r}/issues/{number}/labels`]: list('issue.labels', number),
  [`POST ${r}/issues/{number}/labels`]: row('issue.add_labels', { ...number, ...labels }),
  [`PUT ${r}/issues/{number}/labels`]: row('issue.set_labels', { ...number, ...labels }),
  [`DELETE ${r}/issues/{number}/labels`]: row('issue.clear_labels', number),
  [`DELETE ${r}/issues/{number}/labels/{label}`]: row('issue.remove_label', { ...number, label: 'path.label' }),
  [`POST ${r}/issues/{number}/assignees`]: row('issue.assign', { ...number, assignees: 'body#/assignees as strings' }),
  [`DELETE ${r}/issues/{number}/assignees`]: row('issue.unassign', {
    ...number,
    assignees: 'body#/assignees as strings',
  }),
  [`GET ${r}/issues/{number}/events`]: list('issue.events', number),
  [`GET ${r}/issues/{number}/timeline`]: list('issue.timeline', number),
  [`POST ${r}/issues/{number}/reactions`]: row('issue.react', number),
  [`GET ${r}/assignees`]: list('issue.assignees'),
  [`GET ${r}/labels`]: list('label.list'),
  [`POST ${r}/labels`]: row('label.create', { name: 'body#/name as string' }),
  [`GET ${r}/labels/{label}`]: row('label.get', { label: 'path.label' }),
  [`PATCH ${r}/labels/{label}`]: row('label.update', { label: 'path.label', new_name: 'body#/new_name as string' }),
  [`DELETE ${r}/labels/{label}`]: row('label.delete', { label: 'path.label' }),
  [`GET ${r}/milestones`]: list('milestone.list'),
  [`POST ${r}/milestones`]: row('milestone.create', { title: 'body#/title as string' }),
  [`GET ${r}/milestones/{number}`]: row('milestone.get', number),
  [`PATCH ${r}/milestones/{number}`]: row('milestone.update', number),
  [`DELETE ${r}/milestones/{number}`]: row('milestone.delete', number),

  [`GET ${r}/pulls`]: list('pr.list', { state: 'query.state as string', base: 'query.base as string' }),
  [`POST ${r}/pulls`]: row('pr.create', pull),
  [`GET ${r}/pulls/{number}`]: row('pr.get', number),
  [`PATCH ${r}/pulls/{number}`]: [
    { when: { 'body#/state': 'closed' }, ...row('pr.close', { ...number, title: pull.title, base: pull.base }) },
    { when: { 'body#/state': 'open' }, ...row('pr.reopen', { ...number, title: pull.title, base: pull.base }) },
    row('pr.update', { ...number, title: pull.title, base: pull.base }),
  ],
  [`GET ${r}/pulls/{number}/merge`]: row('pr.is_merged', number),
  [`PUT ${r}/pulls/{number}/merge`]: merge,
  [`PUT ${r}/pulls/{number}/merge-async`]: merge,
  [`PUT ${r}/pulls/{number}/update-branch`]: { ...row('pr.update_branch', number), lookup: branches },
  [`GET ${r}/pulls/{number}/commits`]: list('pr.commits', number),
  [`GET ${r}/pulls/{number}/files`]: list('pr.files', number),
  [`GET ${r}/pulls/{number}/reviews`]: list('pr.reviews', number),
  [`POST ${r}/pulls/{number}/reviews`]: row('pr.review', review),
  [`GET ${r}/pulls/{number}/reviews/{id}`]: row('pr.get_review', { ...number, review: 'path.id as integer' }),
  [`PUT ${r}/pulls/{number}/reviews/{id}`]: row('pr.update_review', { ...number, review: 'path.id as integer' }),
  [`DELETE ${r}/pulls/{number}/reviews/{id}`]: row('pr.delete_review', { ...number, review: 'path.id as integer' }),
  [`POST ${r}/pulls/{number}/reviews/{id}/events`]: row('pr.review', { ...review, review: 'path.id as integer' }),
  [`PUT ${r}/pulls/{number}/reviews/{id}/dismissals`]: row('pr.dismiss_review', {
    ...number,
    review: 'path.id as integer',
  }),
  [`GET ${r}/pulls/{number}/comments`]: list('pr.comments', number),
  [`POST ${r}/pulls/{number}/comments`]: row('pr.comment', number),
  [`POST ${r}/pulls/{number}/comments/{id}/replies`]: row('pr.comment', { ...number, ...comment }),
  [`GET ${r}/pulls/comments`]: list('pr.comments'),
  [`GET ${r}/pulls/comments/{id}`]: row('pr.get_comment', comment),
  [`PATCH ${r}/pulls/comments/{id}`]: row('pr.update_comment', comment),
  [`DELETE ${r}/pulls/comments/{id}`]: row('pr.delete_comment', comment),
  [`GET ${r}/pulls/{number}/requested_reviewers`]: list('pr.reviewers', number),
  [`POST ${r}/pulls/{number}/requested_reviewers`]: row('pr.request_review', {
    ...number,
    reviewers: 'body#/reviewers as strings',
    teams: 'body#/team_reviewers as strings',
  }),
  [`DELETE ${r}/pulls/{number}/requested_reviewers`]: row('pr.unrequest_review', {
    ...number,
    reviewers: 'body#/reviewers as strings',
  }),
};
