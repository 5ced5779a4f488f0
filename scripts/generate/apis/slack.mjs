// Slack's Web API, from the list of methods in its own SDK, and the types of their arguments.
import { rowsOf } from '../sdk/rows.mjs';
import { allMembers, declarations } from '../sdk/typescript.mjs';

const name = '@slack/web-api';

/** What a permission is about: the first of these that a method can't do without. */
const scopes = {
  channel: 'channel',
  channel_id: 'channel',
  file: 'file',
  canvas_id: 'canvas',
  list_id: 'list',
  usergroup: 'usergroup',
  usergroup_id: 'usergroup',
  user: 'user',
  user_id: 'user',
  team_id: 'workspace',
};

/** All methods are POST and GET alike, so that only their names tell what they do. */
const listing = /(?:^|[._])(?:list[A-Za-z]*|search|history|replies|members|[a-z]+Logs)$|^search\./;
const reading =
  /\.(?:get(?!UploadURL)[A-Za-z]*|info|[a-z]+Info|lookup[A-Za-z]*|test|identity|export|validate|userInfo|presentDetails_)$|^migration\.exchange$/;
const rights =
  /^POST \/api\/(?:apps\.uninstall$|apps\.connections\.open$|rtm\.)|^POST \/api\/(?:admin|oauth|openid|tooling|auth|usergroups|apps\.manifest|(?:canvases|slackLists)\.access|team\.externalTeams)\.|^POST \/api\/conversations\.(?:invite|kick|acceptShared|approveShared|declineShared|requestShared|externalInvite)/;

function accessOf(method, access) {
  if (/^(?:oauth|tooling)\./.test(method) || method === 'openid.connect.token') return 'permissions';
  return listing.test(method) ? 'list' : reading.test(method) ? 'read' : access;
}

/** A row with its arguments where the API takes them: in the query as well as in the body. */
function rowOf(method, { action, aliases, access, resource: _, parameters = {}, ...rest }, members) {
  const required = members.filter(({ optional, type }) => !optional && type === 'string').map(member => member.name);
  const administers = method.startsWith('admin.');
  const scope = administers ? undefined : Object.keys(scopes).find(one => required.includes(one));
  const found = { ...parameters, ...(scope && { [scope]: `body#/${scope} as string` }) };
  const told = accessOf(method, access);
  // Older permissions know all of administration by one name.
  const names = [...(aliases ?? []), ...(administers ? ['admin.call'] : [])];
  return {
    action,
    ...(names.length > 0 && { aliases: names }),
    access: told ?? 'write',
    ...rest,
    resource: scope ? `${scopes[scope]}:{${scope}}` : administers ? 'workspace' : undefined,
    ...(Object.keys(found).length > 0 && {
      parameters: Object.fromEntries(
        Object.entries(found).map(([one, place]) => [one, place.replace('body#/', 'argument.')]),
      ),
    }),
  };
}

export default {
  name: 'slack',
  packages: [
    {
      name,
      version: '8.2.0',
      integrity: 'sha512-bIW8/8BLD/HLuHLIA2LfA7AhSokzui4swCbMJuwoRJxn/kzHVla6YEKLvN1nCFHK/DfX7g+4Wj3ess/ZSh/tWQ==',
      licence: 'MIT',
      files: ['dist/methods.js', 'dist/types/request/'],
    },
  ],
  build(files) {
    const index = new Map();
    for (const [file, text] of files) if (file.endsWith('.d.ts')) declarations(text, index);
    const types = new Map([...index.keys()].map(type => [type.toLowerCase(), type]));
    const routes = {};
    const source = files.get(`${name}/dist/methods.js`);
    const methods = new Set([...source.matchAll(/bindApiCall\w*\(\w+, '([^']+)'\)/g)].map(([, method]) => method));
    for (const method of methods) {
      const members = allMembers(index, types.get(`${method.replaceAll('.', '')}arguments`.toLowerCase()));
      const operation = { id: method, method: 'POST', path: `/api/${method}`, members, placeOf: () => 'body' };
      const [row] = Object.values(rowsOf([operation], { rights }));
      routes[`POST /api/${method}`] = rowOf(method, row, members);
      routes[`GET /api/${method}`] = routes[`POST /api/${method}`];
    }
    return { routes };
  },
};
