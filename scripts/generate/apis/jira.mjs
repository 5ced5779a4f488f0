// Jira Cloud's platform API, versions 3 and 2, with Jira Software and Service Management, from the functions of jira.js.
import { snake } from '../compiled.mjs';
import { rowsOf } from '../sdk/rows.mjs';
import { scopeOf } from '../sdk/scope.mjs';

const start = /(\/\*\*(?:(?!\*\/)[\s\S])*\*\/\s*)?export async function (\w+)\(client/g;
const request = /url: (['`])(\/rest\/[^'`]+)\1,\s*method: '([A-Z]+)'/;
/** Asks for a picture by an address that the API gave out before. */
const byAddress = /url: parameters\.url,/;

/** Names of the members in `searchParams: {…}` or `body: {…}` of a call. */
const membersIn = (place, text) =>
  [...(new RegExp(`\\n {8}${place}: \\{([\\s\\S]*?)\\n {8}\\}`).exec(text)?.[1] ?? '').matchAll(/\n {12}(\w+):/g)].map(
    ([, name]) => name,
  );

/** The types of a function's parameters, as far as they are plain. */
function typesOf(text = '') {
  const plain = /\n {4}(\w+): z(?:\s*\.\s*|\.)(string|number|boolean)\(\)|\n {4}(\w+): openEnum\(\[([^\]]*)\]\)/g;
  return new Map(
    [...text.matchAll(plain)].map(([, name, type, choice, choices]) =>
      name ? [name, type] : [choice, choices.split(',').join(' | ')],
    ),
  );
}

/** Every request of one file. Throws if a function in it makes none that is understood. */
function operations(file, text, files) {
  const heads = [...text.matchAll(start)];
  // The three products have functions of the same names.
  const product = file.includes('/agile/') ? 'agile/' : file.includes('/serviceDesk/') ? 'service_desk/' : '';
  return heads.flatMap(([, documentation = '', id], i) => {
    const body = text.slice(heads[i].index, heads[i + 1]?.index);
    const [, , path, method] = request.exec(body) ?? [];
    if (path === undefined) {
      if (byAddress.test(body)) return [];
      throw new Error(`${file}: the request of ${id} is not understood.`);
    }
    const query = membersIn('searchParams', body);
    const types = typesOf(files.get(file.replace(/api\/\w+\.js$/, `parameters/${id}.js`)));
    return {
      id: `${product}${id}`,
      method,
      path: path
        // Of a few it asks for version 2, which takes plain text.
        .replace('/rest/api/2/', '/rest/api/3/')
        .replace(/\$\{parameters\.(\w+)\}/g, (_, name) => `{${snake(name)}}`),
      documentation: documentation.replace(/\s*\*\s*/g, ' '),
      members: [...query, ...membersIn('body', body)].map(name => ({ name, type: types.get(name) ?? 'unknown' })),
      placeOf: ({ name }) => (query.includes(name) ? 'query' : 'body'),
      many: method === 'GET' && /^(?:get(?:All|\w*s$)|find|search|list|\w+Paginated)/.test(id),
    };
  });
}

/** What is too long for a query is asked with a POST. */
function asked(key, row) {
  const [, verb] =
    /^(?:agile\.|service_desk\.)?(get|bulk_fetch|count|search|find|analyse|evaluate|parse|sanitise|match|validate)_/.exec(
      row.action,
    ) ?? [];
  if (verb === undefined || !key.startsWith('POST ')) return row;
  const { hints, ...rest } = row;
  return { ...rest, access: verb === 'search' || verb === 'find' ? 'list' : 'read' };
}

export default {
  name: 'jira',
  packages: [
    {
      name: 'jira.js',
      version: '6.2.0',
      integrity: 'sha512-tF6FUfByN0ezxR1SoA5iZ49FI0U/GdHLR+r3FDq4aqHO2MlVKE2VitAsnsa1ThFhdT82hTSCYXw8jT9zbeOIRw==',
      licence: 'MIT',
      files: ['cloud', 'agile', 'serviceDesk'].flatMap(part => [`dist/${part}/api/`, `dist/${part}/parameters/`]),
    },
  ],
  build(files) {
    const found = [...files].flatMap(([file, text]) =>
      /\/api\/\w+\.js$/.test(file) ? operations(file, text, files) : [],
    );
    const resource = scopeOf(
      found.map(({ path }) => path),
      ['rest', 'api', 'agile', '1.0', 'servicedeskapi', '2', '3', 'internal', 'forge', 'atlassian-connect'],
    );
    // What is set here decides who sees and does what, in all issues of a project at least.
    const rights =
      /\/(?:role|roledata|actors|permissionscheme|permissions|issuesecurityschemes|securitylevel|notificationscheme|user|users|group|groups|sharePermission|share|permission|owner|applicationrole|columns|webhook|app|addons|oauth2|workflow|workflows|workflowscheme|settings|configuration|classification-level|organization|customer|dashboard\/bulk\/edit)(?:\/|$)/;
    const second = found.map(operation => ({
      ...operation,
      path: operation.path.replace('/rest/api/3/', '/rest/api/2/'),
    }));
    const routes = { ...rowsOf(second, { resource, rights }), ...rowsOf(found, { resource, rights }) };
    return { routes: Object.fromEntries(Object.entries(routes).map(([key, row]) => [key, asked(key, row)])) };
  },
};
