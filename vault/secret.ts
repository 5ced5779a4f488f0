/** What the vault says about a secret without saying it: name, scheme, and what it is bound to. */
import { parseScheme, valueFault } from '../src/credentials/index.js';
import type { Scheme } from '../src/model.js';
import { VaultError } from './error.js';

/** What describes a secret. Safe to show. */
export interface SecretMeta {
  /** Lower case: `github-token`. */
  readonly name: string;
  readonly scheme: Scheme;
  /** The only connector whose requests may carry it, or null for any. */
  readonly connector: string | null;
  /** Exact host names in lower case, or `*.example.com` for one or more labels in front; never empty. */
  readonly hosts: readonly string[];
  /** Gateways that may use it; empty for any. */
  readonly gateways: readonly string[];
  /** 1 when set, one more with each rotation. */
  readonly version: number;
  /** RFC 3339, UTC. */
  readonly created_at: string;
  readonly rotated_at: string | null;
}

/** What an operator says about a new secret. */
export type NewSecret = Pick<SecretMeta, 'name' | 'scheme' | 'connector' | 'hosts' | 'gateways'>;

/** Who wants a secret, for where. `connector` is null when the caller doesn't know or care. */
export interface Want {
  readonly gateway: string;
  readonly connector: string | null;
  readonly host: string;
}

/** Bytes that a value may have at most. */
export const valueLimit = 65_536;

const namePattern = /^[a-z0-9][a-z0-9._-]{0,62}$/;
const hostPattern = /^(?:\*\.[a-z0-9_-]+\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$|^[0-9a-f:.]*:[0-9a-f:.]*$/;
const labelPattern = /^[^\p{Cc}\p{Cf}]{1,128}$/u;

/** Names differ by more than case. */
export const spelled = (name: string): string => name.toLowerCase();

const sorted = (names: readonly string[]): string[] => [...new Set(names)].sort();

/** One spelling of a new secret's description. Throws `invalid` with all the faults of it and of the value. */
export function checkedSecret(secret: NewSecret, value: Buffer): NewSecret {
  const name = spelled(secret.name);
  const hosts = sorted(secret.hosts.map(host => host.toLowerCase()));
  const gateways = sorted(secret.gateways);
  const faults: string[] = [];
  if (!namePattern.test(name)) {
    faults.push('the name must be 1 to 63 of a-z, 0-9, ".", "_" and "-", starting with a letter or digit');
  }
  if (parseScheme(secret.scheme) === null) {
    faults.push('the scheme must be bearer, basic, header:NAME, query:NAME, or one of docs/credentials.md');
  } else {
    faults.push(...valueFaults(secret.scheme, value));
  }
  if (hosts.length === 0) faults.push('it must be bound to at least one host');
  for (const host of hosts) {
    if (host.length > 253 || !hostPattern.test(host)) faults.push(`${JSON.stringify(host)} is not a host name`);
  }
  for (const label of [...gateways, ...(secret.connector === null ? [] : [secret.connector])]) {
    if (!labelPattern.test(label)) faults.push(`${JSON.stringify(label)} can't be the name of a gateway or connector`);
  }
  if (faults.length > 0) throw new VaultError('invalid', `The secret was not stored: ${faults.join('; ')}.`);
  return { name, scheme: secret.scheme, connector: secret.connector, hosts, gateways };
}

/** What is wrong with a value for this scheme; sentences never quote it. */
export function valueFaults(scheme: Scheme, value: Buffer): string[] {
  if (value.length > valueLimit) return [`the value is longer than ${valueLimit} bytes`];
  const fault = valueFault(scheme, value);
  return fault === null ? [] : [fault];
}

/** Whether a host is one of those a secret is bound to: a `*` in front is one or more labels, elsewhere just one. */
function bound(pattern: string, host: string): boolean {
  if (!pattern.includes('*')) return host === pattern;
  const wanted = pattern.split('.');
  const labels = host.split('.');
  const more = labels.length - wanted.length;
  if (more < 0 || (more > 0 && wanted[0] !== '*')) return false;
  return wanted.every((label, i) => label === '*' || label === labels[i + more]);
}

/** Why this secret may not serve, as the end of a sentence; null if it may. */
export function unfit(secret: SecretMeta, want: Want): string | null {
  if (secret.gateways.length > 0 && !secret.gateways.includes(want.gateway)) {
    return `is not bound to the gateway ${want.gateway}`;
  }
  if (secret.connector !== null && secret.connector !== want.connector) {
    return `is bound to the connector ${secret.connector}`;
  }
  if (!secret.hosts.some(pattern => bound(pattern, want.host))) return `is not bound to the host ${want.host}`;
  return null;
}

/** Reads a description back from its stored text; null unless it is exactly what {@link storedMeta} prints. */
export function readMeta(text: string): SecretMeta | null {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    return null;
  }
  if (!Array.isArray(list) || list.length !== 8) return null;
  const [name, version, scheme, connector, hosts, gateways, created_at, rotated_at] = list as unknown[];
  const texts = (value: unknown): value is string[] => Array.isArray(value) && value.every(v => typeof v === 'string');
  if (typeof name !== 'string' || !namePattern.test(name)) return null;
  if (!Number.isSafeInteger(version) || (version as number) < 1) return null;
  const known = typeof scheme === 'string' ? parseScheme(scheme) : null;
  if (known === null || (connector !== null && typeof connector !== 'string')) return null;
  if (!texts(hosts) || !texts(gateways) || typeof created_at !== 'string') return null;
  if (rotated_at !== null && typeof rotated_at !== 'string') return null;
  const meta = { name, scheme: known, connector, hosts, gateways, version: version as number, created_at, rotated_at };
  return storedMeta(meta) === text ? Object.freeze(meta) : null;
}

/** The stored text of a description: a JSON array in the order of FORMAT.md. */
export const storedMeta = (meta: SecretMeta): string => JSON.stringify(boundMembers(meta));

/** The members of a description that every seal of the secret binds, in order. */
export const boundMembers = (meta: SecretMeta): readonly unknown[] => [
  meta.name,
  meta.version,
  meta.scheme,
  meta.connector,
  meta.hosts,
  meta.gateways,
  meta.created_at,
  meta.rotated_at,
];
