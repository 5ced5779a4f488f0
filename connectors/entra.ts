/**
 * Microsoft Entra ID: the users, groups, applications, roles and devices of a directory, as Microsoft Graph has them, versions
 * 1.0 and beta, in the resource of the object: `user:ID`, `group:ID`. A batch is each of its requests.
 * https://learn.microsoft.com/graph/api/overview
 */
import type { Connector, Meaning, RequestView, Value } from '../src/model.js';
import { changesOf } from './entra/change.js';
import { known, types } from './entra/objects.js';
import { segmentsOf } from './segments.js';

/** What is judged: the request, or one of a batch. */
interface Part {
  readonly method: string;
  /** Behind the version: `/users/id`. */
  readonly path: string;
  readonly json: Value | undefined;
}

/** `users('id')` is `users/id`, and names are the same in any case; null if that can't be told. */
function wordsOf(path: string): readonly string[] | null {
  const words = segmentsOf(path)?.flatMap(segment => {
    const [, name, id] = /^([A-Za-z0-9]+)\('([^'()]+)'\)$/.exec(segment) ?? [];
    return name === undefined || id === undefined ? [segment] : [name, id];
  });
  if (words === undefined || words.some(word => /[()'$]/.test(word) && !/^\$(ref|count|batch)$/i.test(word)))
    return null;
  const plain = words.map(word => word.toLowerCase());
  // The namespace of an action, or a type that only narrows what is answered.
  const last = /^microsoft\.graph\.([a-z]+)$/.exec(plain.at(-1)!)?.[1];
  if (last === undefined) return plain;
  const rest = plain.slice(0, -1);
  return /^(user|group|device|application|serviceprincipal|directoryrole|orgcontact)$/.test(last)
    ? rest
    : [...rest, last];
}

/** The words of the table that each stand for themselves; any other one is an id. */
const literals = new Set([...known.keys()].flatMap(key => key.split(/[ /]/)).filter(word => word !== '{}'));

/** Members by names that Microsoft takes in any case; null if it isn't an object, or two of them are one. */
function membersOf(json: Value | undefined): { readonly [name: string]: Value } | null {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return null;
  const members = Object.entries(json).map(([name, value]) => [name.toLowerCase(), value as Value] as const);
  const named: { readonly [name: string]: Value } = Object.fromEntries(members);
  return Object.keys(named).length === members.length ? named : null;
}

/** The id of what a reference points to, which is an address: `https://graph.microsoft.com/v1.0/directoryObjects/ID`. */
function referenced(json: Value | undefined): string | null {
  const address = membersOf(json)?.['@odata.id'];
  if (typeof address !== 'string') return null;
  return /^https:\/\/[a-z.-]+\/[a-z0-9.]+\/[A-Za-z]+\/([A-Za-z0-9-]+)$/.exec(address)?.[1]?.toLowerCase() ?? null;
}

function meaningsOf({ method, path, json }: Part): readonly Meaning[] | null {
  const words = wordsOf(path);
  if (words === null) return null;
  const full = words[0] === 'me' ? ['users', ...words] : words;
  const own = full[0] === 'users' && full[1] === 'me';
  // An id that is spelled like a word of the table would be taken for that.
  const shape = full.map((word, i) => (i === 0 || literals.has(word) ? word : '{}'));
  const found = known.get(`${method === 'HEAD' ? 'GET' : method} ${shape.join('/')}`);
  if (found === undefined) return null;
  const type = types[full[0]!];
  const ids = full.filter((_, i) => shape[i] === '{}');
  const [id] = ids;
  const resource = type === undefined ? 'directory' : id === undefined ? type : `${type}:${id}`;
  // Whose token it is, only Microsoft knows.
  const base: Meaning = { ...found, resource, unknown: own ? ['resource'] : [] };
  if (type !== undefined && full.length === 1 && method === 'POST') return madeOf(base, json);
  if (type !== undefined && full.length === 2 && method === 'PATCH')
    return changesOf(type, json, found.access)?.map(change => ({ ...base, ...change })) ?? null;
  if (method === 'POST' && shape.at(-1) === '$ref') {
    const member = referenced(json);
    return [member === null ? { ...base, unknown: [...base.unknown!, 'member'] } : { ...base, parameters: { member } }];
  }
  const other = ids[type === undefined ? 0 : 1];
  return [other === undefined ? base : { ...base, parameters: { id: other } }];
}

/** A new object may be put into others, be given members or a rule for them, and be made fit for roles, at once. */
function madeOf(base: Meaning, json: Value | undefined): readonly Meaning[] | null {
  const members = membersOf(json);
  if (members === null) return null;
  const binds = Object.keys(members).some(name =>
    /@odata\.bind$|@delta$|^membershiprule|^isassignabletorole$/.test(name),
  );
  return [binds ? { ...base, access: 'permissions' } : base];
}

const unclassified: Meaning = { action: 'unclassified', access: 'permissions', unknown: ['batch'] };

/** One request of a batch, which may be of any method and to any path below the same version. */
function partOf(value: Value): Part | null {
  const { method, url, body, headers = {} } = membersOf(value) ?? {};
  if (typeof method !== 'string' || typeof url !== 'string' || url.includes('#')) return null;
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) return null;
  if (Object.keys(headers).some(name => /method/i.test(name))) return null;
  const path = url.split('?', 1)[0]!;
  return { method: method.toUpperCase(), path: path.startsWith('/') ? path : `/${path}`, json: body };
}

/** https://learn.microsoft.com/graph/json-batching */
function batch(json: Value | undefined): readonly Meaning[] | null {
  const { requests } = membersOf(json) ?? {};
  if (!Array.isArray(requests) || requests.length === 0 || requests.length > 20) return null;
  return (requests as readonly Value[]).flatMap(value => {
    const part = partOf(value);
    return (part && meaningsOf(part)) ?? [unclassified];
  });
}

function read(request: RequestView): readonly Meaning[] | null {
  const [, path] = /^\/(?:v1\.0|beta)(\/.+)$/i.exec(request.path) ?? [];
  if (path === undefined) return null;
  if (/^\/(\$|%24)batch$/i.test(path)) return request.method === 'POST' ? batch(request.json) : null;
  return meaningsOf({ method: request.method, path, json: request.json });
}

export default {
  name: 'entra',
  hosts: ['graph.microsoft.com', 'graph.microsoft.us', 'dod-graph.microsoft.us', 'microsoftgraph.chinacloudapi.cn'],
  credentials: { scheme: 'bearer', placeholder: 'tfplaceholder', env: [] },
  reads: 'json',
  read,
  routes: {},
} satisfies Connector;
