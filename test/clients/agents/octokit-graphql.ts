/** An agent that opens an issue and merges a pull request, both by GraphQL. */
import { Octokit } from '@octokit/rest';
import { report } from './report.js';

const octokit = new Octokit({
  auth: process.env.GITHUB_TOKEN,
  log: { debug() {}, info() {}, warn() {}, error() {} },
});
const create = `mutation($repo: ID!, $title: String!) {
  createIssue(input: { repositoryId: $repo, title: $title }) { issue { number } }
}`;
const merge = 'mutation($id: ID!) { now: mergePullRequest(input: { pullRequestId: $id }) { clientMutationId } }';
await report(
  async () =>
    (await octokit.graphql<{ createIssue: { issue: unknown } }>(create, { repo: 'R_1', title: 'x' })).createIssue.issue,
  () => octokit.graphql(merge, { id: 'PR_1' }),
);
