/** GitHub: the REST and GraphQL API, the hosts that git talks to, and the hosts of raw files. */
import type { Connector } from '../src/model.js';
import { type Ancestry, gitRefusal, gitRoutes } from './git.js';
import { actions } from './github/actions.js';
import { githubGraphql } from './github/graphql.js';
import { issues } from './github/issues.js';
import { orgs } from './github/orgs.js';
import { repos } from './github/repos.js';

const placeholder = `ghp_tfplaceholder${'0'.repeat(23)}`;

// Names of owners, repositories and secrets are the same in any case; a repository's never ends in `.git`.
const caseless = new Set(
  'owner repo org username team team_slug enterprise enterprise_team template_owner template_repo assignee'.split(' '),
);
const spelling = (name: string, value: string): string =>
  caseless.has(name) ? value.toLowerCase() : name === 'secret_name' ? value.toUpperCase() : value;

/** https://docs.github.com/rest */
export const github = {
  name: 'github',
  hosts: ['api.github.com', 'uploads.github.com'],
  credentials: {
    scheme: 'bearer',
    placeholder,
    env: ['GITHUB_TOKEN', 'GH_TOKEN', 'GITHUB_PAT', 'GITHUB_PERSONAL_ACCESS_TOKEN'],
  },
  reads: 'json',
  canonical: (name, value) => (/(?:^|_)repo$/.test(name) && /\.git$/i.test(value) ? null : spelling(name, value)),
  generated: 'github',
  routes: { 'POST /graphql': githubGraphql, ...orgs, ...repos, ...issues, ...actions },
} satisfies Connector;

/** A page of the comparison that has no files. https://docs.github.com/rest/commits/commits#compare-two-commits */
const compared: Ancestry = (repository, before, after) => ({
  request: `GET https://api.github.com/repos/${repository}/compare/${before}...${after}?per_page=1&page=2`,
  parameters: { forced: answer => forcedBy.get((answer as { readonly status?: unknown }).status) },
});

/** How `after` stands to `before`, and whether it leaves something of it behind. */
const forcedBy: ReadonlyMap<unknown, boolean> = new Map([
  ['ahead', false],
  ['identical', false],
  ['behind', true],
  ['diverged', true],
]);

/** Git over HTTPS. https://git-scm.com/docs/http-protocol */
export const githubGit = {
  name: 'github',
  hosts: ['github.com'],
  credentials: { scheme: 'basic', user: 'x-access-token', placeholder },
  canonical: (name, value) => spelling(name, name === 'repo' ? value.replace(/\.git$/i, '') : value),
  routes: gitRoutes(compared),
  refusal: gitRefusal,
} satisfies Connector;

/** Files of a commit, as they are. */
export const githubRaw = {
  name: 'github',
  hosts: ['raw.githubusercontent.com'],
  credentials: { scheme: 'bearer', placeholder },
  canonical: spelling,
  routes: {
    'GET /{owner}/{repo}/{path+}': {
      action: 'content.get',
      resource: 'repo:{owner}/{repo}',
      parameters: { path: 'path.path' },
    },
  },
} satisfies Connector;

/** Archives of a commit. */
export const githubArchives = {
  name: 'github',
  hosts: ['codeload.github.com'],
  credentials: { scheme: 'bearer', placeholder },
  canonical: spelling,
  routes: {
    'GET /{owner}/{repo}/{format}/{ref+}': {
      action: 'content.archive',
      resource: 'repo:{owner}/{repo}',
      parameters: { ref: 'path.ref' },
    },
  },
} satisfies Connector;
