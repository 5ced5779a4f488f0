/**
 * GitHub: mutations that are the same deed as an everyday action of the REST API, by that action's name (behind it the
 * generated names of its routes). Several names: it may be any of them. https://docs.github.com/graphql/reference/mutations
 */

/** One mutation. */
export interface Deed {
  /** `NAME GENERATED…`, each with the generated names that the REST API has for it. */
  readonly actions: readonly string[];
  /** Parameter of the REST action → argument, or null: the mutation doesn't tell it. `lower` in front: in lower case there. */
  readonly parameters: { readonly [name: string]: string | null };
}

type Parameters = Deed['parameters'];

const deed = (actions: string | readonly string[], parameters: Parameters = {}): Deed => ({
  actions: typeof actions === 'string' ? [actions] : actions,
  parameters,
});

const number = { number: null };
const branches = { ...number, base: null, head: null };
const merge: Parameters = {
  ...branches,
  head_sha: null,
  draft: null,
  author: null,
  checks: null,
  merge_method: 'lower mergeMethod',
  sha: 'expectedHeadOid',
};
const refDeeds = ['branch.delete git.delete_ref', 'tag.delete git.delete_ref', 'ref.delete git.delete_ref'];
const refUpdates = ['branch.update git.update_ref', 'ref.update git.update_ref'];
const anyRef = { ref: null, branch: null, tag: null };
const labels = { ...number, labels: null, label: null };
const assignees = { ...number, assignees: null };
const newRepo: Parameters = { name: 'name', visibility: 'lower visibility', private: null };
const ruleset = { ruleset: null };

export const deeds: { readonly [mutation: string]: Deed } = {
  createIssue: deed('issue.create issues.create', { title: 'title', labels: null, assignees: null }),
  closeIssue: deed('issue.close issues.update', { ...number, reason: 'lower stateReason' }),
  reopenIssue: deed('issue.reopen issues.update', number),
  deleteIssue: deed('issue.delete', number),
  transferIssue: deed('issue.transfer', number),
  addComment: deed('issue.comment issues.create_comment', number),
  updateIssueComment: deed('issue.update_comment issues.update_comment', { comment: null }),
  deleteIssueComment: deed('issue.delete_comment issues.delete_comment', { comment: null }),
  addLabelsToLabelable: deed('issue.add_labels issues.add_labels', labels),
  removeLabelsFromLabelable: deed('issue.remove_label issues.remove_label', labels),
  clearLabelsFromLabelable: deed('issue.clear_labels issues.remove_all_labels', labels),
  addAssigneesToAssignable: deed('issue.assign issues.add_assignees', assignees),
  removeAssigneesFromAssignable: deed('issue.unassign issues.remove_assignees', assignees),
  lockLockable: deed('issue.lock issues.lock', number),
  unlockLockable: deed('issue.unlock issues.unlock', number),
  addReaction: deed(
    'issue.react reactions.create_for_issue reactions.create_for_issue_comment reactions.create_for_pull_request_review_comment reactions.create_for_release',
    number,
  ),
  createLabel: deed('label.create issues.create_label', { name: 'name' }),
  updateLabel: deed('label.update issues.update_label', { label: null, new_name: 'name' }),
  deleteLabel: deed('label.delete issues.delete_label', { label: null }),

  createPullRequest: deed('pr.create pulls.create', {
    title: 'title',
    base: 'baseRefName',
    head: 'headRefName',
    draft: 'draft',
  }),
  closePullRequest: deed('pr.close pulls.update', { ...number, base: null }),
  reopenPullRequest: deed('pr.reopen pulls.update', { ...number, base: null }),
  mergePullRequest: deed('pr.merge pulls.merge', merge),
  // Both merge as soon as they can.
  enablePullRequestAutoMerge: deed('pr.merge pulls.merge pulls.merge_async', merge),
  enqueuePullRequest: deed('pr.merge pulls.merge pulls.merge_async', merge),
  updatePullRequestBranch: deed('pr.update_branch pulls.update_branch', branches),
  addPullRequestReview: deed('pr.review pulls.create_review', { ...number, event: 'event' }),
  submitPullRequestReview: deed('pr.review pulls.submit_review', { ...number, event: 'event', review: null }),
  updatePullRequestReview: deed('pr.update_review pulls.update_review', { ...number, review: null }),
  deletePullRequestReview: deed('pr.delete_review pulls.delete_pending_review', { ...number, review: null }),
  dismissPullRequestReview: deed('pr.dismiss_review pulls.dismiss_review', { ...number, review: null }),
  addPullRequestReviewComment: deed('pr.comment pulls.create_review_comment pulls.create_reply_for_review_comment', {
    ...number,
    comment: null,
  }),
  addPullRequestReviewThread: deed('pr.comment pulls.create_review_comment', number),
  addPullRequestReviewThreadReply: deed('pr.comment pulls.create_reply_for_review_comment', {
    ...number,
    comment: null,
  }),
  updatePullRequestReviewComment: deed('pr.update_comment pulls.update_review_comment', { comment: null }),
  deletePullRequestReviewComment: deed('pr.delete_comment pulls.delete_review_comment', { comment: null }),
  requestReviews: deed('pr.request_review pulls.request_reviewers', { ...number, reviewers: null, teams: null }),

  createRef: deed('ref.create git.create_ref', { ref: 'name', sha: 'oid' }),
  updateRef: deed(refUpdates, { ref: null, branch: null, sha: 'oid', force: 'force' }),
  updateRefs: deed([...refDeeds, ...refUpdates, 'ref.create git.create_ref'], { ...anyRef, sha: null, force: null }),
  deleteRef: deed(refDeeds, anyRef),
  createLinkedBranch: deed('ref.create git.create_ref', { ref: null, sha: 'oid' }),
  mergeBranch: deed('branch.merge repos.merge', { base: 'base', head: 'head' }),
  createBranchProtectionRule: deed('branch.protect repos.update_branch_protection', { branch: null }),
  updateBranchProtectionRule: deed('branch.protect repos.update_branch_protection', { branch: null }),
  deleteBranchProtectionRule: deed('branch.unprotect repos.delete_branch_protection', { branch: null }),
  createRepositoryRuleset: deed('ruleset.create repos.create_repo_ruleset'),
  updateRepositoryRuleset: deed('ruleset.update repos.update_repo_ruleset', ruleset),
  deleteRepositoryRuleset: deed('ruleset.delete repos.delete_repo_ruleset', ruleset),

  createRepository: deed('repo.create repos.create_for_authenticated_user repos.create_in_org', newRepo),
  cloneTemplateRepository: deed('repo.generate repos.create_using_template', { name: 'name', owner: null }),
  updateRepository: deed('repo.update repos.update', { name: 'name', default_branch: null }),
  archiveRepository: deed('repo.archive repos.update'),
  unarchiveRepository: deed('repo.unarchive repos.update'),
  updateTopics: deed('repo.set_topics repos.replace_all_topics'),
  addStar: deed('star.add activity.star_repo_for_authenticated_user'),
  removeStar: deed('star.remove activity.unstar_repo_for_authenticated_user'),

  createDeployment: deed('deployment.create repos.create_deployment', { ref: null, environment: 'environment' }),
  deleteDeployment: deed('deployment.delete repos.delete_deployment', { deployment: null }),
  createDeploymentStatus: deed('deployment.set_status repos.create_deployment_status', {
    deployment: null,
    state: 'lower state',
  }),
  createEnvironment: deed('environment.set repos.create_or_update_environment', { name: 'name' }),
  updateEnvironment: deed('environment.set repos.create_or_update_environment', { name: null }),
  deleteEnvironment: deed('environment.delete repos.delete_an_environment', { name: null }),
  approveDeployments: deed('workflow.approve_deployment actions.review_pending_deployments_for_run', {
    run: null,
    state: null,
  }),
  rejectDeployments: deed('workflow.approve_deployment actions.review_pending_deployments_for_run', {
    run: null,
    state: null,
  }),
  createCheckRun: deed('check.create checks.create', { name: 'name', conclusion: 'lower conclusion' }),
  updateCheckRun: deed('check.update checks.update', { check: null, conclusion: 'lower conclusion' }),
};
