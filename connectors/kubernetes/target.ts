/**
 * What a request to a Kubernetes API server is about, read from its path as the server reads it
 * (k8s.io/apiserver/pkg/endpoints/request/requestinfo.go): group, version, namespace, resource, name, subresource.
 */
import { segmentsOf } from '../segments.js';

/** An object, or a collection of them. */
export interface Target {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly namespace: string | null;
  readonly resource: string;
  readonly name: string | null;
  readonly subresource: string | null;
  /** True for the old spelling `/api/v1/watch/…`, which is a watch whatever the query says. */
  readonly watched: boolean;
}

const word = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const groupName = /^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/;

/** What follows these is a path of whatever is behind the proxy. */
const proxied = /^((?:\/[^/%]+)*?\/(?:pods|services|nodes)\/(?:[^/%]|%3a)+\/proxy)(?:\/.*)?$/i;

/** The target; `other` if the path isn't that of a resource; null if it could be read in two ways. */
export function targetOf(path: string): Target | 'other' | null {
  const own = proxied.exec(path)?.[1];
  // A separator that only the server sees could end the name early, or make a subresource of it.
  const parts = segmentsOf(own ?? path);
  if (parts === null || (own !== undefined && /%2f|%5c|%25|;/i.test(path))) return null;
  const grouped = parts[0] === 'apis';
  if (!grouped && parts[0] !== 'api') return 'other';
  const [group, version, ...rest] = grouped ? parts.slice(1) : ['', ...parts.slice(1)];
  if (group === undefined || version === undefined || rest.length === 0) return 'other';
  if ((grouped && !groupName.test(group)) || !word.test(version)) return null;
  // In this place it was a verb, to servers of old, and what follows the path of something else.
  if (rest[0] === 'proxy') return null;
  const watched = rest[0] === 'watch';
  const target = place(watched ? rest.slice(1) : rest);
  if (target === null || (own !== undefined && own !== path && target.subresource !== 'proxy')) return null;
  return { group, version, watched, ...target };
}

/** `namespaces/ns/pods/name/log`, `nodes/name`: what the path behind the version says. */
function place(parts: readonly string[]): Pick<Target, 'namespace' | 'resource' | 'name' | 'subresource'> | null {
  const inside = parts[0] === 'namespaces' && parts.length > 2 && parts[2] !== 'status' && parts[2] !== 'finalize';
  const [resource, name = null, subresource = null, ...more] = inside ? parts.slice(2) : parts;
  if (resource === undefined || more.length > 0) return null;
  if (!word.test(resource) || !(subresource === null || word.test(subresource))) return null;
  // A namespace lies in itself, as far as RBAC is concerned.
  const namespace = inside ? parts[1]! : resource === 'namespaces' ? name : null;
  return { namespace, resource, name, subresource };
}
