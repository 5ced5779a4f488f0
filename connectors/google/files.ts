/**
 * Google Drive: changes of a file, which may move it to where others see it, say who may share it, or put it into the trash.
 * https://developers.google.com/workspace/drive/api/reference/rest/v3/files/update
 */
import type { Reader, Route, RouteRow } from '../../src/model.js';

const update = {
  action: 'drive.files.update',
  resource: 'file:{file_id}',
  parameters: {
    name: 'body#/name as string',
    mime_type: 'body#/mimeType as string',
    starred: 'body#/starred as boolean',
    trashed: 'body#/trashed as boolean',
    add_parents: 'query.addParents as string',
    remove_parents: 'query.removeParents as string',
  },
} satisfies RouteRow;

/** What is in a folder may be seen by whoever may see the folder. */
const sharing = [
  'query.addParents',
  'query.removeParents',
  'body#/inheritedPermissionsDisabled',
  'body#/writersCanShare',
  'body#/copyRequiresWriterPermission',
];

const changed: Route = [
  ...sharing.map((place): RouteRow => ({ ...update, access: 'permissions', when: { [place]: '*' } })),
  { ...update, access: 'delete', when: { 'body#/trashed': true } },
  { ...update, when: { 'body#/trashed': false } },
  update,
];

/** With the content comes what else is changed, in parts that aren't read. */
const uploaded: Reader = ({ query }, { file_id }) => ({
  action: update.action,
  resource: `file:${file_id}`,
  ...(query.some(([name]) => /^(?:add|remove)_?parents$/i.test(name)) && { access: 'permissions' as const }),
  unknown: Object.keys(update.parameters),
  aliases: ['drive.file.update'],
});

const path = '/drive/v3/files/{file_id}';

export const files: { readonly [methodAndTemplate: string]: Route } = {
  [`PATCH ${path}`]: changed,
  ...Object.fromEntries(
    ['PATCH', 'PUT'].flatMap(method => ['', '/resumable'].map(at => [`${method} ${at}/upload${path}`, uploaded])),
  ),
};
