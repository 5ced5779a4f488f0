/**
 * Kubernetes: the API of a cluster, in the words of RBAC: RESOURCE.VERB and RESOURCE.SUBRESOURCE.VERB, in the resource
 * `namespace:CLUSTER/NAMESPACE` or, outside of all namespaces, `cluster:CLUSTER`. Resources of groups that don't come with
 * Kubernetes are named as kubectl writes them (`certificates_cert_manager_io.delete`).
 * https://kubernetes.io/docs/reference/using-api/api-concepts/
 */
import type { Connector, Meaning, RequestView, Value } from '../src/model.js';
import { accessOf, clusterWide, hintsOf, ownGroups, passages } from './kubernetes/resources.js';
import { type Target, targetOf } from './kubernetes/target.js';

/** The one value of a query parameter; undefined if it isn't there, null if it is there twice. */
function queryOf({ query }: RequestView, name: string): string | null | undefined {
  const values = query.filter(([key]) => key === name);
  return values.length > 1 ? null : values[0]?.[1];
}

const methods: { readonly [method: string]: string } = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** These come as a GET that asks for an upgrade, or as a POST, and are the same. */
const streams = new Set(['exec', 'attach', 'portforward']);

/** The verb as RBAC has it; null if there is none, or it can't be told. */
function verbOf(request: RequestView, { name, subresource, watched }: Target): string | null {
  const verb = methods[request.method];
  if (verb === undefined) return null;
  if (watched) return verb === 'get' && subresource === null ? 'watch' : null;
  if (subresource !== null && streams.has(subresource)) return verb === 'get' || verb === 'create' ? 'create' : null;
  if (name !== null) return verb;
  if (verb === 'delete') return 'deletecollection';
  if (verb !== 'get') return verb === 'create' ? verb : null;
  const watch = queryOf(request, 'watch');
  if (watch === null) return null;
  // As the server converts it: there, and not false.
  return watch === undefined || /^(false|0)$/i.test(watch) ? 'list' : 'watch';
}

const member = (value: Value | undefined, name: string): Value | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as { readonly [name: string]: Value })[name]
    : undefined;

/** Whether nothing will be kept; undefined if that can't be told. What reads, or acts through a pod or a token, does it anyway. */
function isDryRun(request: RequestView, verb: string, subresource: string | null): boolean | undefined {
  if (/^(get|list|watch)$/.test(verb) || (subresource !== null && passages.has(subresource))) return false;
  const deletes = verb === 'delete' || verb === 'deletecollection';
  // The options of a delete stand in its body, and if there is one the server doesn't look at the query.
  if (deletes && request.body.state !== 'none' && request.body.bytes > 0) {
    const said = member(request.json, 'dryRun');
    if (request.json === undefined) return undefined;
    if (said === undefined || said === null) return false;
    return Array.isArray(said) && said.length === 0 ? false : JSON.stringify(said) === '["All"]' || undefined;
  }
  const said = queryOf(request, 'dryRun');
  return said === undefined ? false : said === 'All' || undefined;
}

/** Discovery, health and the like: what isn't a resource. */
const others: readonly (readonly [path: RegExp, area: string])[] = [
  [/^\/(api(\/v[0-9a-z]+)?|apis(\/[a-z0-9.-]+){0,2})\/?$/, 'discovery'],
  [/^\/openapi\/v[23](\/[A-Za-z0-9./_-]*)?$/, 'discovery'],
  [/^\/version\/?$/, 'version'],
  [/^\/(healthz|livez|readyz)(\/[a-z0-9-]+){0,2}$/, 'health'],
  [/^\/metrics(\/[a-z]+)?$/, 'metrics'],
  [/^\/(\.well-known\/openid-configuration|openid\/v1\/jwks)\/?$/, 'openid'],
];

const unclassified = (...unknown: readonly string[]): Meaning => ({
  action: 'unclassified',
  access: 'permissions',
  unknown,
});

function read(request: RequestView): Meaning | readonly Meaning[] | null {
  // Whoever acts as somebody else may do what that one may; in front of a cluster a proxy may say who, and let the rest through.
  if (request.hasAny('impersonate-')) return unclassified('impersonate');
  const cluster = request.instance;
  const other = others.find(([path]) => path.test(request.path));
  if (other !== undefined) {
    if (request.upgrade !== null || !/^(GET|HEAD)$/.test(request.method)) return null;
    return { action: `${other[1]}.get`, access: 'read', resource: `cluster:${cluster}` };
  }
  const target = targetOf(request.path);
  if (target === null || target === 'other') return null;
  const verb = verbOf(request, target);
  if (verb === null) return null;
  const { subresource } = target;
  const upgradable =
    verb === 'watch' || (subresource !== null && /^(exec|attach|portforward|proxy|log)$/.test(subresource));
  if (request.upgrade !== null && !upgradable) return null;
  const apply = verb === 'patch' && /apply-patch/i.test(request.header('content-type') ?? 'apply-patch');
  const meaning = meaningOf(request, target, verb, cluster, apply);
  // What is applied is made if it isn't there.
  return apply && subresource === null ? [meaning, meaningOf(request, target, 'create', cluster, true)] : meaning;
}

function meaningOf(request: RequestView, target: Target, verb: string, cluster: string, apply: boolean): Meaning {
  const { group, version, namespace, resource, subresource } = target;
  const own = ownGroups.has(group);
  const unknown: string[] = [];
  // A new object is named in the body; without a name there, the server makes one up.
  const named =
    target.name === null && verb === 'create' ? member(member(request.json, 'metadata'), 'name') : target.name;
  if (target.name === null && verb === 'create' && request.json === undefined) unknown.push('name');
  const dryRun = isDryRun(request, verb, subresource);
  if (dryRun === undefined) unknown.push('dry_run');
  // Without a namespace a list may be of all namespaces at once, which is more than any one resource.
  if ((verb === 'list' || verb === 'watch') && namespace === null && !(own && clusterWide.has(resource)))
    unknown.push('resource');
  const word = (own ? resource : `${resource}.${group}`).replace(/[-.]/g, '_');
  const hints = hintsOf(own, resource, subresource, verb);
  return {
    action: [word, ...(subresource === null ? [] : [subresource.replaceAll('-', '_')]), verb].join('.'),
    access: accessOf(own, resource, subresource, verb),
    ...(hints.length > 0 && { hints }),
    resource: namespace === null ? `cluster:${cluster}` : `namespace:${cluster}/${namespace}`,
    parameters: {
      ...(namespace !== null && { namespace }),
      ...(typeof named === 'string' && named !== '' && { name: named }),
      api_group: group,
      api_version: version,
      resource,
      ...(subresource !== null && { subresource }),
      verb,
      ...(dryRun !== undefined && { dry_run: dryRun }),
      ...(apply && { apply: true }),
    },
    unknown,
  };
}

export default {
  name: 'kubernetes',
  hosts: ['kubernetes.default.svc', '*.eks.amazonaws.com', '*.azmk8s.io', '*.k8s.ondigitalocean.com'],
  configurable: true,
  credentials: { scheme: 'bearer', placeholder: 'tfplaceholder', env: [] },
  upgrades: true,
  read,
  routes: {},
} satisfies Connector;
