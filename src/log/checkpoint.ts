/** Checkpoints: the signed head of the log (C2SP tlog-checkpoint, https://c2sp.org/tlog-checkpoint). */
import type { KeyObject } from 'node:crypto';
import { signNote, type Verifier } from './note.js';

/** What a log said about itself once. */
export interface Checkpoint {
  /** `tollfence.local/<log id>` */
  readonly origin: string;
  /** How many entries it covers. */
  readonly size: number;
  /** Hex root of the tree over them. */
  readonly root: string;
  /** The signed note. */
  readonly text: string;
}

/** Signs the head of a tree. `root` in hex. */
export function signCheckpoint(size: number, root: string, verifier: Verifier, key: KeyObject): Checkpoint {
  const body = `${verifier.name}\n${size}\n${Buffer.from(root, 'hex').toString('base64')}\n`;
  return { origin: verifier.name, size, root, text: signNote(body, verifier, key) };
}

/** Reads a checkpoint and checks its signature and origin. Throws `TypeError` saying what is wrong. */
export function openCheckpoint(text: string, verifier: Verifier): Checkpoint {
  const [origin, size, root] = verifier.open(text).split('\n');
  if (origin !== verifier.name) throw new TypeError(`It is about another log, ${origin}.`);
  const hash = Buffer.from(root ?? '', 'base64');
  if (!/^(0|[1-9][0-9]{0,15})$/.test(size ?? '') || hash.length !== 32 || hash.toString('base64') !== root) {
    throw new TypeError('It is not a checkpoint.');
  }
  return { origin, size: Number(size), root: hash.toString('hex'), text };
}
