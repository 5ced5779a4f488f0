/**
 * Bodies in signed chunks (aws-chunked): each chunk's signature covers the one before, so all are made anew while the body
 * goes by. Nothing else changes, not even the length: what was judged is what is sent. One chunk at a time is held.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html, sigv4-streaming-trailers.html
 */
import { hash } from 'node:crypto';
import { Refusal } from '../errors.js';
import { emptyHash, printScope, type Scope, signature } from './sigv4.js';

/** A chunk has at most so many bytes. SDKs make them of 64 KiB to 128 KiB. */
export const mostChunk = 1 << 20;
/** The line in front of a chunk, and all trailers together. */
const mostHead = 128;
const mostTrailers = 8192;

/** What the first chunk's signature follows from. */
export interface Seed {
  /** Zeroed by {@link Chunks.close}. */
  readonly key: Buffer;
  readonly time: string;
  readonly scope: Scope;
  /** Signature of the request. */
  readonly signature: string;
}

const refuse = (what: string): never => {
  throw new Refusal('malformed_request', `The body is not in signed chunks as its fields say: ${what}.`);
};

/** A body whose chunks are signed anew. */
export class Chunks {
  readonly #seed: Seed;
  readonly #trailers: boolean;
  #last: string;
  /** What is held: of a line, a chunk, or the trailers. One buffer: a body that comes byte by byte costs no more than its bytes. */
  #held = Buffer.alloc(mostHead);
  #length = 0;
  /** The chunk whose data is coming, or null; its size as it was written. */
  #chunk: { readonly size: number; readonly written: string } | null = null;
  #ended = false;

  /** `trailers`: checksums stand behind the last chunk, with a signature of their own. */
  constructor(seed: Seed, trailers: boolean) {
    this.#seed = seed;
    this.#last = seed.signature;
    this.#trailers = trailers;
  }

  /** Takes the next bytes; what of the body is ready to be sent. Throws `Refusal`. */
  push(bytes: Buffer): Buffer[] {
    const ready: Buffer[] = [];
    for (let rest = bytes; rest.length > 0; ) {
      const taken = this.#ended ? rest.length : this.#chunk === null ? this.#line(rest) : this.#data(rest);
      if (this.#ended && this.#length + taken > (this.#trailers ? mostTrailers : 2))
        refuse('there is more behind its last chunk than belongs there');
      this.#length += rest.copy(this.#held, this.#length, 0, taken);
      rest = rest.subarray(taken);
      if (!this.#ended) ready.push(...this.#complete());
    }
    return ready;
  }

  /** No more comes; what is left to be sent. Throws `Refusal`. */
  end(): Buffer[] {
    if (!this.#ended) refuse('it ends before its last chunk');
    const text = this.#taken().toString('latin1');
    if (!this.#trailers) return text === '\r\n' ? [Buffer.from(text)] : refuse('its last chunk has data');
    const own = /(?<=^|\n)x-amz-trailer-signature:([0-9a-f]{64})(?=[\r\n]|$)/i.exec(text);
    if (own === null) return refuse('its trailers are not signed');
    const covered = text
      .split(/[\r\n]+/)
      .filter(line => line !== '' && !/^x-amz-trailer-signature:/i.test(line))
      .map(line => {
        const at = line.indexOf(':');
        return `${line.slice(0, at).trim().toLowerCase()}:${line.slice(at + 1).trim()}\n`;
      });
    const digest = hash('sha256', covered.sort().join(''), 'hex');
    const made = this.#sign('AWS4-HMAC-SHA256-TRAILER', digest);
    const from = own.index + own[0].length - made.length;
    return [Buffer.from(text.slice(0, from) + made + text.slice(from + made.length), 'latin1')];
  }

  /** Forgets the key. */
  close(): void {
    this.#seed.key.fill(0);
  }

  /** How many of these bytes belong to the line. */
  #line(bytes: Buffer): number {
    const at = bytes.indexOf(0x0a);
    const taken = at < 0 ? bytes.length : at + 1;
    return this.#length + taken > mostHead ? refuse('the line in front of a chunk is too long') : taken;
  }

  /** How many of these bytes belong to the chunk, with the line break behind it. */
  #data(bytes: Buffer): number {
    return Math.min(bytes.length, this.#chunk!.size + 2 - this.#length);
  }

  /** What a complete line or chunk gives to send. */
  #complete(): Buffer[] {
    const chunk = this.#chunk;
    if (chunk === null) {
      if (this.#held[this.#length - 1] !== 0x0a) return [];
      const line = this.#taken().toString('latin1');
      const [, written, size] = /^((0*[0-9a-f]{1,8});chunk-signature=)[0-9a-f]{64}\r\n$/i.exec(line) ?? [];
      if (written === undefined) return refuse('a line in front of a chunk is not a size and a signature');
      this.#chunk = { size: Number.parseInt(size!, 16), written };
      if (this.#chunk.size > mostChunk) refuse(`a chunk is longer than ${mostChunk} bytes`);
      if (this.#chunk.size > 0) {
        this.#held = Buffer.alloc(this.#chunk.size + 2);
        return [];
      }
      this.#ended = true;
      this.#held = Buffer.alloc(this.#trailers ? mostTrailers : 2);
      return [this.#head(written, emptyHash)];
    }
    if (this.#length < chunk.size + 2) return [];
    const data = this.#taken();
    this.#held = Buffer.alloc(mostHead);
    if (data[chunk.size] !== 0x0d || data[chunk.size + 1] !== 0x0a) refuse('a chunk is longer than it says');
    this.#chunk = null;
    return [this.#head(chunk.written, hash('sha256', data.subarray(0, chunk.size), 'hex')), data];
  }

  #head(written: string, digest: string): Buffer {
    return Buffer.from(`${written}${this.#sign('AWS4-HMAC-SHA256-PAYLOAD', `${emptyHash}\n${digest}`)}\r\n`);
  }

  #sign(kind: string, digests: string): string {
    const { key, time, scope } = this.#seed;
    this.#last = signature(key, [kind, time, printScope(scope), this.#last, digests].join('\n'));
    return this.#last;
  }

  #taken(): Buffer {
    const all = this.#held.subarray(0, this.#length);
    this.#length = 0;
    return all;
  }
}
