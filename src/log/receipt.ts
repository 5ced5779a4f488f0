/** Receipts: proof that one entry is in the log, checkable without the log (RFC 6962 §2.1.1 audit path, a checkpoint). */
import { openCheckpoint } from './checkpoint.js';
import type { PublicKey } from './key.js';
import { Verifier } from './note.js';
import { inclusionProof, leafHash, rootFromProof } from './tree.js';

/** A receipt, as JSON. */
export interface Receipt {
  readonly v: 1;
  /** The entry's bytes. */
  readonly entry: string;
  /** Its leaf's index: the entry's `seq`. */
  readonly index: number;
  /** Base64 hashes, nearest sibling first. */
  readonly path: readonly string[];
  /** The signed checkpoint that the path leads to. */
  readonly checkpoint: string;
}

/** A receipt for the entry at `index`. `leaves(from, to)` are hex leaf hashes; the checkpoint must cover the entry. */
export function makeReceipt(
  entry: string,
  index: number,
  checkpoint: { readonly text: string; readonly size: number },
  leaves: (from: number, to: number) => Iterable<string>,
): Receipt {
  const path = inclusionProof(index, checkpoint.size, leaves).map(hash => Buffer.from(hash, 'hex').toString('base64'));
  return { v: 1, entry, index, path, checkpoint: checkpoint.text };
}

/** The entry that a receipt proves. Throws `TypeError` saying why it proves nothing. */
export function openReceipt(receipt: unknown, key: PublicKey): { readonly entry: string; readonly size: number } {
  const { v, entry, index, path, checkpoint } = (receipt ?? {}) as { [member in keyof Receipt]?: unknown };
  const shaped = v === 1 && typeof entry === 'string' && Number.isSafeInteger(index) && typeof checkpoint === 'string';
  if (!shaped || !Array.isArray(path) || path.length > 64) throw new TypeError('It is not a receipt.');
  const hashes = path.map(hash => Buffer.from(String(hash), 'base64').toString('hex'));
  if (hashes.some(hash => hash.length !== 64)) throw new TypeError('Its path has something else than hashes.');
  const name = key.name ?? checkpoint.slice(0, checkpoint.indexOf('\n'));
  const { size, root } = openCheckpoint(checkpoint, new Verifier(name, key.raw));
  if (rootFromProof(index as number, size, leafHash(entry), hashes) !== root) {
    throw new TypeError('The entry is not in the tree that the checkpoint signs.');
  }
  return { entry, size };
}
