/**
 * Okta: the management API of an organisation, with the people, groups and applications in it by their ids: `user:ID`. A
 * generated table, and the everyday names. Deleting a user is done in two steps with one request: the first deactivates.
 * https://developer.okta.com/docs/api/
 */
import type { Connector, Hint, Route, RouteRow } from '../src/model.js';

const user = { resource: 'user:{user_id}' } satisfies Partial<RouteRow>;
const group = { resource: 'group:{group_id}' } satisfies Partial<RouteRow>;
const app = { resource: 'app:{app_id}' } satisfies Partial<RouteRow>;
const rights = { access: 'permissions' } satisfies Partial<RouteRow>;
const gone = { hints: ['destructive', 'irreversible'] as readonly Hint[] };
const users = '/api/v1/users/{user_id}';

/** `POST /users/ID/lifecycle/WORD`: who is let in. */
const lifecycle = (word: string, action: string, parameters: RouteRow['parameters'] = {}): [string, Route] => [
  `POST ${users}/lifecycle/${word}`,
  { action: `user.${action}`, ...rights, ...user, parameters },
];

const mail = { send_email: 'query.sendEmail as boolean' };

const made = { activate: 'query.activate as boolean' };

/** Whoever sets a password with an update may sign in with it. */
const update = (action: string): readonly RouteRow[] => [
  { when: { 'body#/credentials': '*' }, action: 'user.set_credentials', ...rights, ...user },
  { action, ...user, parameters: { strict: 'query.strict as boolean' } },
];

export default {
  name: 'okta',
  hosts: ['*.okta.com', '*.oktapreview.com', '*.okta-emea.com', '*.okta-gov.com'],
  configurable: true,
  credentials: {
    scheme: 'header:Authorization',
    prefix: 'SSWS',
    placeholder: `00tfplaceholder${'0'.repeat(27)}`,
    env: ['OKTA_API_TOKEN', 'OKTA_CLIENT_TOKEN'],
  },
  generated: 'okta',
  reads: 'json',
  routes: {
    'GET /api/v1/users': { action: 'user.list', access: 'list', resource: 'user' },
    'POST /api/v1/users': [
      // Into groups, which decide what the user may do.
      {
        when: { 'body#/groupIds': '*' },
        action: 'user.create',
        ...rights,
        resource: 'user',
        parameters: { ...made, groups: 'body#/groupIds as strings' },
      },
      { action: 'user.create', resource: 'user', parameters: made },
    ],
    [`GET ${users}`]: { action: 'user.get', ...user },
    [`POST ${users}`]: update('user.update'),
    [`PUT ${users}`]: update('user.replace'),
    [`DELETE ${users}`]: { action: 'user.delete', ...gone, ...user, parameters: mail },
    ...Object.fromEntries([
      lifecycle('activate', 'activate', mail),
      lifecycle('reactivate', 'reactivate', mail),
      lifecycle('deactivate', 'deactivate', mail),
      lifecycle('suspend', 'suspend'),
      lifecycle('unsuspend', 'unsuspend'),
      lifecycle('unlock', 'unlock'),
      lifecycle('expire_password', 'expire_password'),
      lifecycle('expire_password_with_temp_password', 'set_temporary_password'),
      lifecycle('reset_password', 'reset_password', mail),
      lifecycle('reset_factors', 'factor.reset'),
    ]),
    [`POST ${users}/credentials/change_password`]: { action: 'user.change_password', ...rights, ...user },
    [`DELETE ${users}/sessions`]: {
      action: 'user.revoke_sessions',
      ...rights,
      ...user,
      parameters: { oauth_tokens: 'query.oauthTokens as boolean' },
    },
    [`GET ${users}/factors`]: { action: 'user.factor.list', access: 'list', ...user },
    [`POST ${users}/factors`]: { action: 'user.factor.enroll', ...rights, ...user },
    [`DELETE ${users}/factors/{factor_id}`]: {
      action: 'user.factor.delete',
      ...rights,
      ...user,
      parameters: { factor_id: 'path.factor_id' },
    },
    [`GET ${users}/groups`]: { action: 'user.groups', access: 'list', ...user },
    [`GET ${users}/roles`]: { action: 'user.role.list', access: 'list', ...user },
    [`POST ${users}/roles`]: {
      action: 'user.role.add',
      ...rights,
      ...user,
      parameters: { role: 'body#/type as string', role_id: 'body#/role as string' },
    },
    [`DELETE ${users}/roles/{role_id}`]: {
      action: 'user.role.remove',
      ...rights,
      ...user,
      parameters: { role_id: 'path.role_id' },
    },

    'GET /api/v1/groups': { action: 'group.list', access: 'list', resource: 'group' },
    'POST /api/v1/groups': { action: 'group.create', resource: 'group' },
    'GET /api/v1/groups/{group_id}': { action: 'group.get', ...group },
    'PUT /api/v1/groups/{group_id}': { action: 'group.update', ...group },
    'DELETE /api/v1/groups/{group_id}': { action: 'group.delete', ...gone, ...group },
    'GET /api/v1/groups/{group_id}/users': { action: 'group.member.list', access: 'list', ...group },
    'PUT /api/v1/groups/{group_id}/users/{user_id}': {
      action: 'group.member.add',
      ...rights,
      ...group,
      parameters: { user: 'path.user_id' },
    },
    'DELETE /api/v1/groups/{group_id}/users/{user_id}': {
      action: 'group.member.remove',
      ...rights,
      ...group,
      parameters: { user: 'path.user_id' },
    },

    'GET /api/v1/apps': { action: 'app.list', access: 'list', resource: 'app' },
    'POST /api/v1/apps': { action: 'app.create', ...rights, resource: 'app' },
    'GET /api/v1/apps/{app_id}': { action: 'app.get', ...app },
    'PUT /api/v1/apps/{app_id}': { action: 'app.update', ...rights, ...app },
    'DELETE /api/v1/apps/{app_id}': { action: 'app.delete', ...rights, ...gone, ...app },
    'POST /api/v1/apps/{app_id}/lifecycle/activate': { action: 'app.activate', ...rights, ...app },
    'POST /api/v1/apps/{app_id}/lifecycle/deactivate': { action: 'app.deactivate', ...rights, ...app },
    'POST /api/v1/apps/{app_id}/users': {
      action: 'app.user.add',
      ...rights,
      ...app,
      parameters: { user: 'body#/id as string' },
    },
    'DELETE /api/v1/apps/{app_id}/users/{user_id}': {
      action: 'app.user.remove',
      ...rights,
      ...app,
      parameters: { user: 'path.user_id' },
    },
    'GET /api/v1/logs': { action: 'log.list', access: 'list', resource: 'log' },
  },
} satisfies Connector;
