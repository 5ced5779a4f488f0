/**
 * Coding: the one table of content codings that are undone (RFC 9110 §8.4, RFC 9659): whole for requests, where another
 * reading than everybody's is none; as streams for responses, where what is read is what the client gets.
 */
import { Duplex, type Transform } from 'node:stream';
import { crc32, createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib';
import { Zstd } from './zstd.js';

/** Names of the codings that can be undone, as in Accept-Encoding and Content-Encoding; lower case. */
export const undoable: readonly string[] = ['gzip', 'x-gzip', 'deflate', 'br', 'zstd'];

/** How far a coded body is undone. */
export interface DecodingLimits {
  /** Most codings, one over the other. */
  readonly depth: number;
  /** Most bytes that any of them may decode to. */
  readonly bytes: number;
  /** Says that so many more bytes are held; false: they may not be. */
  hold(bytes: number): boolean;
}

/** Whether bytes begin as zlib does (RFC 1950 §2.2): deflate, a window of at most 32 KiB, and the check bits. */
const isZlib = (bytes: Buffer): boolean => (bytes[0]! & 0x8f) === 8 && ((bytes[0]! << 8) | (bytes[1] ?? 0)) % 31 === 0;

/**
 * The content of a request's body without its codings (in the order in which they were applied). Null if a coding isn't
 * known, is broken, is followed by more (another member or frame, garbage), or a limit is reached: decoders differ over all
 * of these, and how the API's own would read them isn't known. Stops at the limit, not after it.
 */
export async function decodeWhole(
  bytes: Buffer,
  codings: readonly string[],
  limits: DecodingLimits,
): Promise<Buffer | null> {
  if (codings.length > limits.depth) return null;
  let content: Buffer | null = bytes;
  for (const coding of codings.toReversed()) content = content && (await undo(content, coding, limits));
  return content;
}

async function undo(bytes: Buffer, coding: string, limits: DecodingLimits): Promise<Buffer | null> {
  if (coding === 'gzip' || coding === 'x-gzip') return undoGzip(bytes, limits);
  if (coding === 'zstd') {
    const stream = new ZstdStream();
    const content = await collect(stream, bytes, limits);
    return stream.zstd.frames === 1 ? content : null;
  }
  // Raw deflate is opaque here: some inflate it under this name, some refuse it, and some streams are both.
  const stream = coding === 'br' ? createBrotliDecompress() : coding === 'deflate' ? createInflate() : null;
  const content = stream && (await collect(stream, bytes, limits));
  return stream?.bytesWritten === bytes.length ? content : null;
}

/** One member of gzip (RFC 1952 §2.3) and nothing behind it. Node's own reader goes on with the next, and doesn't say so. */
async function undoGzip(bytes: Buffer, limits: DecodingLimits): Promise<Buffer | null> {
  const start = gzipHeader(bytes);
  if (start === null) return null;
  const raw = createInflateRaw();
  const content = await collect(raw, bytes.subarray(start), limits);
  const end = start + raw.bytesWritten;
  return content !== null &&
    end + 8 === bytes.length &&
    bytes.readUInt32LE(end) === crc32(content) &&
    bytes.readUInt32LE(end + 4) === content.length
    ? content
    : null;
}

/** Length of the header of a gzip member; null if it is none. */
function gzipHeader(bytes: Buffer): number | null {
  const flags = bytes[3] ?? 0xff;
  if (bytes.length < 18 || bytes.readUIntBE(0, 3) !== 0x1f8b08 || flags > 0x1f) return null;
  let at = 10 + (flags & 4 ? 2 + bytes.readUInt16LE(10) : 0);
  for (const text of [flags & 8, flags & 16]) {
    if (text === 0) continue;
    at = bytes.indexOf(0, at) + 1;
    if (at === 0) return null;
  }
  return at + (flags & 2);
}

/** What the decoder makes of the bytes; null if it fails or makes too much. */
function collect(decoder: Duplex, bytes: Buffer, limits: DecodingLimits): Promise<Buffer | null> {
  return new Promise(resolve => {
    const pieces: Buffer[] = [];
    let length = 0;
    decoder.on('data', (piece: Buffer) => {
      length += piece.length;
      pieces.push(piece);
      if (length <= limits.bytes && limits.hold(piece.length)) return;
      decoder.destroy();
      resolve(null);
    });
    decoder.once('error', () => resolve(null));
    decoder.once('end', () => resolve(Buffer.concat(pieces, length)));
    decoder.end(bytes);
  });
}

/**
 * A stream that undoes one coding, or null if it isn't one of {@link undoable}. Reads further members and frames, and drops
 * what follows them. Takes raw deflate for deflate, which many servers send. Emits `error` for what can't be decoded.
 * Holds a window (at most 16 MiB) and one piece of output: its reader's pace is its writer's.
 */
export function decodeStream(coding: string): Duplex | null {
  switch (coding) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip();
    case 'deflate':
      return new EitherDeflate();
    case 'br':
      return createBrotliDecompress();
    case 'zstd':
      return new ZstdStream();
    default:
      return null;
  }
}

/** Deflate with zlib's wrapping or without: the first two bytes tell. */
class EitherDeflate extends Duplex {
  #first: Buffer = Buffer.alloc(0);
  #inner: Transform | null = null;

  override _write(chunk: Buffer, _: unknown, done: (error?: Error | null) => void): void {
    if (this.#inner !== null) return void this.#inner.write(chunk, done);
    this.#first = Buffer.concat([this.#first, chunk]);
    if (this.#first.length < 2) return done();
    this.#open().write(this.#first, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    const inner = this.#inner ?? this.#open();
    inner.end(this.#inner === null ? this.#first : undefined);
    done();
  }

  override _read(): void {
    this.#inner?.resume();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#inner?.destroy();
    done(error);
  }

  #open(): Transform {
    const inner = isZlib(this.#first) ? createInflate() : createInflateRaw();
    this.#inner = inner;
    inner.on('data', (piece: Buffer) => {
      if (!this.push(piece)) inner.pause();
    });
    inner.once('end', () => this.push(null));
    inner.once('error', error => this.destroy(error));
    return inner;
  }
}

/** So many blocks (of at most 128 KiB) are decoded in one turn of the event loop. */
const blocksPerTurn = 8;

class ZstdStream extends Duplex {
  readonly zstd = new Zstd();
  #goOn: (() => void) | null = null;

  override _write(chunk: Buffer, _: unknown, done: (error?: Error | null) => void): void {
    this.zstd.push(chunk);
    this.#decode(done);
  }

  override _final(done: (error?: Error | null) => void): void {
    if (!this.zstd.between) return done(new Error('The zstd frame is cut short.'));
    this.push(null);
    done();
  }

  override _read(): void {
    const goOn = this.#goOn;
    this.#goOn = null;
    goOn?.();
  }

  #decode(done: (error?: Error | null) => void): void {
    try {
      for (let blocks = 0; blocks < blocksPerTurn; blocks++) {
        const piece = this.zstd.next();
        if (piece === null) return done();
        if (piece.length === 0 || this.push(piece)) continue;
        this.#goOn = () => this.#decode(done);
        return;
      }
      setImmediate(() => this.#decode(done));
    } catch (error) {
      done(error as Error);
    }
  }
}
