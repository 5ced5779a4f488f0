// Gmail, Drive, Calendar and the Directory of Google Workspace, from Google's own clients.
import { googleOperations } from '../sdk/google.mjs';
import { rowsOf } from '../sdk/rows.mjs';

const packaged = (name, version, integrity, file) => ({
  name,
  version,
  integrity,
  licence: 'Apache-2.0',
  files: [file],
});

/** Service → the package and file that it is in. */
const services = {
  gmail: packaged(
    '@googleapis/gmail',
    '22.0.1',
    'sha512-v/RGUAWmYQQWLivB/tUcoecxC4ortqvtfzaRloUfcv6hogMyenq8HxdJDShFtSEGVF4of+H+b4xiL6yBlxcTmA==',
    'v1.ts',
  ),
  drive: packaged(
    '@googleapis/drive',
    '26.0.1',
    'sha512-q1U+WNS2OPAS3Prn3FD0otYNudnv+feXX9DP8qrDqGGwIVU90OBnP6NV66aTc0qJrqeJvnrCYcnjddjm4h23iQ==',
    'v3.ts',
  ),
  calendar: packaged(
    '@googleapis/calendar',
    '20.0.1',
    'sha512-NclDdcEoPvPBCHwUtcQj9rqWelAVl/nRj98WLUrNM2ByvqXjjUP0Ux/0nVb/FH9hoLR+dw9f0zHDOu2Di8oqrg==',
    'v3.ts',
  ),
  directory: packaged(
    '@googleapis/admin',
    '37.0.0',
    'sha512-1+qJTdfzl9cBi0KgFdwefZdMbk4m1gQAztP4CQEFaesDrbQWApRkCHjgJm4tVVEqX38Mr6qNRrtG7F2lRhgivw==',
    'directory_v1.ts',
  ),
};

/** What a permission is about, by the first of these parameters that a path has. */
const scopes = {
  '/gmail/': { user_id: 'mailbox' },
  '/drive/': { file_id: 'file', drive_id: 'drive', app_id: 'app' },
  '/calendar/': { calendar_id: 'calendar' },
  '/admin/': {
    user_key: 'user',
    group_key: 'group',
    customer: 'customer',
    customer_id: 'customer',
    domain_name: 'domain',
  },
};
const without = { '/gmail/': 'mailbox', '/drive/': 'drive', '/calendar/': 'calendar', '/admin/': 'directory' };

function resource(template) {
  const service = Object.keys(scopes).find(one => template.includes(one));
  const names = Object.entries(scopes[service]);
  const [name, type] = names.find(([parameter]) => template.includes(`{${parameter}}`)) ?? [];
  return name === undefined ? without[service] : `${type}:{${name}}`;
}

/** A file may be sent at once, or in parts to the same path after a first request. */
const uploading = operation =>
  operation.upload === null
    ? []
    : ['', '/resumable'].flatMap(prefix =>
        [...new Set([operation.method, 'PUT'])].map(method => ({
          ...operation,
          method,
          path: `${prefix}${operation.upload}`,
          placeOf: member => (operation.placeOf(member) === 'query' ? 'query' : null),
        })),
      );

/** Settings with which mail goes elsewhere or speaks for others, sharing, who is told, who is who, and what they may administer. */
const rights = new RegExp(
  [
    /^\w+ \/gmail\/v1\/users\/\{user_id\}\/settings\//,
    /\/(?:permissions|acl|accessproposals|approvals)(?:$|[/:])/,
    /\/(?:watch|stop|transferOwnership)$/,
    /^(?:PATCH|PUT) \/drive\/v3\/(?:(?:drives|teamdrives)|files\/\{\w+\}\/revisions)\/\{\w+\}$/,
    /^(?:POST|PUT|PATCH) \/admin\/directory\/v1\/(?:users|groups|customers\/\{customer_key\}$)/,
    /^\w+ \/admin\/directory\/v1\/(?:users|groups)\/\{\w+\}\/(?!photos)\w/,
    /^\w+ \/admin\/directory\/v1\/customer\/\{\w+\}\/(?:roles|roleassignments|domains|domainaliases|orgunits)/,
    /^POST \/admin\/directory\/v1\/customer\/.*\/devices\/.*(?:action|moveDevicesToOu|:issueCommand|:batchChangeStatus)$/,
  ]
    .map(({ source }) => source)
    .join('|'),
);

/** The path of an organisational unit has slashes in it. */
const options = { resource, rights, several: (_, name) => name === 'org_unit_path' };

/** What people call it, beside the name that Google has for it. */
const everyday = {
  'gmail.users.messages.list': 'gmail.message.list',
  'gmail.users.messages.get': 'gmail.message.get',
  'gmail.users.messages.send': 'gmail.message.send',
  'gmail.users.messages.trash': 'gmail.message.trash',
  'gmail.users.messages.delete': 'gmail.message.delete',
  'gmail.users.messages.batch_delete': 'gmail.message.delete',
  'gmail.users.drafts.create': 'gmail.draft.create',
  'gmail.users.drafts.send': 'gmail.message.send',
  'drive.files.list': 'drive.file.list',
  'drive.files.get': 'drive.file.get',
  'drive.files.create': 'drive.file.create',
  'drive.files.update': 'drive.file.update',
  'drive.files.delete': 'drive.file.delete',
  'drive.files.empty_trash': 'drive.trash.empty',
  'drive.permissions.create': 'drive.file.share',
  'calendar.events.list': 'calendar.event.list',
  'calendar.events.insert': 'calendar.event.create',
  'calendar.events.patch': 'calendar.event.update',
  'calendar.events.update': 'calendar.event.update',
  'calendar.events.delete': 'calendar.event.delete',
  'calendar.acl.insert': 'calendar.share',
  'directory.users.list': 'directory.user.list',
  'directory.users.insert': 'directory.user.create',
  'directory.users.delete': 'directory.user.delete',
  'directory.users.make_admin': 'directory.user.make_admin',
  'directory.members.insert': 'directory.group.add_member',
  'directory.members.delete': 'directory.group.remove_member',
};

/** Each in its own reading, for the operations that have their name already. */
const rowsEach = operations => Object.assign({}, ...operations.map(operation => rowsOf([operation], options)));

const named = ([key, { action, ...row }]) => {
  const alias = everyday[action];
  return [key, { action, ...(alias && { aliases: [alias] }), ...row }];
};

export default {
  name: 'google',
  packages: Object.values(services),
  build(files) {
    const all = Object.entries(services).flatMap(
      ([
        service,
        {
          name,
          files: [file],
        },
      ]) => googleOperations(service, files.get(`${name}/${file}`)),
    );
    const routes = { ...rowsOf(all, options), ...rowsEach(all.flatMap(uploading)) };
    return { routes: Object.fromEntries(Object.entries(routes).map(named)) };
  },
};
