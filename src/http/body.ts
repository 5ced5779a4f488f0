/**
 * Bodies: how much of one is read before the decision, and what is known of it then. Small bodies are read and hashed
 * whole; of longer ones a prefix is read and put back, and the rest streams through after an allow.
 */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { brotliDecompress, gunzip, type InputType, inflate, type ZlibOptions } from 'node:zlib';
import { Refusal } from '../errors.js';
import type { BodyFacts } from '../model.js';
import type { Head } from './decode.js';

/**
 * Bytes of a body that are read for judgement; longer bodies are `truncated`. Documents have more, since prompts with
 * pictures are megabytes long and say something only as a whole; of anything else, and of what is cut off, the beginning
 * says what there is to know (the refs of a push).
 */
export const judgedBytes = { document: 8 << 20, other: 1 << 20 } as const;

const document = /^(text\/|multipart\/|application\/(x-www-form-urlencoded|x-ndjson|graphql|([\w.-]+\+)?json)$)/;
/** Most bytes that a coded body may decode to for judgement. */
const decodedBytes = 16 << 20;
/** Memory for bodies under judgement, of all requests together, in bytes. */
const budget = 256 << 20;
/** How long a body may make no progress before the decision, in milliseconds. */
const stall = 30_000;

let inUse = 0;

/** A body before it is forwarded. */
export interface ReadBody {
  readonly facts: BodyFacts;
  /** Decoded bytes for judgement: all, or the judged prefix of a body that is `truncated`; null if they can't be read. */
  readonly content: Buffer | null;
  /** The bytes to send: all of them, or null when `stream` has them. */
  readonly bytes: Buffer | null;
  /** The whole body including what was read already, when it is too long to be held. */
  readonly stream: Readable | null;
  /** Gives the memory back. Call once. */
  release(): void;
}

const none: ReadBody = {
  facts: { state: 'none', bytes: 0 },
  content: null,
  bytes: null,
  stream: null,
  release: () => {},
};

type Decoder = (input: InputType, options: ZlibOptions, done: (error: Error | null, result: Buffer) => void) => void;
const decoders: Readonly<Record<string, Decoder>> = {
  gzip: gunzip,
  'x-gzip': gunzip,
  deflate: inflate,
  br: brotliDecompress as Decoder,
};

/** The content without its codings; null if there is a coding we don't read, or it is broken, or grows too large. */
async function uncode(bytes: Buffer, codings: readonly string[]): Promise<Buffer | null> {
  if (codings.length > 2) return null;
  let content = bytes;
  for (const coding of [...codings].reverse()) {
    const decode = decoders[coding];
    if (decode === undefined) return null;
    const result = await new Promise<Buffer | null>(resolve =>
      decode(content, { maxOutputLength: decodedBytes }, (error, out) => resolve(error ? null : out)),
    );
    if (result === null) return null;
    content = result;
  }
  return content;
}

/** Reads until the end or the limit. The rest stays in the stream, paused. */
function prefix(
  source: Readable,
  limit: number,
  hold: (bytes: number) => boolean,
): Promise<{ chunks: Buffer[]; length: number; ended: boolean }> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const timer = setTimeout(stalled, stall);
    const done = (ended: boolean): void => {
      clearTimeout(timer);
      source.off('data', take).off('end', end).off('error', fail).off('close', fail);
      if (!ended) source.pause();
      resolve({ chunks, length, ended });
    };
    function take(chunk: Buffer): void {
      chunks.push(chunk);
      length += chunk.length;
      timer.refresh();
      if (!hold(chunk.length)) {
        source.off('data', take);
        return reject(new Refusal('overloaded', 'Too many bodies are being judged at once.'));
      }
      if (length > limit) done(false);
    }
    const end = (): void => done(true);
    function fail(): void {
      clearTimeout(timer);
      reject(new Refusal('malformed_request', 'The body ended before it was complete.'));
    }
    function stalled(): void {
      source.off('data', take);
      reject(new Refusal('malformed_request', 'The body made no progress for too long.'));
    }
    timer.unref();
    source.on('data', take).once('end', end).once('error', fail).once('close', fail);
  });
}

/**
 * Reads what may be judged of the body behind `head`. Throws `Refusal`: `malformed_request` when it is cut short or
 * stalls, `overloaded` when too many bodies are under judgement at once.
 */
export async function readBody(head: Head, source: Readable): Promise<ReadBody> {
  if (!head.bodied) {
    source.resume();
    return none;
  }
  let held = 0;
  const release = (): void => {
    inUse -= held;
    held = 0;
  };
  const hold = (bytes: number): boolean => {
    held += bytes;
    inUse += bytes;
    return inUse <= budget;
  };
  try {
    const limit = document.test(head.mediaType ?? '') ? judgedBytes.document : judgedBytes.other;
    const { chunks, length, ended } = await prefix(source, limit, hold);
    const media = head.mediaType === null ? {} : { media_type: head.mediaType };
    if (!ended) {
      const content = head.codings.length === 0 ? Buffer.concat(chunks, Math.min(length, judgedBytes.other)) : null;
      for (const chunk of chunks.reverse()) source.unshift(chunk);
      return { facts: { state: 'truncated', bytes: length, ...media }, content, bytes: null, stream: source, release };
    }
    const bytes = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
    const content = head.codings.length === 0 ? bytes : await uncode(bytes, head.codings);
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
}
