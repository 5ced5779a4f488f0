/** The Merkle tree over the entries (RFC 6962 §2.1, RFC 9162 §2.1). Hashes are lower-case hex. */
import { hash } from 'node:crypto';

/** Hex SHA-256 of bytes, or of the UTF-8 of a text. */
export const sha256 = (data: string | Uint8Array): string => hash('sha256', data, 'hex');

/** Root of the tree without leaves. */
export const emptyRoot = sha256('');

/** Hash of a leaf: SHA-256 of 0x00 and the entry's bytes. */
export function leafHash(entry: string | Uint8Array): string {
  return sha256(typeof entry === 'string' ? `\0${entry}` : Buffer.concat([leafPrefix, entry]));
}

const leafPrefix = Uint8Array.of(0);
let scratch = Buffer.alloc(4096);

/** The leaf's hash and the SHA-256 of an entry itself, for which its text is turned into bytes once. */
export function entryHashes(entry: string): { readonly leaf: string; readonly own: string } {
  // UTF-8 has at most three bytes for a UTF-16 code unit; the first byte stays 0.
  if (scratch.length <= 3 * entry.length) scratch = Buffer.alloc(2 * 3 * entry.length + 1);
  const end = 1 + scratch.write(entry, 1, 'utf8');
  return { leaf: sha256(scratch.subarray(0, end)), own: sha256(scratch.subarray(1, end)) };
}

const pair = Buffer.alloc(65, 1);

/** Hash of an inner node: SHA-256 of 0x01, left and right. */
export function nodeHash(left: string, right: string): string {
  pair.write(left, 1, 'hex');
  pair.write(right, 33, 'hex');
  return sha256(pair);
}

/** The right edge of a growing tree: hashes of its complete subtrees, largest first. All that appending needs. */
export class Frontier {
  readonly #hashes: string[];
  #size: number;

  /** Continues the tree of `size` leaves whose complete subtrees are `hashes`. Throws if they don't fit together. */
  constructor(size = 0, hashes: readonly string[] = []) {
    let subtrees = 0;
    for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) subtrees += rest % 2;
    if (subtrees !== hashes.length) throw new RangeError(`A tree of ${size} leaves has ${subtrees} complete subtrees.`);
    this.#size = size;
    this.#hashes = [...hashes];
  }

  get size(): number {
    return this.#size;
  }

  get hashes(): readonly string[] {
    return this.#hashes;
  }

  append(leaf: string): void {
    let merged = leaf;
    for (let rest = this.#size; rest % 2 === 1; rest = Math.floor(rest / 2)) {
      merged = nodeHash(this.#hashes.pop()!, merged);
    }
    this.#hashes.push(merged);
    this.#size++;
  }

  root(): string {
    return this.#size === 0 ? emptyRoot : this.#hashes.reduceRight((right, left) => nodeHash(left, right));
  }
}

/** The largest power of two that is less than `n`. */
function split(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/**
 * The audit path of leaf `index` in the tree of the first `size` leaves (RFC 6962 §2.1.1), nearest sibling first.
 * `leaves(from, to)` gives leaf hashes; each is asked for once, and memory stays logarithmic.
 */
export function inclusionProof(
  index: number,
  size: number,
  leaves: (from: number, to: number) => Iterable<string>,
): string[] {
  if (index < 0 || index >= size) throw new RangeError(`A tree of ${size} leaves has no leaf ${index}.`);
  const rootOf = (from: number, to: number): string => {
    const subtree = new Frontier();
    for (const leaf of leaves(from, to)) subtree.append(leaf);
    return subtree.root();
  };
  const path: string[] = [];
  let from = 0;
  let to = size;
  while (to - from > 1) {
    const middle = from + split(to - from);
    if (index < middle) {
      path.push(rootOf(middle, to));
      to = middle;
    } else {
      path.push(rootOf(from, middle));
      from = middle;
    }
  }
  return path.reverse();
}

/** The root that an audit path leads to (RFC 9162 §2.1.3.2), or null when the path has not the length it must have. */
export function rootFromProof(index: number, size: number, leaf: string, path: readonly string[]): string | null {
  if (index < 0 || index >= size) return null;
  let node = index;
  let last = size - 1;
  let root = leaf;
  for (const sibling of path) {
    if (last === 0) return null;
    if (node % 2 === 1 || node === last) {
      root = nodeHash(sibling, root);
      while (node % 2 === 0 && node !== 0) {
        node = Math.floor(node / 2);
        last = Math.floor(last / 2);
      }
    } else {
      root = nodeHash(root, sibling);
    }
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 ? root : null;
}
