/**
 * The certificate authority of this machine: a TLS context for every host that an agent asks for, under a root that
 * only those trust who were given it.
 */
import { generateKeyPairSync } from 'node:crypto';
import type { SecureContext } from 'node:tls';
import { publicKeyOf } from './certificate.js';
import { Contexts } from './contexts.js';
import { type Leaf, makeLeaf } from './leaf.js';
import { openRoot, type Surroundings } from './root.js';

/** The certificate authority, opened. */
export interface CertificateAuthority {
  /** The root, without its key. */
  readonly certificatePem: string;
  /** When the root ends, in ms since the epoch. */
  readonly expires: number;
  /** The private key of all leaves of this process (PKCS #8 PEM). */
  readonly leafKey: string;
  /** A new leaf for a host, signed by the root. Throws `Refusal` (`malformed_request`) if it is no host. */
  leafFor(host: string): Leaf;
  /**
   * What a TLS server needs to be this host: TLS 1.2 or later; made at the first call, then cached, and made anew before
   * the leaf ends. Throws like `leafFor`. Session tickets are encrypted under keys of the context, so a session that was
   * begun with one host can't be resumed with another, nor after the context was dropped. Begin with it in the turn of the
   * event loop in which you get it: one that is dropped is freed after that, and Node aborts if it is begun with later.
   */
  contextFor(host: string): SecureContext;
}

/** Where the authority lives and what it may use. */
export interface AuthorityOptions extends Surroundings {
  /** `TF_HOME/ca` */
  readonly dir: string;
  /** How many contexts are kept, those used last; 1,024 unless told. */
  readonly cache?: number;
}

/** Opens the authority in `dir`, and makes it at the first use. Throws `Fault`, naming the file, when it can't be used. */
export function openAuthority({ dir, now, random, cache = 1_024 }: AuthorityOptions): CertificateAuthority {
  const root = openRoot(dir, { now, random });
  const { privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const leafKey = key.export({ type: 'pkcs8', format: 'pem' }) as string;
  const issuer = { commonName: root.commonName, key: root.key, publicKey: root.publicKey, expires: root.expires };
  const workshop = { issuer, publicKey: publicKeyOf(key), now, random };
  const contexts = new Contexts(leafKey, now, cache);
  const leafFor = (host: string): Leaf => makeLeaf(host, workshop);
  const contextFor = (host: string): SecureContext => contexts.find(host) ?? contexts.make(host, leafFor(host));

  return { certificatePem: root.certificatePem, expires: root.expires, leafKey, leafFor, contextFor };
}
