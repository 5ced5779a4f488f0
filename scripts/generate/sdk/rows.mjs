// What was found in the sources of an SDK as rows: put as a description of the API, and read like one that comes as such.
import { actionName, readOpenApi } from '../compiled.mjs';

/** Two templates of one shape are one request; several parameters in a segment are one to us. */
const shapeOf = key => key.replace(/\{[^{}]*\}(?:[^/]*\{[^{}]*\})*/g, '{}');

/** Verbs that take something away although the method is another one; what is emptied is gone. */
const removing = /^(?:(?:bulk|batch)_)?(?:delete|remove|destroy|purge|trash|empty|clear|erase|wipe)(?:_|$)/;
const emptying = /^empty(?:_|$)/;

/** A TypeScript type as a schema; empty for what isn't plain. */
export function schemaOf(type) {
  const plain = type
    .replace(/\s*\|\s*(?:null|undefined)\b/g, '')
    .replace(/^\|\s*/, '')
    .trim();
  if (/^(?:boolean|true|false|true \| false)$/.test(plain)) return { type: 'boolean' };
  if (plain === 'number' || plain === 'string') return { type: plain };
  const choices = plain.split('|').map(choice => /^\s*(['"])([^'"]*)\1\s*$/.exec(choice)?.[2]);
  if (!choices.includes(undefined)) return { type: 'string', enum: choices };
  return /^(?:Array<string>|string\[\])$/.test(plain) ? { type: 'array', items: { type: 'string' } } : {};
}

/** One operation as OpenAPI says it. `members` are `{ name, type }`, `placeOf` says `query`, `body` or null of one. */
function described({ id, path, documentation = '', members = [], placeOf = () => null, many = false }) {
  const placed = members.map(member => ({ name: member.name, in: placeOf(member), schema: schemaOf(member.type) }));
  const inPath = [...path.matchAll(/\{([^{}]*)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    schema: { type: 'string' },
  }));
  const body = placed.filter(({ in: place }) => place === 'body').map(({ name, schema }) => [name, schema]);
  return {
    operationId: id,
    description: documentation,
    parameters: [...inPath, ...placed.filter(({ in: place }) => place === 'query')],
    requestBody: { content: { 'application/json': { schema: { properties: Object.fromEntries(body) } } } },
    responses: { 200: { content: { 'application/json': { schema: many ? { type: 'array' } : {} } } } },
  };
}

/**
 * The routes of these operations: `{ id, method, path, … }`. Where several are one request, the first one's name counts, and
 * those of the others are aliases. What fits `rights` with method and path changes who may do what; an action of
 * `listing` only lists, whatever its method. Throws if one of them can't be told.
 */
export function rowsOf(operations, { base = '', rights, listing, ...options } = {}) {
  const paths = {};
  const aliases = new Map();
  for (const operation of operations) {
    const shape = shapeOf(`${operation.method} ${base}${operation.path}`);
    const others = aliases.get(shape);
    aliases.set(shape, [...(others ?? []), actionName(operation.id)]);
    if (others === undefined) {
      paths[operation.path] ??= {};
      paths[operation.path][operation.method.toLowerCase()] = described(operation);
    }
  }
  const { routes, faults } = readOpenApi({ openapi: '3.1.0', servers: [{ url: base || '/' }], paths }, options);
  if (faults.length > 0) throw new Error(faults.join('\n'));
  return Object.fromEntries(
    Object.entries(routes).map(([key, row]) => {
      const others = aliases.get(shapeOf(key)).filter(name => name !== row.action);
      const administers = !key.startsWith('GET ') && rights?.test(key);
      const access = administers ? 'permissions' : listing?.test(row.action) ? 'list' : row.access;
      return [key, corrected({ ...row, access, ...(others.length > 0 && { aliases: [...new Set(others)] }) })];
    }),
  );
}

/** What the verb says of an operation whose method doesn't; what takes a right away destroys no data. */
function corrected({ action, aliases, access, hints = [], ...rest }) {
  const verb = action.split('.').at(-1);
  const told = access ?? (removing.test(verb) ? 'delete' : undefined);
  const all = [...(emptying.test(verb) ? ['destructive'] : []), ...hints];
  const kept = told === 'permissions' ? all.filter(hint => hint === 'irreversible') : all;
  return {
    action,
    ...(aliases && { aliases }),
    ...(told && { access: told }),
    ...(kept.length > 0 && { hints: kept }),
    ...rest,
  };
}
