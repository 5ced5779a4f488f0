// Google's clients for Node.js: a class for each resource, a method for each operation of the discovery document, which isn't
// in the packages itself.
import { allMembers, declarations } from './typescript.mjs';

/** `{+name}` of `customers.chrome.printers` as the path that it stands for, `{+parent}` as that of what holds it. */
function expanded(path, resource) {
  const [first, ...middle] = resource;
  const holder = `${first}/{customer}`;
  const one = [holder, ...middle, `{${middle.at(-1)?.replace(/s$/, '')}}`].join('/');
  return path.replace('{+parent}', holder).replace('{+name}', one);
}

/** The operations of one service (`gmail`) for rows.mjs, with `upload`: the path for a file with what is said of it, or null. */
export function googleOperations(service, text) {
  const index = declarations(text);
  // The classes have lost the case of what they are named after; the members that hold them have it.
  const members = new Map(
    [...text.matchAll(/\n {4}(\w+): Resource\$([\w$]+);/g)].map(([, name, type]) => [type, name]),
  );
  const classes = [...text.matchAll(/\n {2}export class Resource\$([\w$]+) \{/g)];
  return classes.flatMap(({ index: start, 1: name }, i) => {
    const source = text.slice(start, classes[i + 1]?.index);
    const resource = name.split('$').map((_, depth, parts) => members.get(parts.slice(0, depth + 1).join('$')));
    return [...source.matchAll(/\n {4}\/\*\*\n((?: {5}\*.*\n)+) {4}(\w+)\(\n/g)]
      .filter(({ index: at, 2: verb }) => source.slice(0, at).lastIndexOf(`\n    ${verb}(`) < 0)
      .map(({ index: at, 1: comment, 2: verb }) => {
        const body = source.slice(at, source.indexOf('\n    }\n', at));
        const [, path] = /\burl: \(\s*rootUrl \+\s*'([^']+)'/.exec(body) ?? [];
        const [, method] = /\bmethod: '([A-Z]+)'/.exec(body) ?? [];
        const [, upload] = /\bmediaUrl: \(\s*rootUrl \+\s*'([^']+)'/.exec(body) ?? [];
        if (path === undefined || method === undefined) throw new Error(`${service}: ${name}.${verb} has no request.`);
        return {
          id: [service, ...resource, verb].join('.'),
          method,
          path: expanded(path, resource),
          upload: upload ?? null,
          documentation: comment.replace(/\s*\*\s*/g, ' ').split('@example')[0],
          many: /^list(?!Printer)/.test(verb),
          ...membersOf(index, body, /\{\+(\w+)\}/.exec(path)?.[1]),
        };
      });
  });
}

/** The members of query and body: `requestBody` holds those of the body. */
function membersOf(index, body, expandedName) {
  const [, type] = /\bas (Params\$Resource\$[\w$]+)/.exec(body) ?? [];
  const standard = allMembers(index, 'StandardParameters').map(({ name }) => name);
  const others = new Set(['resource', 'media', expandedName, ...standard]);
  const all = allMembers(index, type).filter(({ name }) => !others.has(name));
  const schema = all.find(({ name }) => name === 'requestBody')?.type;
  const inBody = new Set(allMembers(index, schema));
  return {
    members: [...all.filter(({ name }) => name !== 'requestBody'), ...inBody],
    placeOf: member => (inBody.has(member) ? 'body' : 'query'),
  };
}
