/**
 * The key/value engine of Vault and OpenBao: which secret a path names, for a mount that may have any name and any number
 * of segments. https://developer.hashicorp.com/vault/api-docs/secret/kv
 */
import type { Hint, Meaning } from '../../src/model.js';

/** What Vault takes a request for: its operations, not its methods. */
export type Operation = 'read' | 'list' | 'write' | 'patch' | 'delete';

type Known = Pick<Meaning, 'action' | 'access' | 'hints'>;

const lost: readonly Hint[] = ['destructive'];
const gone: readonly Hint[] = ['destructive', 'irreversible'];

const get: Known = { action: 'kv.get', access: 'read' };
const put: Known = { action: 'kv.put', access: 'write' };
const list: Known = { action: 'kv.list', access: 'list' };

/** Version 2: the word behind the mount, and what each operation is there. */
const version2: { readonly [word: string]: { readonly [operation in Operation]?: Known } } = {
  data: {
    read: get,
    write: put,
    patch: { action: 'kv.patch', access: 'write' },
    delete: { action: 'kv.delete', access: 'delete', hints: lost },
  },
  metadata: {
    read: { action: 'kv.metadata.get', access: 'read' },
    list,
    write: { action: 'kv.metadata.put', access: 'write' },
    patch: { action: 'kv.metadata.patch', access: 'write' },
    delete: { action: 'kv.metadata.delete', access: 'delete', hints: gone },
  },
  subkeys: { read: { action: 'kv.subkeys', access: 'read' } },
  delete: { write: { action: 'kv.delete', access: 'delete', hints: lost } },
  undelete: { write: { action: 'kv.undelete', access: 'write' } },
  destroy: { write: { action: 'kv.destroy', access: 'delete', hints: gone } },
};

/** Version 1, which has no versions: what is deleted there is gone. */
const version1: { readonly [operation in Operation]?: Known } = {
  read: get,
  list,
  write: put,
  delete: { action: 'kv.delete', access: 'delete', hints: gone },
};

/** A secret of the key/value engine, and what is done with it. */
export interface Reading extends Known {
  readonly mount: string;
  readonly secret: string;
}

/** The mounts that are there under their own name on most servers. */
const usualMounts = new Set(['secret', 'kv']);

/**
 * Every way to read a path: a mount may be named `a/data`, and only the server knows where it ends. None if it can't be a
 * path of this engine.
 */
export function readingsOf(segments: readonly string[], operation: Operation): readonly Reading[] {
  const found = segments.flatMap((word, at): Reading[] => {
    const known = Object.hasOwn(version2, word) && at > 0 ? version2[word]![operation] : undefined;
    const secret = segments.slice(at + 1).join('/');
    if (known === undefined || (secret === '' && operation !== 'list')) return [];
    return [{ ...known, mount: segments.slice(0, at).join('/'), secret }];
  });
  const [mount = '', ...rest] = segments;
  const known = version1[operation];
  // `config` is the engine's own in version 2, and so are its words right behind the mount.
  const first = usualMounts.has(mount) && rest[0] !== 'config' && !Object.hasOwn(version2, rest[0] ?? '');
  if (!first || known === undefined || (rest.length === 0 && operation !== 'list')) return found;
  return [...found, { ...known, mount, secret: rest.join('/') }];
}
