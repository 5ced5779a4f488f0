/** GitHub Actions: workflows, runs, artifacts, secrets, variables, environments. https://docs.github.com/rest/actions */
import type { Route } from '../../src/model.js';
import { grant, list, r, row } from './repo-rows.js';

const workflow = { workflow: 'path.workflow' };
const run = { run: 'path.run as integer' };
const name = { name: 'path.name' };
const secret = { name: 'path.secret_name' };

export const actions: { readonly [methodAndTemplate: string]: Route } = {
  [`GET ${r}/actions/workflows`]: list('workflow.list'),
  [`GET ${r}/actions/workflows/{workflow}`]: row('workflow.get', workflow),
  [`POST ${r}/actions/workflows/{workflow}/dispatches`]: row('workflow.dispatch', {
    ...workflow,
    ref: 'body#/ref as string',
  }),
  [`PUT ${r}/actions/workflows/{workflow}/enable`]: row('workflow.enable', workflow),
  [`PUT ${r}/actions/workflows/{workflow}/disable`]: row('workflow.disable', workflow),
  [`GET ${r}/actions/workflows/{workflow}/runs`]: list('workflow.runs', workflow),
  [`GET ${r}/actions/runs`]: list('workflow.runs'),
  [`GET ${r}/actions/runs/{run}`]: row('workflow.get_run', run),
  [`DELETE ${r}/actions/runs/{run}`]: row('workflow.delete_run', run),
  [`POST ${r}/actions/runs/{run}/cancel`]: row('workflow.cancel_run', run),
  [`POST ${r}/actions/runs/{run}/rerun`]: row('workflow.rerun', run),
  [`POST ${r}/actions/runs/{run}/rerun-failed-jobs`]: row('workflow.rerun', run),
  [`POST ${r}/actions/runs/{run}/approve`]: grant('workflow.approve_run', run),
  [`POST ${r}/actions/runs/{run}/pending_deployments`]: grant('workflow.approve_deployment', {
    ...run,
    state: 'body#/state as string',
  }),
  [`GET ${r}/actions/runs/{run}/jobs`]: list('workflow.jobs', run),
  [`GET ${r}/actions/runs/{run}/logs`]: row('workflow.logs', run),
  [`GET ${r}/actions/runs/{run}/artifacts`]: list('artifact.list', run),
  [`GET ${r}/actions/jobs/{job}`]: row('workflow.get_job', { job: 'path.job as integer' }),
  [`GET ${r}/actions/jobs/{job}/logs`]: row('workflow.job_logs', { job: 'path.job as integer' }),
  [`GET ${r}/actions/artifacts`]: list('artifact.list'),
  [`GET ${r}/actions/artifacts/{id}`]: row('artifact.get', { artifact: 'path.id as integer' }),
  [`GET ${r}/actions/artifacts/{id}/{format}`]: row('artifact.download', { artifact: 'path.id as integer' }),
  [`DELETE ${r}/actions/artifacts/{id}`]: row('artifact.delete', { artifact: 'path.id as integer' }),
  [`GET ${r}/actions/caches`]: list('cache.list'),
  [`DELETE ${r}/actions/caches`]: row('cache.delete', { key: 'query.key as string' }),
  [`GET ${r}/actions/secrets`]: list('secret.list'),
  [`GET ${r}/actions/secrets/public-key`]: row('secret.public_key'),
  [`GET ${r}/actions/secrets/{secret_name}`]: row('secret.get', secret),
  [`PUT ${r}/actions/secrets/{secret_name}`]: grant('secret.set', secret),
  [`DELETE ${r}/actions/secrets/{secret_name}`]: grant('secret.delete', secret),
  [`GET ${r}/actions/variables`]: list('variable.list'),
  [`POST ${r}/actions/variables`]: row('variable.create', { name: 'body#/name as string' }),
  [`GET ${r}/actions/variables/{name}`]: row('variable.get', name),
  [`PATCH ${r}/actions/variables/{name}`]: row('variable.update', name),
  [`DELETE ${r}/actions/variables/{name}`]: row('variable.delete', name),
  [`GET ${r}/actions/permissions`]: row('workflow.get_permissions'),
  [`PUT ${r}/actions/permissions`]: grant('workflow.set_permissions'),
  [`POST ${r}/actions/runners/registration-token`]: grant('runner.register'),
  [`GET ${r}/actions/runners`]: list('runner.list'),
  [`DELETE ${r}/actions/runners/{id}`]: grant('runner.remove', { runner: 'path.id as integer' }),
  [`GET ${r}/environments`]: list('environment.list'),
  [`GET ${r}/environments/{name}`]: row('environment.get', name),
  [`PUT ${r}/environments/{name}`]: grant('environment.set', name),
  [`DELETE ${r}/environments/{name}`]: grant('environment.delete', name),
};
