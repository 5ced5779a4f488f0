/**
 * Messages: what a gRPC answer brings (grpc/grpc, doc/PROTOCOL-HTTP2.md). The end of a message is not kept back because it
 * looks a little like the beginning of a secret: whoever it is for may have to answer before the next one comes.
 */
import { type Needles, type Scrubber, scrubber } from './scrub.js';

/** A flag, and the length in four bytes. */
const prefixLength = 5;

/** Whether a body is made of such messages. */
export const hasMessages = (mediaType: string): boolean => /^application\/grpc(-web)?(\+[a-z]+)?$/.test(mediaType);

/** A scrubber for a body of messages. */
export const messageScrubber = (needles: Needles): Scrubber => new MessageMasking(scrubber(needles));

class MessageMasking implements Scrubber {
  readonly #scrub: Scrubber;
  readonly #prefix = Buffer.alloc(prefixLength);
  #known = 0;
  #left = 0;

  constructor(scrub: Scrubber) {
    this.#scrub = scrub;
  }

  get found(): number {
    return this.#scrub.found;
  }

  push(chunk: Buffer): Buffer {
    const out: Buffer[] = [];
    for (let at = 0; at < chunk.length; ) {
      const inPrefix = this.#known < prefixLength;
      const part = chunk.subarray(at, at + (inPrefix ? prefixLength - this.#known : this.#left));
      at += part.length;
      out.push(this.#scrub.push(part));
      if (inPrefix) {
        this.#known += part.copy(this.#prefix, this.#known);
        if (this.#known < prefixLength) break;
        this.#left = this.#prefix.readUInt32BE(1);
      } else this.#left -= part.length;
      if (this.#left > 0) continue;
      out.push(this.#scrub.settle());
      this.#known = 0;
    }
    return Buffer.concat(out);
  }

  settle(): Buffer {
    return this.#scrub.settle();
  }

  end(): Buffer {
    return this.#scrub.end();
  }
}
