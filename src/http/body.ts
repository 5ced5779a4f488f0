/**
 * Bodies: how much of one is read before the decision, and what is known of it then. Small bodies are read and hashed
 * whole; of longer ones a prefix is read and put back, and the rest streams through after an allow.
 */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { Refusal } from '../errors.js';
import type { BodyFacts } from '../model.js';
import { decodeWhole } from './coding.js';
import type { Head } from './decode.js';
import { openMemory, type Share } from './memory.js';

/** How much of bodies is judged, and what that may cost. Sizes in bytes, times in milliseconds. */
export interface BodyLimits {
  /**
   * Of a document this much is read for judgement; longer ones are `truncated`. Prompts with pictures are megabytes long
   * and say something only as a whole.
   */
  readonly document: number;
  /** Of anything else, and of what is cut off: the beginning says what there is to know (the refs of a push). */
  readonly other: number;
  /** A coded body may decode to this much. */
  readonly decoded: number;
  /** A coded body that decodes to more than 1 MiB may grow to so many times its size. */
  readonly ratio: number;
  /** So many codings, one over the other, are undone. */
  readonly codings: number;
  /** Memory for all bodies at once, coded and decoded. */
  readonly total: number;
  /** Memory for the bodies of one gateway. */
  readonly perGateway: number;
  /** How long a body may make no progress before the decision, and how long any pace will do. */
  readonly stall: number;
  /** Bytes a second that a body must keep up, on average, when it takes longer than `stall`; 0: any pace will do. */
  readonly rate: number;
}

/** The limits unless the operator sets others. */
export const bodyLimits: BodyLimits = {
  document: 8 << 20,
  other: 1 << 20,
  decoded: 16 << 20,
  ratio: 100,
  codings: 2,
  total: 256 << 20,
  perGateway: 64 << 20,
  stall: 30_000,
  rate: 240,
};

const document =
  /^(text\/|multipart\/|application\/(x-www-form-urlencoded|x-ndjson|ndjson|jsonl|x-jsonlines|json-seq|graphql|x-amz-json-1\.[01]|([\w.-]+\+)?json)$)/;
/** Up to this many bytes any ratio will do. */
const modest = 1 << 20;

/** A body before it is forwarded. */
export interface ReadBody {
  readonly facts: BodyFacts;
  /** Decoded bytes for judgement: all, or the judged prefix of a body that is `truncated`; null if they can't be read. */
  readonly content: Buffer | null;
  /** The bytes to send: all of them, or null when `stream` has them. */
  readonly bytes: Buffer | null;
  /** The whole body including what was read already, when it is too long to be held. */
  readonly stream: Readable | null;
  /** Gives the memory back. */
  release(): void;
}

/**
 * Reads what may be judged of the body behind `head`, for this gateway. Throws `Refusal`: `malformed_request` when it is
 * cut short or too slow, `overloaded` when the bodies under judgement need too much memory.
 */
export type ReadBodies = (head: Head, source: Readable, gateway: string) => Promise<ReadBody>;

const none: ReadBody = {
  facts: { state: 'none', bytes: 0 },
  content: null,
  bytes: null,
  stream: null,
  release: () => {},
};

const overloaded = (): Refusal =>
  new Refusal('overloaded', 'Too many bodies are being judged at once, of this gateway or of all together.');

/** Pieces of a body are made one when there are so many: each costs a hundred bytes and more, and may hold a single one. */
const loosePieces = 256;

/** Bodies whose framing broke. */
const broken = new WeakSet<Readable>();

/** The framing of a body has broken: whoever reads it sees that, also who comes only later. */
export function breakOff(source: Readable, error: Error): void {
  broken.add(source);
  source.emit('error', error);
}

/** Reads until the end or the limit. The rest stays in the stream, paused. */
function prefix(
  source: Readable,
  most: number,
  share: Share,
  { stall, rate }: BodyLimits,
): Promise<{ chunks: Buffer[]; length: number; ended: boolean }> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let loose: Buffer[] = [];
    let length = 0;
    const began = performance.now();
    let last = began;
    let timer: NodeJS.Timeout | null = null;
    // Small bodies are there before their time would begin, and a timer costs more than they do.
    const soon = setImmediate(() => {
      timer = setTimeout(look, stall).unref();
    });
    const stop = (): void => {
      clearImmediate(soon);
      if (timer !== null) clearTimeout(timer);
      source.off('data', take).off('end', end).off('error', fail).off('close', fail);
    };
    const refuse = (refusal: Refusal): void => {
      stop();
      // Whatever still comes of it, an error too, is nobody's.
      source.on('error', () => {});
      reject(refusal);
    };
    const end = (): void => {
      stop();
      resolve({ chunks: [...chunks, ...loose], length, ended: true });
    };
    const fail = (): void => refuse(new Refusal('malformed_request', 'The body ended before it was complete.'));
    // Of what was over before this began there is no event any more.
    if (broken.has(source) || source.destroyed) return fail();
    function take(chunk: Buffer): void {
      loose.push(chunk);
      if (loose.length === loosePieces) {
        chunks.push(Buffer.concat(loose));
        loose = [];
      }
      length += chunk.length;
      last = performance.now();
      if (!share.hold(chunk.length)) refuse(overloaded());
      else if (length > most) {
        stop();
        source.pause();
        resolve({ chunks: [...chunks, ...loose], length, ended: false });
      }
    }
    function look(): void {
      const paid = rate === 0 ? last : Math.min(last, began + (length / rate) * 1000);
      const due = stall + paid - performance.now();
      if (due > 0) timer = setTimeout(look, due).unref();
      else refuse(new Refusal('malformed_request', 'The body came too slowly, or not at all. Send it again, faster.'));
    }
    source.on('data', take).once('end', end).once('error', fail).once('close', fail);
  });
}

/** Opens what reads all bodies of this proxy: they share one memory. */
export function openBodies(limits: BodyLimits = bodyLimits): ReadBodies {
  const memory = openMemory(limits.total, limits.perGateway);

  const uncode = async (bytes: Buffer, head: Head, share: Share): Promise<Buffer | null> => {
    if (head.codings.length === 0) return bytes;
    let full = false;
    const content = await decodeWhole(bytes, head.codings, {
      depth: limits.codings,
      bytes: Math.min(limits.decoded, Math.max(modest, limits.ratio * bytes.length)),
      hold: count => {
        full = !share.hold(count);
        return !full;
      },
    });
    if (full) throw overloaded();
    return content;
  };

  return async (head, source, gateway) => {
    if (!head.bodied) {
      source.resume();
      return none;
    }
    if (head.streams) {
      const facts = {
        state: 'opaque',
        bytes: 0,
        ...(head.mediaType !== null && { media_type: head.mediaType }),
      } as const;
      return { ...none, facts, stream: source };
    }
    const share = memory.share(gateway);
    const { release } = share;
    try {
      const most = document.test(head.mediaType ?? '') ? limits.document : limits.other;
      const { chunks, length, ended } = await prefix(source, most, share, limits);
      const media = head.mediaType === null ? {} : { media_type: head.mediaType };
      if (!ended) {
        const content = head.codings.length === 0 ? Buffer.concat(chunks, Math.min(length, limits.other)) : null;
        for (const chunk of chunks.reverse()) source.unshift(chunk);
        // What is sent on needs no memory any more: a long upload holds what its stream holds.
        share.shrinks(() => (content?.length ?? 0) + source.readableLength);
        return {
          facts: { state: 'truncated', bytes: length, ...media },
          content,
          bytes: null,
          stream: source,
          release,
        };
      }
      const bytes = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
      const content = await uncode(bytes, head, share);
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      return {
        facts: { state: content === null ? 'opaque' : 'complete', bytes: length, sha256, ...media },
        content,
        bytes,
        stream: null,
        release,
      };
    } catch (error) {
      release();
      throw error;
    }
  };
}
