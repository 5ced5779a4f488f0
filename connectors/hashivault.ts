/**
 * HashiCorp Vault and OpenBao: secrets of the key/value engine by name, in the resource `secret:SERVER/MOUNT/PATH`; all else
 * as Vault's own policies see it, an operation on a path, in `path:SERVER/PATH`. Named so because Tollfence has a vault of
 * its own. https://developer.hashicorp.com/vault/api-docs
 */
import type { Access, Connector, Meaning, RequestView, Value } from '../src/model.js';
import { type Operation, readingsOf } from './hashivault/kv.js';
import { segmentsOf } from './segments.js';

const operations: { readonly [method: string]: Operation } = {
  GET: 'read',
  HEAD: 'read',
  LIST: 'list',
  POST: 'write',
  PUT: 'write',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** As Go reads a boolean (strconv.ParseBool). */
const yes = /^(1|t|T|TRUE|true|True)$/;

/** What the server takes the request for; null if that can't be told. */
function operationOf({ method, query }: RequestView): Operation | null {
  const asked = query.filter(([name]) => name === 'list' || name === 'scan');
  if (method !== 'GET') return operations[method] ?? null;
  if (asked.length > 1) return null;
  return yes.test(asked[0]?.[1] ?? '') ? 'list' : 'read';
}

/** What everybody may ask, or what shows how the server is set up and nothing that is secret. */
const harmless =
  /^(sys\/(health|seal-status|leader|init|version-history|license\/status|ha-status|host-info|key-status|mounts|auth|policy|policies\/(acl|rgp|egp|password)|internal\/ui\/(mounts|resultant-acl|namespaces)|internal\/specs\/openapi|plugins\/catalog)(\/.*)?|auth\/token\/lookup-self)$/;

/** Asked with a write, and changes nothing. */
const questions = /^sys\/(capabilities(-self|-accessor)?|tools\/(hash|random)(\/.*)?)$/;

/** Words of `sys/mounts/x` and `auth/token/create` that make a name. */
const areas: readonly (readonly [path: RegExp, name: (word: string) => string])[] = [
  [/^sys\/([a-z][a-z0-9-]*)/, word => `sys.${word.replaceAll('-', '_')}`],
  [/^auth\/token\/([a-z][a-z0-9-]*)$/, word => `auth.token.${word.replaceAll('-', '_')}`],
  [/^auth\/.+\/(login)(\/[^/]+)?$/, () => 'auth.login'],
  [/^(auth|identity|cubbyhole)\//, word => word],
];

/** Any path, as Vault's policies see it. Of an engine whose mount has any name it can't be said what it gives out. */
function logical(server: string, path: string, prefix: string, operation: Operation): Meaning {
  const area = areas.map(([pattern, name]) => [pattern.exec(path)?.[1], name] as const).find(([word]) => word);
  const calm = operation === 'read' || operation === 'list' ? harmless.test(path) : questions.test(path);
  const access: Access = calm ? (operation === 'list' ? 'list' : 'read') : 'permissions';
  return {
    action: `${area === undefined ? 'logical' : area[1](area[0]!)}.${operation}`,
    access,
    ...(operation === 'delete' && { hints: ['destructive'] as const }),
    resource: `path:${server}/${prefix}${path}`,
    parameters: { path, ...(prefix !== '' && { namespace: prefix.slice(0, -1) }) },
  };
}

/** Engines that aren't key/value ones, by the names that they have unless somebody gives them another. */
const engines = new Set(
  'ad alicloud aws azure consul database gcp gcpkms keymgmt kmip kubernetes ldap mongodbatlas nomad openldap pki pki_int rabbitmq ssh terraform totp transform transit'.split(
    ' ',
  ),
);

const integers = (value: Value | undefined): readonly number[] | undefined =>
  Array.isArray(value) && value.length <= 100 && value.every(item => Number.isSafeInteger(item))
    ? (value as readonly number[])
    : undefined;

/** The versions that are deleted, undeleted or destroyed, from the body. */
function versionsOf({ json }: RequestView): { readonly parameters: Meaning['parameters']; readonly unknown: string[] } {
  const body = typeof json === 'object' && json !== null && !Array.isArray(json) ? json : {};
  const versions = integers((body as { readonly [name: string]: Value }).versions);
  return versions === undefined ? { parameters: {}, unknown: ['versions'] } : { parameters: { versions }, unknown: [] };
}

function read(request: RequestView): Meaning | readonly Meaning[] | null {
  const operation = operationOf(request);
  if (operation === null || !request.path.startsWith('/v1/')) return null;
  const segments = segmentsOf(operation === 'list' ? request.path.replace(/\/$/, '') : request.path)?.slice(1);
  const namespace = namespaceOf(request);
  if (segments === undefined || segments.length === 0 || namespace === null) return null;
  // It asks to be let in although a policy says no.
  if (request.has('x-vault-policy-override')) return null;
  const server = request.instance;
  const prefix = namespace.map(part => `${part}/`).join('');
  const path = segments.join('/');
  // Namespaces may stand in the path too: then these words are deeper in it, and mean the same.
  const guarded = segments.some(word => /^(sys|auth|identity|cubbyhole)$/.test(word));
  const readings = guarded ? [] : readingsOf(segments, operation);
  if (readings.length === 0) return logical(server, path, prefix, operation);
  const wrapped = request.has('x-vault-wrap-ttl');
  // Under such a name another engine is at home, to which `transit/export/encryption-key/data/1` is the key "data"; before it
  // a namespace may stand.
  const foreign = readings.some(({ mount }) => mount.split('/').some(word => engines.has(word)));
  const other = foreign ? [logical(server, path, prefix, operation)] : [];
  const secrets = readings.map(({ mount, secret, ...known }): Meaning => {
    const versions = operation === 'write' && /^kv\.(delete|undelete|destroy)$/.test(known.action);
    const { parameters = {}, unknown = [] } = versions ? versionsOf(request) : {};
    return {
      ...known,
      resource: `secret:${server}/${prefix}${mount}${secret === '' ? '' : `/${secret}`}`,
      parameters: {
        mount,
        ...(secret !== '' && { secret }),
        ...(prefix !== '' && { namespace: prefix.slice(0, -1) }),
        ...(wrapped && { wrapped }),
        ...parameters,
      },
      unknown,
    };
  });
  return [...secrets, ...other];
}

/** The segments of the namespace (Vault Enterprise, OpenBao) that the path is in; null if that can't be told. */
function namespaceOf(request: RequestView): readonly string[] | null {
  if (!request.has('x-vault-namespace')) return [];
  const text = request.header('x-vault-namespace')?.replace(/^\/|\/$/g, '');
  if (text === undefined || text.includes('%')) return null;
  return text === '' || text === 'root' ? [] : segmentsOf(text);
}

export default {
  name: 'hashivault',
  hosts: [],
  configurable: true,
  credentials: {
    scheme: 'header:X-Vault-Token',
    placeholder: 'hvs.tfplaceholder00000000000',
    env: ['VAULT_TOKEN', 'BAO_TOKEN'],
  },
  reads: 'json',
  read,
  routes: {},
} satisfies Connector;
