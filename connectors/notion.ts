/**
 * Notion's API. https://developers.notion.com/reference
 * Permissions are about the page, block, database or other thing that a path names (`page:{page_id}`).
 */
import type { Connector, RouteRow } from '../src/model.js';

/** Changes to a thing, of which one puts it into the trash, and another takes it out; both have three spellings. */
function changing(thing: string, parameters: { readonly [name: string]: string } = {}): readonly RouteRow[] {
  const resource = `${thing}:{${thing}_id}`;
  const rows = ['in_trash', 'archived', 'is_archived'].map(member => [
    `body#/${member}`,
    { [member]: `body#/${member} as boolean`, ...parameters },
  ]) as [string, { readonly [name: string]: string }][];
  return [
    ...rows.map(
      ([member, told]): RouteRow => ({
        action: `${thing}.trash`,
        access: 'delete',
        resource,
        parameters: told,
        when: { [member]: true },
      }),
    ),
    ...rows.map(
      ([member, told]): RouteRow => ({
        action: `${thing}.restore`,
        resource,
        parameters: told,
        when: { [member]: false },
      }),
    ),
    { action: `${thing}.update`, resource, parameters },
  ];
}

const uuid = /^([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})$/i;

/** Notion takes an identifier with hyphens and without; its answers have them. */
const canonical = (_: string, value: string): string =>
  uuid.test(value) ? value.toLowerCase().replace(uuid, '$1-$2-$3-$4-$5') : value;

export default {
  name: 'notion',
  hosts: ['api.notion.com'],
  credentials: {
    scheme: 'bearer',
    placeholder: `ntn_tfplaceholder${'0'.repeat(33)}`,
    env: ['NOTION_TOKEN', 'NOTION_API_KEY', 'NOTION_KEY'],
  },
  generated: 'notion',
  canonical,
  // Notion's own SDK shows the reason only of an error whose code it knows.
  refusal: ({ status }) => ({ body: { object: 'error', ...(status === 403 && { code: 'restricted_resource' }) } }),
  routes: {
    'POST /v1/search': { action: 'search', access: 'list', resource: 'search' },
    'POST /v1/pages': {
      action: 'page.create',
      resource: 'page',
      parameters: {
        page_id: 'body#/parent/page_id as string',
        database_id: 'body#/parent/database_id as string',
        data_source_id: 'body#/parent/data_source_id as string',
      },
    },
    'GET /v1/pages/{page_id}': { action: 'page.get', resource: 'page:{page_id}' },
    'PATCH /v1/pages/{page_id}': changing('page', {
      is_locked: 'body#/is_locked as boolean',
      erase_content: 'body#/erase_content as boolean',
    }),
    'POST /v1/pages/{page_id}/move': {
      action: 'page.move',
      resource: 'page:{page_id}',
      parameters: {
        to_page_id: 'body#/parent/page_id as string',
        to_data_source_id: 'body#/parent/data_source_id as string',
      },
    },
    'GET /v1/blocks/{block_id}': { action: 'block.get', resource: 'block:{block_id}' },
    'GET /v1/blocks/{block_id}/children': { action: 'block.children', access: 'list', resource: 'block:{block_id}' },
    'PATCH /v1/blocks/{block_id}/children': { action: 'block.append', resource: 'block:{block_id}' },
    'PATCH /v1/blocks/{block_id}': changing('block'),
    // Notion calls it deleting; it is in the trash afterwards.
    'DELETE /v1/blocks/{block_id}': { action: 'block.delete', resource: 'block:{block_id}' },
    'POST /v1/databases': {
      action: 'database.create',
      resource: 'database',
      parameters: { page_id: 'body#/parent/page_id as string' },
    },
    'GET /v1/databases/{database_id}': { action: 'database.get', resource: 'database:{database_id}' },
    'PATCH /v1/databases/{database_id}': changing('database', { is_locked: 'body#/is_locked as boolean' }),
    // Before data sources there were only databases to ask.
    'POST /v1/databases/{database_id}/query': {
      action: 'database.query',
      access: 'list',
      resource: 'database:{database_id}',
    },
    'POST /v1/data_sources/{data_source_id}/query': {
      action: 'data_source.query',
      access: 'list',
      resource: 'data_source:{data_source_id}',
    },
    'PATCH /v1/data_sources/{data_source_id}': changing('data_source'),
    'POST /v1/comments': {
      action: 'comment.create',
      resource: 'comment',
      parameters: { page_id: 'body#/parent/page_id as string', discussion_id: 'body#/discussion_id as string' },
    },
    'GET /v1/users': { action: 'user.list', access: 'list', resource: 'user' },
    'GET /v1/users/me': { action: 'user.me', resource: 'user' },
    'GET /v1/users/{user_id}': { action: 'user.get', resource: 'user:{user_id}' },
  },
} satisfies Connector;
