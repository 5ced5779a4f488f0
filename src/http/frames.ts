/**
 * Frames: what a WebSocket brings from upstream, with the secret masked (RFC 6455 §5.2). A message may come in fragments,
 * with other frames in between, so it is the message that is searched; the frames stay as they were.
 */
import { Transform } from 'node:stream';
import { Refusal } from '../errors.js';
import { type Needles, scrubber, scrubText } from './scrub.js';

/** Most frames that wait for the end of what may be a secret. */
const maxWaiting = 1_000;

const broken = (what: string): Refusal =>
  new Refusal('upstream_protocol', `The upstream sent ${what}, so it can't be searched for the secret.`);

/** Bytes of a frame's head, as far as they are known. */
function headLength(head: Buffer): number {
  if (head.length < 2) return 2;
  const length = head[1]! & 0x7f;
  return length === 126 ? 4 : length === 127 ? 10 : 2;
}

/** Bytes of the payload behind a whole head. */
function payloadLength(head: Buffer): number {
  if (head.length === 2) return head[1]! & 0x7f;
  return head.length === 4 ? head.readUInt16BE(2) : Number(head.readBigUInt64BE(2));
}

/**
 * A stream that masks the needles in the messages that pass, and reports how often. It keeps back what may be the start
 * of one until the message goes on or ends. Frames that are masked, compressed or not whole control frames are an error
 * (`Refusal`): nobody agreed on them.
 */
export function maskFrames(needles: Needles, onFound: (count: number) => void): Transform {
  const scrub = scrubber(needles);
  let reported = 0;
  let head: Buffer = Buffer.alloc(0);
  let left = 0;
  let control: Buffer[] = [];
  /** In order: bytes that are ready, and how many of the message's bytes stand between them. */
  const waiting: (Buffer | number)[] = [];

  return new Transform({
    transform(chunk: Buffer, _, done) {
      /** Hands out what is ready, and these bytes of the message at their places. */
      const deliver = (clean: Buffer): void => {
        for (let at = 0; waiting.length > 0; waiting.shift()) {
          const next = waiting[0]!;
          const part = typeof next === 'number' ? clean.subarray(at, at + next) : next;
          if (part.length > 0) this.push(part);
          if (typeof next !== 'number') continue;
          at += part.length;
          if (part.length === next) continue;
          waiting[0] = next - part.length;
          return;
        }
      };
      const begin = (): void => {
        left = payloadLength(head);
        if (waiting.length > maxWaiting) throw broken('a message in too many pieces');
        if ((head[0]! & 0x70) !== 0) throw broken('a frame of an extension that nobody offered');
        if ((head[1]! & 0x80) !== 0) throw broken('a masked frame');
        if ((head[0]! & 0x08) !== 0) {
          if (left > 125 || (head[0]! & 0x80) === 0) throw broken('a control frame in pieces');
          return;
        }
        waiting.push(head, left);
      };
      const take = (bytes: Buffer): void => {
        left -= bytes.length;
        if ((head[0]! & 0x08) !== 0) control.push(bytes);
        else deliver(scrub.push(bytes));
      };
      const end = (): void => {
        if ((head[0]! & 0x08) !== 0) {
          const { text, found } = scrubText(Buffer.concat(control).toString('latin1'), needles);
          onFound(found);
          control = [];
          waiting.push(head, Buffer.from(text, 'latin1'));
          deliver(Buffer.alloc(0));
        } else if ((head[0]! & 0x80) !== 0) deliver(scrub.end());
        head = Buffer.alloc(0);
      };
      try {
        for (let at = 0; at < chunk.length; ) {
          if (head.length < headLength(head)) {
            const wanted = headLength(head) - head.length;
            head = Buffer.concat([head, chunk.subarray(at, at + wanted)]);
            at += wanted;
            if (head.length < headLength(head)) continue;
            begin();
          } else {
            const part = chunk.subarray(at, at + left);
            at += part.length;
            take(part);
          }
          if (left === 0) end();
        }
      } catch (error) {
        return done(error as Error);
      }
      onFound(scrub.found - reported);
      reported = scrub.found;
      done();
    },
  });
}
