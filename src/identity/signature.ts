/** Signature: the proxy says by it that a subject is as it found it: Ed25519 over the subject's canonical JSON (RFC 8785) without the signature. */
import { canonical } from '../log/index.js';
import type { Subject } from '../model.js';
import type { Keys, Signature } from './keys.js';

const bytesOf = ({ signature: _, ...said }: Subject): Buffer => Buffer.from(canonical(said));

/** Signs it with the key of its gateway. */
export const signSubject = (keys: Pick<Keys, 'sign'>, subject: Subject): Signature =>
  keys.sign(subject.id, bytesOf(subject));

/** Whether this subject was signed by its gateway's key, and says the same as then. */
export const isSigned = (keys: Pick<Keys, 'verify'>, subject: Subject): boolean =>
  subject.signature !== undefined && keys.verify(subject.id, bytesOf(subject), subject.signature);
