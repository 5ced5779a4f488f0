/**
 * Gmail, Drive, Calendar and the Directory of Google Workspace, with Google's own names (`google.gmail.users.messages.send`)
 * and everyday ones as aliases (`google.gmail.message.send`). https://developers.google.com/workspace
 * Permissions are about the mailbox, the file or shared drive, the calendar; the user, group or customer of a directory.
 */
import type { Connector } from '../src/model.js';
import { files } from './google/files.js';

const shared = {
  access: 'permissions',
  resource: 'file:{file_id}',
  aliases: ['drive.file.share'],
} as const;

export default {
  name: 'google',
  hosts: ['www.googleapis.com', 'gmail.googleapis.com', 'admin.googleapis.com'],
  credentials: {
    scheme: 'bearer',
    placeholder: `ya29.tfplaceholder${'0'.repeat(40)}`,
    env: ['GOOGLE_OAUTH_ACCESS_TOKEN', 'CLOUDSDK_AUTH_ACCESS_TOKEN'],
  },
  generated: 'google',
  // Addresses of people and groups, and so of mailboxes and calendars, are the same in any case.
  canonical: (_, value) => (value.includes('@') ? value.toLowerCase() : value),
  // Google's client for Node.js reads an error only if its media type is that of JSON itself.
  refusal: ({ status, code, detail }, agent = '') =>
    agent.includes('google-api-nodejs-client/')
      ? {
          instead: {
            media_type: 'application/json; charset=utf-8',
            text: `${JSON.stringify({ error: { code: status, status: code, message: `${code}: ${detail}` } })}\n`,
          },
        }
      : {},
  routes: {
    ...files,
    // With whom: the table leaves addresses out, and here they are what it is about.
    'POST /drive/v3/files/{file_id}/permissions': {
      action: 'drive.permissions.create',
      ...shared,
      parameters: {
        role: 'body#/role as string',
        type: 'body#/type as string',
        email_address: 'body#/emailAddress as string',
        domain: 'body#/domain as string',
        transfer_ownership: 'query.transferOwnership as boolean',
        use_domain_admin_access: 'query.useDomainAdminAccess as boolean',
      },
    },
    'PATCH /drive/v3/files/{file_id}/permissions/{permission_id}': {
      action: 'drive.permissions.update',
      ...shared,
      parameters: {
        permission_id: 'path.permission_id',
        role: 'body#/role as string',
        transfer_ownership: 'query.transferOwnership as boolean',
        use_domain_admin_access: 'query.useDomainAdminAccess as boolean',
      },
    },
    'POST /calendar/v3/calendars/{calendar_id}/acl': {
      action: 'calendar.acl.insert',
      access: 'permissions',
      resource: 'calendar:{calendar_id}',
      parameters: {
        role: 'body#/role as string',
        type: 'body#/scope/type as string',
        email_address: 'body#/scope/value as string',
      },
    },
    'PUT /admin/directory/v1/users/{user_key}': {
      action: 'directory.users.update',
      access: 'permissions',
      resource: 'user:{user_key}',
      parameters: { suspended: 'body#/suspended as boolean', org_unit_path: 'body#/orgUnitPath as string' },
    },
    'PATCH /admin/directory/v1/users/{user_key}': {
      action: 'directory.users.patch',
      access: 'permissions',
      resource: 'user:{user_key}',
      parameters: { suspended: 'body#/suspended as boolean', org_unit_path: 'body#/orgUnitPath as string' },
    },
    'POST /admin/directory/v1/groups/{group_key}/members': {
      action: 'directory.members.insert',
      access: 'permissions',
      resource: 'group:{group_key}',
      parameters: { email: 'body#/email as string', role: 'body#/role as string' },
    },
  },
} satisfies Connector;
