/** An agent that merges two pull requests, and knows nothing of their branches. */
import { Octokit } from '@octokit/rest';
import { report } from './report.js';

const octokit = new Octokit({
  auth: process.env.GITHUB_TOKEN,
  log: { debug() {}, info() {}, warn() {}, error() {} },
});
const site = { owner: 'acme', repo: 'site' };
await report(
  async () => (await octokit.rest.pulls.merge({ ...site, pull_number: 8 })).data.merged,
  () => octokit.rest.pulls.merge({ ...site, pull_number: 7 }),
);
