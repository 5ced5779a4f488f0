/** An agent that reads issues and deletes a branch. */
import { Octokit } from '@octokit/rest';
import { report } from './report.js';

const octokit = new Octokit({
  auth: process.env.GITHUB_TOKEN,
  log: { debug() {}, info() {}, warn() {}, error() {} },
});
const site = { owner: 'acme', repo: 'site' };
await report(
  async () => (await octokit.rest.issues.listForRepo(site)).data[0]?.number,
  () => octokit.rest.git.deleteRef({ ...site, ref: 'heads/main' }),
);
