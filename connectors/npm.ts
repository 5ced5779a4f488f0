/**
 * npm registries: packages and who may publish them. https://github.com/npm/registry/blob/main/docs/REGISTRY-API.md, and
 * the requests of npm's own client (libnpmpublish, libnpmaccess, npm-profile). Resources are packages: `package:@acme/app`.
 */
import type { Access, Connector, Meaning, RequestView, Value } from '../src/model.js';

type Object = { readonly [name: string]: Value };

const isObject = (value: Value | undefined): value is Object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const keysOf = (value: Value | undefined): readonly string[] => (isObject(value) ? Object.keys(value) : []);

/** The name of a package, and what is behind it in the path; null if it can be read in two ways. */
function split(segments: readonly string[]): { name: string; rest: readonly string[] } | null {
  const [first = '', second, ...rest] = segments;
  if (!first.startsWith('@')) return first === '' ? null : { name: first, rest: segments.slice(1) };
  // `@acme%2fapp` is one segment, `@acme/app` two.
  if (first.includes('/')) return first.split('/').length === 2 ? { name: first, rest: segments.slice(1) } : null;
  return second === undefined ? null : { name: `${first}/${second}`, rest };
}

const isName = (name: string): boolean => /^(?:@[\w.~-]+\/)?[\w.~-]+$/.test(name) && !/(?:^|\/)[._]/.test(name);

/** A whole package is put: with tarballs it is published; else its owners or its notes change (`npm owner`, `npm deprecate`). */
function put(request: RequestView, name: string): Meaning | null {
  const { json } = request;
  const resource = `package:${name}`;
  const unread = { action: 'package.publish', resource, unknown: ['version', 'versions', 'tags', 'access'] } as const;
  if (!isObject(json)) return unread;
  // Which of two names counts is the registry's to say.
  const documents = [json, ...(isObject(json.versions) ? Object.values(json.versions).filter(isObject) : [])];
  if ([json._id, ...documents.map(one => one.name)].some(said => said !== undefined && said !== name)) return null;
  const versions = keysOf(json.versions);
  if (keysOf(json._attachments).length > 0)
    return {
      action: 'package.publish',
      resource,
      parameters: {
        ...(versions.length === 1 && { version: versions[0]! }),
        versions: versions.slice(0, 100),
        tags: keysOf(json['dist-tags']).slice(0, 100),
        ...(typeof json.access === 'string' && { access: json.access }),
      },
      unknown: versions.length === 1 ? [] : ['version'],
    };
  if (versions.length === 0 && json.maintainers !== undefined)
    return { action: 'owner.set', access: 'permissions', resource };
  return { action: 'package.update', resource, parameters: { versions: versions.slice(0, 100) } };
}

/** What a request about one package would do. */
function ofPackage(request: RequestView, name: string, rest: readonly string[]): Meaning | null {
  const { method } = request;
  const resource = `package:${name}`;
  const shape = `${method === 'HEAD' ? 'GET' : method} ${rest.map((part, i) => (part === '-' || part === '-rev' || i > 3 ? part : '{}')).join('/')}`;
  const row = (action: string, access: Access, parameters: Meaning['parameters'] = {}): Meaning => ({
    action,
    access,
    resource,
    parameters,
    ...(access === 'delete' && { hints: ['destructive', 'irreversible'] }),
  });
  switch (shape) {
    case 'GET ':
      return row('package.get', 'read');
    case 'GET {}':
      return row('package.get', 'read', { version: rest[0]! });
    case 'GET -/{}':
      return row('tarball.get', 'read', { file: rest[1]! });
    case 'PUT ':
      return put(request, name);
    case 'PUT -rev/{}': {
      const meaning = put(request, name);
      // Without one of its versions it is unpublished in part; which one is not in the request.
      return meaning === null || meaning.action === 'owner.set'
        ? meaning
        : { ...meaning, action: 'package.unpublish', access: 'delete', hints: ['destructive', 'irreversible'] };
    }
    case 'DELETE -rev/{}':
      return row('package.unpublish', 'delete', { whole: true });
    case 'DELETE -/{}/-rev/{}':
      return row('package.unpublish', 'delete', { file: rest[1]! });
    default:
      return null;
  }
}

/** Pattern of method and path, what it is, and what the pattern's groups are. */
type Row = readonly [pattern: RegExp, action: string, access: Access, names?: readonly string[]];

/** Requests below `/-/`. */
const services: readonly Row[] = [
  [/^GET ping$/, 'registry.ping', 'read'],
  [/^GET whoami$/, 'user.whoami', 'read'],
  [/^GET v1\/search$/, 'package.search', 'list'],
  [/^POST npm\/v1\/security\/(?:audits(?:\/quick)?|advisories\/bulk)$/, 'package.audit', 'read'],
  [/^GET npm\/v1\/keys$/, 'registry.keys', 'read'],
  [/^POST v1\/login$/, 'user.login', 'permissions'],
  [/^PUT user\/org\.couchdb\.user:([^/]+)(?:\/-rev\/[^/]+)?$/, 'user.login', 'permissions', ['user']],
  [/^GET user\/org\.couchdb\.user:([^/]+)$/, 'user.get', 'read', ['user']],
  [/^DELETE user\/token\/[^/]+$/, 'user.logout', 'permissions'],
  [/^GET npm\/v1\/user$/, 'profile.get', 'read'],
  [/^POST npm\/v1\/user$/, 'profile.update', 'permissions'],
  [/^GET npm\/v1\/tokens$/, 'token.list', 'list'],
  [/^POST npm\/v1\/tokens$/, 'token.create', 'permissions'],
  [/^DELETE npm\/v1\/tokens\/token\/[^/]+$/, 'token.revoke', 'permissions'],
  [/^GET org\/([^/]+)\/(?:user|team|package)$/, 'org.list', 'list', ['org']],
  [/^(?:PUT|DELETE) org\/([^/]+)\/user$/, 'org.set_member', 'permissions', ['org']],
  [/^(?:PUT|POST) org\/([^/]+)\/team$/, 'team.create', 'permissions', ['org']],
  [/^GET team\/([^/]+)\/([^/]+)\/(?:user|package)$/, 'team.get', 'list', ['org', 'team']],
  [/^DELETE team\/([^/]+)\/([^/]+)$/, 'team.delete', 'permissions', ['org', 'team']],
  [/^(?:PUT|DELETE) team\/([^/]+)\/([^/]+)\/(?:user|package)$/, 'team.update', 'permissions', ['org', 'team']],
];

/** Requests below `/-/package/NAME/`. */
const aboutPackage: readonly Row[] = [
  [/^GET dist-tags$/, 'dist_tag.list', 'list'],
  [/^GET dist-tags\/([^/]+)$/, 'dist_tag.get', 'read', ['tag']],
  [/^(?:PUT|POST) dist-tags\/([^/]+)$/, 'dist_tag.set', 'write', ['tag']],
  [/^(?:PUT|POST) dist-tags$/, 'dist_tag.set', 'write'],
  [/^DELETE dist-tags\/([^/]+)$/, 'dist_tag.delete', 'delete', ['tag']],
  [/^GET (?:access|collaborators|visibility|trust)$/, 'access.get', 'read'],
  [/^(?:POST|PUT|DELETE) (?:access|collaborators|visibility|trust)(?:\/[^/]+)?$/, 'access.set', 'permissions'],
];

function service(table: readonly Row[], request: RequestView, path: string, resource?: string): Meaning | null {
  const line = `${request.method === 'HEAD' ? 'GET' : request.method} ${path}`;
  for (const [pattern, action, access, names = []] of table) {
    const match = pattern.exec(line);
    if (match === null) continue;
    const parameters = Object.fromEntries(names.map((name, i) => [name, match[i + 1]!]));
    return { action, access, parameters, ...(resource !== undefined && { resource }) };
  }
  return null;
}

/** What a request means. Names of packages hold slashes, so that templates would read some paths in two ways. */
function read(request: RequestView): Meaning | null {
  let segments: string[];
  try {
    segments = request.path.slice(1).split('/').map(decodeURIComponent);
  } catch {
    return null;
  }
  if (segments[0] !== '-') {
    const whole = split(segments);
    return whole === null || !isName(whole.name) || whole.rest.some(part => part === '' || part.includes('/'))
      ? null
      : ofPackage(request, whole.name, whole.rest);
  }
  if (segments[1] !== 'package')
    return segments.some(segment => segment.includes('/'))
      ? null
      : service(services, request, segments.slice(1).join('/'));
  const whole = split(segments.slice(2));
  if (whole === null || !isName(whole.name) || whole.rest.some(part => part.includes('/'))) return null;
  return service(aboutPackage, request, whole.rest.join('/'), `package:${whole.name}`);
}

export default {
  name: 'npm',
  hosts: ['registry.npmjs.org', 'registry.yarnpkg.com', 'npm.pkg.github.com'],
  configurable: true,
  credentials: {
    scheme: 'bearer',
    placeholder: `npm_tfplaceholder${'0'.repeat(23)}`,
    // npm reads the last one by itself: a configuration for its own registry.
    env: ['NPM_TOKEN', 'NODE_AUTH_TOKEN', 'npm_config_//registry.npmjs.org/:_authToken'],
  },
  reads: 'json',
  // npm prints `error` as it is, so an object would be "[object Object]" to whoever reads it.
  refusal: ({ detail, next = '' }, agent = '') =>
    /^(?:npm|pnpm|yarn)\//.test(agent) ? { body: { error: `${detail} ${next}`.trim() } } : {},
  read,
  routes: {},
} satisfies Connector;
