/**
 * Client hello: the server name in the first message of a TLS client (RFC 8446 §4.1.2, RFC 6066 §3), read without
 * answering it. Everything here is attacker-controlled; what isn't exactly one whole message is refused.
 */
import { Refusal } from '../errors.js';
import { canonicalHost } from './target.js';

/** The longest message that is read, with the records around it, in bytes; those of today have less than 2 KiB. */
export const maxHello = 16 * 1024;

const refuse = (detail: string): never => {
  throw new Refusal('malformed_request', detail);
};

/** Reads vectors of TLS from the front of bytes. */
class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** The next bytes, which must be there. */
  take(length: number): Buffer {
    if (length > this.left) refuse('The TLS handshake is cut short within.');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  number(bytes: number): number {
    return this.take(bytes).readUIntBE(0, bytes);
  }

  /** A vector whose length stands in front of it. */
  vector(lengthBytes: number): Reader {
    return new Reader(this.take(this.number(lengthBytes)));
  }

  rest(): Buffer {
    return this.take(this.left);
  }
}

/** The handshake message from the records at the front, without its head; null if more bytes are needed. */
function message(bytes: Buffer): Buffer | null {
  const fragments: Buffer[] = [];
  for (let at = 0, have = 0; ; ) {
    // Seen as early as possible: whoever speaks something else may wait for an answer.
    if (at < bytes.length && bytes[at] !== 22) refuse('What the tunnel carries is not TLS.');
    if (at + 1 < bytes.length && bytes[at + 1] !== 3) refuse('What the tunnel carries is not TLS.');
    if (at + 5 > bytes.length) return null;
    const length = bytes.readUInt16BE(at + 3);
    if (length === 0 || at + 5 + length > maxHello) refuse('The TLS handshake is empty or too long.');
    const fragment = bytes.subarray(at + 5, at + 5 + length);
    if (fragments.length === 0 && fragment.length > 0 && fragment[0] !== 1)
      refuse('The TLS handshake does not begin with a ClientHello.');
    if (fragment.length < length) return null;
    fragments.push(fragment);
    have += length;
    at += 5 + length;
    if (have < 4) continue;
    const whole = Buffer.concat(fragments);
    const wanted = whole.readUIntBE(1, 3) + 4;
    if (wanted > maxHello || have > wanted) refuse('The TLS handshake has a length that can not be right.');
    if (have === wanted) return whole.subarray(4);
  }
}

/**
 * The server name that these bytes ask for, as a canonical host, or null for a client that names none; undefined while the
 * message isn't whole. Throws `Refusal` (`malformed_request`) as soon as they can't become a ClientHello that is read in
 * one way.
 */
export function serverName(bytes: Buffer): string | null | undefined {
  const body = message(bytes);
  if (body === null) return undefined;
  const hello = new Reader(body);
  if (hello.number(1) !== 3) refuse('The TLS handshake has an unknown version.');
  hello.take(1 + 32);
  if (hello.vector(1).left > 32) refuse('The TLS handshake has a session id that is too long.');
  hello.vector(2);
  hello.vector(1);
  if (hello.left === 0) return null;
  const extensions = hello.vector(2);
  if (hello.left > 0) refuse('The TLS handshake has bytes behind its end.');
  const seen = new Set<number>();
  let name: string | null = null;
  while (extensions.left > 0) {
    const type = extensions.number(2);
    const extension = extensions.vector(2);
    if (seen.has(type)) refuse('The TLS handshake has an extension twice.');
    seen.add(type);
    if (type !== 0) continue;
    const names = extension.vector(2);
    if (names.number(1) !== 0) refuse('The TLS handshake names a server by something else than a host name.');
    name = canonicalHost(names.vector(2).rest().toString('latin1'));
    if (names.left + extension.left > 0) refuse('The TLS handshake names more than one server.');
  }
  return name;
}
