/** The rows of GitLab's connector, as short as they repeat: everything in a project is about the project. */
import type { Route, RouteRow } from '../../src/model.js';

export type Routes = { readonly [methodAndTemplate: string]: Route };

/** The paths that all others begin with. */
export const p = '/api/v4/projects/{project}';
export const g = '/api/v4/groups/{group}';

/** A row about the project. */
export const row = (action: string, parameters: RouteRow['parameters'] = {}): RouteRow => ({
  action,
  resource: 'project:{project}',
  parameters,
});

export const list = (action: string): RouteRow => ({ ...row(action), access: 'list' });

/** Who may do what changes with it. */
export const grant = (action: string, parameters: RouteRow['parameters'] = {}): RouteRow => ({
  ...row(action, parameters),
  access: 'permissions',
});

/** What is in it is lost. */
export const remove = (action: string, parameters: RouteRow['parameters'] = {}): RouteRow => ({
  ...row(action, parameters),
  hints: ['destructive'],
});

/** The same row about a group. */
export const ofGroup = (row: RouteRow): RouteRow => ({ ...row, resource: 'group:{group}' });
