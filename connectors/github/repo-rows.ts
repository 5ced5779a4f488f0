/** GitHub: rows about a repository, which most of its routes are. */
import type { RouteRow } from '../../src/model.js';

type Parameters = RouteRow['parameters'];

/** The template that begins them. */
export const r = '/repos/{owner}/{repo}';
const resource = 'repo:{owner}/{repo}';

/** One row; its access comes from its method. */
export const row = (action: string, parameters: Parameters = {}): RouteRow => ({ action, resource, parameters });

/** A row that lists. */
export const list = (action: string, parameters: Parameters = {}): RouteRow => ({
  ...row(action, parameters),
  access: 'list',
});

/** A row that changes who may do what. */
export const grant = (action: string, parameters: Parameters = {}): RouteRow => ({
  ...row(action, parameters),
  access: 'permissions',
});
