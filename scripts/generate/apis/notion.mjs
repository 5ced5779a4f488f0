// Notion's API, from the table of endpoints in its own SDK.
import { rowsOf } from '../sdk/rows.mjs';
import { scopeOf } from '../sdk/scope.mjs';
import { allMembers, declarations } from '../sdk/typescript.mjs';

const name = '@notionhq/client';
const endpoint = /exports\.(\w+) = \{\n {4}method: "(\w+)",[\s\S]*?\n {4}path: \([^)]*\) => `([^`]*)`,\n\};/g;
const namesIn = (text, list) =>
  [...(new RegExp(`${list}: \\[([^\\]]*)\\]`).exec(text)?.[1] ?? '').matchAll(/"(\w+)"/g)].map(([, one]) => one);

/** The endpoints of one file; types are in its declarations. */
function endpoints(source, declared) {
  const index = declarations(declared);
  return [...source.matchAll(endpoint)].map(([text, id, method, path]) => {
    const type = id[0].toUpperCase() + id.slice(1);
    const inQuery = namesIn(text, 'queryParams');
    const inBody = namesIn(text, 'bodyParams');
    return {
      id,
      method: method.toUpperCase(),
      path: `/${path.replace(/\$\{p\.(\w+)\}/g, '{$1}')}`,
      many: /^(?:list|query)/.test(id),
      members: ['Query', 'Body'].flatMap(kind => allMembers(index, `${type}${kind}Parameters`)),
      placeOf: member => (inBody.includes(member.name) ? 'body' : inQuery.includes(member.name) ? 'query' : null),
    };
  });
}

export default {
  name: 'notion',
  packages: [
    {
      name,
      version: '5.26.0',
      integrity: 'sha512-Oc3438nQ5YmZkVO7YJG8fcTYl0V46CirdCvO33azZ9f7ZfD2rsHE4fUVANJiBB9Xf1sqpCs82nd8oKPxeXLmMg==',
      licence: 'MIT',
      files: ['build/src/api-endpoints/'],
    },
  ],
  build(files) {
    const found = [...files].flatMap(([file, text]) =>
      file.endsWith('.js') ? endpoints(text, files.get(file.replace(/\.js$/, '.d.ts'))) : [],
    );
    const paths = found.map(({ path }) => path);
    return {
      routes: rowsOf(found, {
        base: '/v1',
        resource: scopeOf(paths),
        rights: /^\w+ \/v1\/oauth\//,
        listing: /^(?:query|search)/,
      }),
    };
  },
};
