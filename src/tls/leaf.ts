/**
 * Leaf certificates: what a client of the proxy sees in place of the upstream's own certificate. Profile: RFC 5280 with
 * an empty subject (a common name holds 64 characters, a host name 253), as strict verifiers want it.
 */
import type { KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import { Refusal } from '../errors.js';
import {
  authorityKey,
  basicConstraints,
  issue,
  keyUsage,
  type PublicKey,
  serverAuthentication,
  subjectKey,
  subjectName,
} from './certificate.js';

const hour = 3_600_000;

/** A leaf is valid for this long, in milliseconds: under the 47 days that CA/Browser Forum ballot SC-081 ends with. */
export const leafLifetime = 30 * 24 * hour;

/** A leaf is valid from this long before it was made, in milliseconds, for clients whose clock is slow. */
export const leafBackdate = hour;

/** What signs leaves. */
export interface Issuer {
  readonly commonName: string;
  readonly key: KeyObject;
  readonly publicKey: PublicKey;
  /** When its own certificate ends, in ms since the epoch: no leaf is valid for longer. */
  readonly expires: number;
}

/** A signed leaf. Times are in ms since the epoch. */
export interface Leaf {
  readonly certificatePem: string;
  readonly notBefore: number;
  readonly notAfter: number;
}

/** Where a leaf is made. */
export interface Workshop {
  readonly issuer: Issuer;
  /** The key of all leaves of this process. */
  readonly publicKey: PublicKey;
  readonly now: () => number;
  readonly random: (bytes: number) => Uint8Array;
}

/**
 * Makes a leaf for one host: a DNS name in A-labels, lower case, without a trailing dot, or an IP address without
 * brackets. The host is attacker-controlled; throws `Refusal` (`malformed_request`) for anything else.
 */
export function makeLeaf(host: string, { issuer, publicKey, now, random }: Workshop): Leaf {
  const name = subjectName(identity(host));
  const notBefore = now() - leafBackdate;
  const notAfter = Math.min(notBefore + leafLifetime, issuer.expires);
  const certificatePem = issue(
    {
      subject: null,
      issuer: issuer.commonName,
      key: publicKey,
      notBefore: new Date(notBefore),
      notAfter: new Date(notAfter),
      extensions: [
        basicConstraints(false),
        keyUsage('signature'),
        serverAuthentication(),
        name,
        subjectKey(publicKey),
        authorityKey(issuer.publicKey),
      ],
    },
    issuer.key,
    random,
  );
  return { certificatePem, notBefore, notAfter };
}

// Underscores are not for host names (RFC 952), but real services have them, and clients accept them.
const label = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

function identity(host: string): { dns: string } | { ip: Uint8Array } {
  if (isIP(host) === 4) return { ip: Uint8Array.from(host.split('.'), Number) };
  if (isIP(host) === 6 && !host.includes('%')) return { ip: ipv6(host) };
  if (host.length > 253 || !host.split('.').every(part => label.test(part))) {
    throw new Refusal('malformed_request', 'The host is neither a DNS name (in A-labels) nor an IP address.');
  }
  return { dns: host };
}

/** The 16 bytes of an IPv6 address in any of its spellings. */
function ipv6(address: string): Uint8Array {
  // The URL parser prints one spelling: hexadecimal groups, and at most one `::`.
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const groups = (text: string): string[] => (text ? text.split(':') : []);
  const [left, right] = [groups(head), groups(tail ?? '')];
  const zeros = Array<string>(8 - left.length - right.length).fill('0');
  return Uint8Array.from(
    [...left, ...zeros, ...right].flatMap(g => [Number.parseInt(g, 16) >> 8, Number.parseInt(g, 16) & 255]),
  );
}
