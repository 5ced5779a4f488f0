/** Approval: one that waits, for whoever prints it. */
import type { Approval } from '../../src/approvals/index.js';

/** It merges a pull request; `differs` from that. */
export const approval = (differs: Partial<Approval>): Approval => ({
  id: 'apr_01K',
  state: 'pending',
  gateway: 'agent',
  run: 'run_1',
  subject: {
    ...{
      type: 'agent',
      id: 'agent',
      environment: 'default',
      labels: {},
      run: 'run_1',
      chain: ['agent'],
      runs: ['run_1'],
    },
    ...{ user: { sub: 'carol' }, workload: {} },
  },
  grant: null,
  grants: [],
  action: {
    ...{ name: 'github.pr.merge', connector: 'github', access: 'write', unknown: [] },
    parameters: { repository: 'acme/site' },
  },
  resource: { type: 'repo', id: 'acme/site' },
  flags: [],
  why: 'Merging needs a person.',
  rule: 'perm_1',
  request: {
    ...{ method: 'PUT', scheme: 'https', host: 'api.github.com', port: 443, path: '/repos/acme/site/pulls/7/merge' },
    ...{ query: '', body: { state: 'none', bytes: 0 } },
  },
  secret: null,
  binding: 'b',
  resource_binding: 'r',
  policy_sha256: 'p',
  decided: 'ev_1',
  requested_at: '2026-11-20T09:00:00.000Z',
  expires_at: '2026-11-20T09:15:00.000Z',
  demands: [],
  yes: [],
  scope: null,
  used: 0,
  difference: null,
  by: null,
  reason: null,
  told: false,
  ...differs,
});

/** Nothing reads like an order. */
export const never = (): boolean => false;
