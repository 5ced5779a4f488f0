/**
 * GitLab's REST API, version 4, of gitlab.com and of servers of one's own: a generated table, and the everyday names. The
 * resource is the project, group or user as it was asked for: by path, in lower case, or by number.
 * https://docs.gitlab.com/api/rest/
 */
import type { Connector } from '../src/model.js';
import { code } from './gitlab/code.js';
import { projects } from './gitlab/projects.js';

// A path of a project or group is the same in any case.
const caseless = new Set(['project', 'group', 'namespace', 'namespace_id']);

export default {
  name: 'gitlab',
  hosts: ['gitlab.com'],
  configurable: true,
  credentials: {
    scheme: 'header:PRIVATE-TOKEN',
    placeholder: `glpat-tfplaceholder${'0'.repeat(7)}`,
    env: ['GITLAB_TOKEN', 'GITLAB_PRIVATE_TOKEN', 'GITLAB_ACCESS_TOKEN'],
  },
  generated: 'gitlab',
  canonical: (name, value) => (caseless.has(name) ? value.toLowerCase() : value),
  // https://docs.gitlab.com/api/rest/#encoding
  encoded: [
    'project',
    'group',
    'namespace',
    'namespace_id',
    'file_path',
    'branch_name',
    'tag_name',
    'sha',
    'ref',
    'name',
    'label_id',
    'slug',
    'key',
    'package_name',
    'feature_flag_name',
    'flag_name',
  ],
  impersonation: ['sudo', 'private_token', 'access_token', 'job_token', 'job-token', 'deploy-token'],
  routes: { ...projects, ...code },
} satisfies Connector;
