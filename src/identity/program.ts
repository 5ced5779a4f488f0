/** Program: the files that an agent is made of. What they are is their digest; whether they still are it, what the file system says of them. */
import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import type { Shelf } from './state.js';

/** A file as it was when its run started. */
export interface BoundFile {
  readonly path: string;
  readonly is: 'program' | 'script';
  /** Device, inode, size, and the times of its content and of itself in nanoseconds. */
  readonly mark: string;
}

/** A file whose digest is known. */
export interface Digested {
  readonly mark: string;
  readonly sha256: string;
}

interface Stats {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

const markOf = ({ dev, ino, size, mtimeNs, ctimeNs }: Stats): string => `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`;

/** Whether a file still is what it was, asked again and again. A look costs two microseconds. */
export function watchFile({ path, mark }: Pick<BoundFile, 'path' | 'mark'>): () => boolean {
  const [dev, ino, size, mtimeNs, ctimeNs] = mark.split(':').map(BigInt);
  return () => {
    let now: Stats | undefined;
    try {
      now = statSync(path, { bigint: true, throwIfNoEntry: false });
    } catch {
      // The way to it has changed.
      return false;
    }
    if (now === undefined) return false;
    // The time of the last change first: nobody can set it.
    return (
      now.ctimeNs === ctimeNs && now.mtimeNs === mtimeNs && now.size === size && now.ino === ino && now.dev === dev
    );
  };
}

/** Digests of files; a large one is read once, until it changes. */
export interface Digests {
  /** Of the file at an absolute path. Null for what is no file that can be read, or changes all the time. */
  of(path: string): Promise<Digested | null>;
}

const patience = 3;
/** Bytes that are read at once; what has fewer is read again each time instead of being remembered. */
const block = 1 << 20;
/** Bytes of the largest program. */
const largest = 2 ** 31;

export function openDigests(shelf: Pick<Shelf<Digested & { readonly path: string }>, 'all' | 'put'>): Digests {
  const known = new Map<string, Digested>(shelf.all().map(({ path, ...file }) => [path, file]));
  async function read(path: string): Promise<Digested | null> {
    for (let attempts = 0; attempts < patience; attempts++) {
      const before = await stat(path, { bigint: true });
      if (!before.isFile() || before.size > largest) return null;
      const mark = markOf(before);
      const found = known.get(path);
      if (found?.mark === mark) return found;
      const hash = createHash('sha256');
      for await (const chunk of createReadStream(path, { highWaterMark: block })) hash.update(chunk as Buffer);
      if (markOf(await stat(path, { bigint: true })) !== mark) continue;
      const file = { mark, sha256: hash.digest('hex') };
      if (before.size > block) {
        known.set(path, file);
        shelf.put(path, { path, ...file });
      }
      return file;
    }
    return null;
  }
  return { of: async path => (isAbsolute(path) ? read(path).catch(() => null) : null) };
}
