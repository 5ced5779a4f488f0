/**
 * Statement: what an approver says of one approval, and signs with Ed25519 (RFC 8032). The proxy checks it when it is
 * given, and an auditor, who has only the log, ever after.
 */
import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { canonical } from './canonical.js';
import { publicKeyFromRaw, rawPublicKey } from './note.js';

/** How an answer reached the proxy: signed by the approver's own key, or by the proxy for an approver that it knew by other means. */
export type Via = 'cli' | 'link' | 'slack' | 'web';

/** What is signed. */
export interface Statement {
  readonly v: 1;
  /** Id of the approval. */
  readonly approval: string;
  /** Hex SHA-256 that binds the approval to its request. */
  readonly binding: string;
  readonly verdict: 'granted' | 'refused';
  /** For how much more than one request it holds; empty for one. */
  readonly scope: object;
  /** Name of the approver. */
  readonly approver: string;
  /** RFC 3339, UTC. */
  readonly at: string;
}

/** An answer with its signature, as it is sent and as it stands in the log. */
export interface Signed {
  readonly approver: string;
  /** `key_` and the first 16 hex digits of the SHA-256 of the public key. */
  readonly key: string;
  /** The statement in the spelling of RFC 8785: exactly the bytes that were signed. */
  readonly statement: string;
  /** base64url */
  readonly signature: string;
  readonly via: Via;
}

/** How long a statement may be on its way, in milliseconds, and by how much its clock may be ahead. */
export const freshness = { age: 300_000, ahead: 60_000 } as const;

/** The bytes of a statement, as text. */
export const printStatement = (statement: Statement): string => canonical(statement);

/** Id of a public key. */
export const keyId = (key: KeyObject): string =>
  `key_${createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 16)}`;

const openssh = /^ssh-ed25519 ([A-Za-z0-9+/]+={0,2})(?: [^\n]*)?$/;
/** RFC 8709 §4: a string with the name of the algorithm, and one with the 32 bytes of the key. */
const opensshHead = Buffer.from('\0\0\0\x0bssh-ed25519\0\0\0\x20', 'latin1');

/**
 * Reads an Ed25519 public key: SPKI in PEM (RFC 8410), or a line of OpenSSH. Throws `TypeError` for anything else, and for
 * points of small order, under which forged signatures hold.
 */
export function parseApproverKey(text: string): KeyObject {
  const line = openssh.exec(text.trim());
  if (line !== null) {
    const blob = Buffer.from(line[1]!, 'base64');
    if (!blob.subarray(0, opensshHead.length).equals(opensshHead))
      throw new TypeError('It is not an Ed25519 key of OpenSSH.');
    return publicKeyFromRaw(blob.subarray(opensshHead.length));
  }
  if (!/^-----BEGIN PUBLIC KEY-----/.test(text.trim()))
    throw new TypeError('It is neither a public key in PEM nor a line that begins with ssh-ed25519.');
  let key: KeyObject;
  try {
    key = createPublicKey(text);
  } catch {
    throw new TypeError('It is not a public key in PEM.');
  }
  if (key.asymmetricKeyType !== 'ed25519') throw new TypeError('It is not an Ed25519 key.');
  return publicKeyFromRaw(rawPublicKey(key));
}

/** Signs a statement with the approver's own key. */
export function signStatement(statement: Statement, key: KeyObject, publicKey: KeyObject): Signed {
  const text = printStatement(statement);
  const signature = sign(null, Buffer.from(text), key).toString('base64url');
  return { approver: statement.approver, key: keyId(publicKey), statement: text, signature, via: 'cli' };
}

/** Whether this key has signed these very bytes; a signature has one spelling. */
export function isSignedBy({ statement, signature }: Pick<Signed, 'statement' | 'signature'>, key: KeyObject): boolean {
  const bytes = Buffer.from(signature, 'base64url');
  return bytes.toString('base64url') === signature && verify(null, Buffer.from(statement), key, bytes);
}

/**
 * Why a statement doesn't say what it is said to: another approval, request, verdict, scope or approver, or spelled in another
 * way. Null if it does. `time`, in milliseconds, is when it was given.
 */
export function disagreement(text: string, expected: Omit<Statement, 'v' | 'at'>, time: number): string | null {
  let statement: Partial<Statement>;
  try {
    statement = JSON.parse(text) as Partial<Statement>;
    const { at, ...rest } = statement;
    if (canonical(statement) !== text || typeof at !== 'string') return 'it is not a statement';
    for (const member of ['approval', 'binding', 'verdict', 'approver', 'scope'] as const)
      if (canonical(rest[member]) !== canonical(expected[member])) return `its ${member} is another one`;
    if (canonical(rest) !== canonical({ v: 1, ...expected })) return 'it is not a statement';
  } catch {
    return 'it is not a statement';
  }
  const age = time - Date.parse(statement.at!);
  if (!(age <= freshness.age)) return 'it is too old';
  return age < -freshness.ahead ? 'it is from the future' : null;
}
