/**
 * Destination: which addresses may be dialled. A name is resolved once, every address of the answer is judged, and the
 * judged address is the one that is dialled, so that DNS can't change its mind in between.
 */
import { isIP, isIPv4, isIPv6 } from 'node:net';
import { Refusal } from '../errors.js';
import type { Authority } from '../model.js';
import { type Resolve, systemResolver } from './resolve.js';

/** Where to dial: judged addresses, in order of preference, of which the first that answers is taken. */
export interface Destination {
  readonly addresses: readonly [string, ...string[]];
  readonly port: number;
}

/** A CIDR block, or with all its bits one address: 4 bytes for IPv4, 16 for IPv6. */
interface Block {
  readonly bytes: readonly number[];
  readonly bits: number;
}

/** The bytes of an address, the IPv4 one for an IPv4-mapped one; null for what is none, or has a zone. */
function bytesOf(address: string): readonly number[] | null {
  if (isIPv4(address)) return address.split('.').map(Number);
  if (!isIPv6(address) || address.includes('%')) return null;
  // The URL parser prints every spelling in groups of hexadecimal digits.
  const [head = '', tail] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::');
  const groupsOf = (text: string): number[] =>
    text === '' ? [] : text.split(':').map(group => Number.parseInt(group, 16));
  const left = groupsOf(head);
  const right = groupsOf(tail ?? '');
  const groups = [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right];
  const bytes = groups.flatMap(group => [group >> 8, group & 255]);
  return contains(mapped, bytes) ? bytes.slice(12) : bytes;
}

function contains(block: Block, bytes: readonly number[]): boolean {
  if (block.bytes.length !== bytes.length) return false;
  return block.bytes.every((byte, i) => {
    const left = block.bits - i * 8;
    return left <= 0 || byte >> Math.max(0, 8 - left) === bytes[i]! >> Math.max(0, 8 - left);
  });
}

const mapped: Block = { bytes: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 0, 0], bits: 96 };

/** Reads `ADDRESS/BITS`; a block of IPv4-mapped addresses is one of IPv4 addresses. */
function blockOf(text: string): Block {
  const [net = '', bits] = text.split('/');
  const bytes = bytesOf(net);
  if (bytes === null) throw new TypeError(`${text} is not a CIDR block.`);
  const within = bytes.length === 4 && isIPv6(net) ? Number(bits) - 96 : Number(bits);
  // Wider than all mapped addresses: it says nothing about IPv4.
  return within < 0 ? { bytes: [...mapped.bytes.slice(0, 12), ...bytes], bits: Number(bits) } : { bytes, bits: within };
}

// IANA special-purpose address registries (RFC 6890 and its updates): what is not globally reachable, and multicast.
const prohibited4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  // In no registry: by this address Azure's machines reach their host, which gives out credentials.
  '168.63.129.16/32',
].map(blockOf);
// Global unicast is 2000::/3; everything else is special. Within it, these are not for the public Internet.
const global6 = blockOf('2000::/3');
const prohibited6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'].map(blockOf);
const nat64 = blockOf('64:ff9b::/96');

/** Whether a host identifier is ISATAP's (RFC 5214 §6.1), which ends with an IPv4 address. */
const isIsatap = (bytes: readonly number[]): boolean =>
  (bytes[8]! & 0xfd) === 0 && bytes[9] === 0 && bytes[10] === 0x5e && bytes[11] === 0xfe;

function isPublicBytes(bytes: readonly number[]): boolean {
  if (bytes.length === 4) return !prohibited4.some(block => contains(block, bytes));
  const end = bytes.slice(12);
  if (contains(nat64, bytes)) return isPublicBytes(end);
  if (isIsatap(bytes) && !isPublicBytes(end)) return false;
  return contains(global6, bytes) && !prohibited6.some(block => contains(block, bytes));
}

/** Whether an address (in the spelling that `dns.lookup` returns, or any that `net.isIP` takes) is for the public Internet. */
export function isPublic(address: string): boolean {
  const bytes = bytesOf(address);
  return bytes !== null && isPublicBytes(bytes);
}

/** What an operator says about destinations (interface §2). */
export interface DestinationRules {
  /** `host:port` → `host:port`: another address, the same name for TLS and policy. Named addresses may be private. */
  readonly connectTo: ReadonlyMap<string, string>;
  /** CIDR blocks that may be dialled although they are private. */
  readonly allowPrivate: readonly string[];
}

/** Most addresses that a name may have: each is judged. */
const maxAddresses = 64;

/**
 * Builds the function that returns the judged addresses of a host: all of them, or null if its name can't be resolved.
 * It throws `Refusal` (`destination_prohibited`, `upstream_dns`).
 */
function judging(rules: DestinationRules, resolve: Resolve) {
  const allowed = rules.allowPrivate.map(blockOf);
  const mayDial = (address: string): boolean => {
    const bytes = bytesOf(address);
    return bytes !== null && (isPublicBytes(bytes) || allowed.some(block => contains(block, bytes)));
  };
  return async (host: string, gateway: string): Promise<Destination['addresses'] | null> => {
    // Whatever DNS says, these names are this machine (RFC 6761 §6.3).
    const loopback = /(^|\.)localhost$/.test(host);
    const known = loopback ? ['127.0.0.1', '::1'].filter(mayDial) : isIP(host) !== 0 ? [host] : null;
    const addresses = known ?? (await resolve(host, gateway).catch(unknown));
    if (addresses === null) return null;
    if (addresses.length > maxAddresses)
      throw new Refusal('upstream_dns', `The name ${host} has more than ${maxAddresses} addresses.`);
    // One bad address in the answer spoils it: an honest name doesn't mix them.
    const bad = addresses.find(address => !mayDial(address));
    if (loopback && addresses.length === 0)
      throw new Refusal('destination_prohibited', `${host} is this machine itself.`);
    if (bad !== undefined)
      throw new Refusal(
        'destination_prohibited',
        bad === host
          ? `${host} is a private or special address.`
          : `${host} resolves to a private or special address (${bad}).`,
      );
    const [first, ...rest] = addresses;
    return first === undefined ? null : [first, ...rest];
  };
}

/** A name that the system doesn't know has no addresses; one that it wasn't asked about is refused. */
function unknown(error: unknown): null {
  if (error instanceof Refusal) throw error;
  return null;
}

/** Where the operator sends this authority instead, or undefined. */
function mappedTo({ connectTo }: DestinationRules, { host, port }: Authority) {
  const target = connectTo.get(`${host}:${port}`);
  if (target === undefined) return undefined;
  const colon = target.lastIndexOf(':');
  return { host: target.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(target.slice(colon + 1)) };
}

/** Builds the function that says where to dial for an authority, or throws `Refusal` (`destination_prohibited`, `upstream_dns`). */
export function destinations(
  rules: DestinationRules,
  resolve: Resolve = systemResolver({ deadline: 5_000 }),
): (authority: Authority, gateway?: string) => Promise<Destination> {
  const judge = judging(rules, resolve);
  return async (authority, gateway = '') => {
    const other = mappedTo(rules, authority);
    if (other !== undefined) return { addresses: [other.host], port: other.port };
    const addresses = await judge(authority.host, gateway);
    if (addresses === null) throw new Refusal('upstream_dns', `The name ${authority.host} could not be resolved.`);
    return { addresses, port: authority.port };
  };
}

/**
 * Builds the function that says what a proxy in between is asked to connect to. The proxy resolves the name again, so what
 * is judged here is what this machine finds; a name that it can't find is left to the proxy. Throws as {@link destinations}.
 */
export function destinationsBeyond(
  rules: DestinationRules,
  resolve: Resolve = systemResolver({ deadline: 5_000 }),
): (authority: Authority, gateway?: string) => Promise<{ readonly host: string; readonly port: number }> {
  const judge = judging(rules, resolve);
  return async (authority, gateway = '') => {
    const other = mappedTo(rules, authority);
    if (other !== undefined) return other;
    await judge(authority.host, gateway);
    return { host: authority.host, port: authority.port };
  };
}
