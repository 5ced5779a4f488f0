/** GitHub: the REST and GraphQL API, the hosts that git talks to, and the hosts of raw files. */
import type { Connector } from '../src/model.js';
import { gitRefusal, gitRoutes } from './git.js';
import { actions } from './github/actions.js';
import { githubGraphql } from './github/graphql.js';
import { issues } from './github/issues.js';
import { orgs } from './github/orgs.js';
import { repos } from './github/repos.js';

const placeholder = `ghp_tfplaceholder${'0'.repeat(23)}`;

// Names of owners and repositories are the same in any case; a repository's never ends in `.git`.
const caseless = new Set(
  'owner repo org username team team_slug enterprise enterprise_team template_owner template_repo assignee'.split(' '),
);
const spelling = (name: string, value: string): string => (caseless.has(name) ? value.toLowerCase() : value);

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

/** Git over HTTPS. https://git-scm.com/docs/http-protocol */
export const githubGit = {
  name: 'github',
  hosts: ['github.com'],
  credentials: { scheme: 'basic', user: 'x-access-token', placeholder },
  canonical: (name, value) => spelling(name, name === 'repo' ? value.replace(/\.git$/i, '') : value),
  routes: gitRoutes,
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
