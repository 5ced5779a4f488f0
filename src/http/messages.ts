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
export function messageScrubber(needles: Needles): Scrubber {
  const scrub = scrubber(needles);
  const prefix = Buffer.alloc(prefixLength);
  let known = 0;
  let left = 0;
  return {
    get found() {
      return scrub.found;
    },
    push(chunk) {
      const out: Buffer[] = [];
      for (let at = 0; at < chunk.length; ) {
        const inPrefix = known < prefixLength;
        const part = chunk.subarray(at, at + (inPrefix ? prefixLength - known : left));
        at += part.length;
        out.push(scrub.push(part));
        if (inPrefix) {
          known += part.copy(prefix, known);
          if (known < prefixLength) break;
          left = prefix.readUInt32BE(1);
        } else left -= part.length;
        if (left > 0) continue;
        out.push(scrub.settle());
        known = 0;
      }
      return Buffer.concat(out);
    },
    settle: () => scrub.settle(),
    end: () => scrub.end(),
  };
}
