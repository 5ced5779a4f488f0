/** Rows: a value sealed under a data key of its own, which is wrapped by the vault's; and out of them again. */
import { boundsOf, damaged, type Entry } from './roster.js';
import { type Keys, keyBytes, type Random, seal, unseal } from './seal.js';
import { type SecretMeta, storedMeta } from './secret.js';

/** The entry of a secret with this value, under a new data key. */
export function sealed(vault: string, keys: Keys, meta: SecretMeta, value: Buffer, random: Random): Entry {
  const { keyBound, valueBound } = boundsOf(vault, meta);
  const dataKey = random(keyBytes);
  const row = {
    name: meta.name,
    meta: storedMeta(meta),
    wrapped: seal(keys.wrap, dataKey, keyBound, random),
    sealed: seal(dataKey, value, valueBound, random),
  };
  dataKey.fill(0);
  return { meta: Object.freeze(meta), row, keyBound, valueBound };
}

/** The same entry with its data key wrapped by other keys. Throws `corrupt`. */
export function rewrapped({ row, ...entry }: Entry, from: Keys, to: Keys, random: Random): Entry {
  const dataKey = opened(from.wrap, row.wrapped, entry.keyBound, row.name);
  const wrapped = seal(to.wrap, dataKey, entry.keyBound, random);
  dataKey.fill(0);
  return { ...entry, row: { ...row, wrapped } };
}

/** The value of an entry; whoever gets it zeroes it. Throws `corrupt`. */
export function unsealed({ row, keyBound, valueBound }: Entry, keys: Keys): Buffer {
  const dataKey = opened(keys.wrap, row.wrapped, keyBound, row.name);
  try {
    return opened(dataKey, row.sealed, valueBound, row.name);
  } finally {
    dataKey.fill(0);
  }
}

function opened(key: Buffer, bytes: Buffer, bound: Buffer, name: string): Buffer {
  const plain = unseal(key, bytes, bound);
  if (plain === null) throw damaged(`the row ${name} can't be opened`);
  return plain;
}
