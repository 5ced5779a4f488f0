/**
 * Zstandard (RFC 8878) as RFC 9659 has it for HTTP: windows of at most 8 MiB, no dictionaries. Frames and blocks are
 * here, what is in a block in `zstd-block.ts`. Everything read here is attacker-controlled: memory is bounded by the window,
 * work by what comes in and goes out.
 */
import { type Carried, maxBlock, nothingCarried, readBlock } from './zstd-block.js';
import { corrupt } from './zstd-entropy.js';

/** Largest window, in bytes (RFC 9659 §3). */
const maxWindow = 8 << 20;

interface Frame {
  readonly window: number;
  /** Bytes of content, if the frame says so. */
  readonly size: number | null;
  readonly checksum: boolean;
  readonly carried: Carried;
  produced: number;
}

type State = 'magic' | 'skip size' | 'skip' | 'descriptor' | 'header' | 'block' | 'content' | 'checksum';

/** A decoder: bytes are pushed in as they come, blocks are taken out. Throws `ZstdError`. */
export class Zstd {
  /** Frames that were begun, those that are to be skipped among them. */
  frames = 0;
  #chunks: Buffer[] = [];
  #length = 0;
  #state: State = 'magic';
  /** Bytes that the state needs. */
  #need = 4;
  #header = 0;
  #frame: Frame | null = null;
  /** What the frame produced last, the window and more; `#end` is where it ends. */
  #out: Buffer = Buffer.alloc(0);
  #end = 0;

  /** Whether no frame is open: the data may end here. */
  get between(): boolean {
    return this.#state === 'magic' && this.#length === 0;
  }

  /** Adds data. */
  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /** The next piece of content (at most 128 KiB, perhaps empty), or null when more data is needed. */
  next(): Buffer | null {
    for (;;) {
      if (this.#state === 'skip') this.#skip();
      if (this.#length < this.#need) return null;
      const piece = this.#step(this.#take(this.#need));
      if (piece !== null) return piece;
    }
  }

  #expect(state: State, need: number): null {
    this.#state = state;
    this.#need = need;
    return null;
  }

  /** Drops what is there of a frame that is to be skipped, which may be longer than memory. */
  #skip(): void {
    const count = Math.min(this.#need, this.#length);
    if (count > 0) this.#take(count);
    if (count === this.#need) this.#expect('magic', 4);
    else this.#need -= count;
  }

  #take(count: number): Buffer {
    let first = this.#chunks[0] ?? Buffer.alloc(0);
    if (first.length < count) {
      first = Buffer.concat(this.#chunks, this.#length);
      this.#chunks = [first];
    }
    this.#length -= count;
    if (first.length === count) this.#chunks.shift();
    else this.#chunks[0] = first.subarray(count);
    return first.subarray(0, count);
  }

  #step(bytes: Buffer): Buffer | null {
    switch (this.#state) {
      case 'magic': {
        this.frames += 1;
        const magic = bytes.readUInt32LE();
        if (magic >>> 4 === 0x184d2a5) return this.#expect('skip size', 4);
        return magic === 0xfd2fb528 ? this.#expect('descriptor', 1) : corrupt('it does not begin as a frame');
      }
      case 'skip size':
        return this.#expect('skip', bytes.readUInt32LE());
      case 'descriptor': {
        this.#header = bytes[0]!;
        if (this.#header & 8) corrupt('a reserved bit is set');
        const single = this.#header & 32;
        const sizeBytes = [single ? 1 : 0, 2, 4, 8][this.#header >> 6]!;
        return this.#expect('header', (single ? 0 : 1) + [0, 1, 2, 4][this.#header & 3]! + sizeBytes);
      }
      case 'header':
        this.#open(bytes);
        return this.#expect('block', 3);
      case 'block': {
        this.#header = bytes.readUIntLE(0, 3);
        const size = this.#header >> 3;
        if (size > Math.min(maxBlock, this.#frame!.window)) corrupt('a block is too long');
        return this.#expect('content', ((this.#header >> 1) & 3) === 1 ? 1 : size);
      }
      case 'content':
        return this.#block(bytes);
      default:
        // Who checks it refuses what we would read: the content is the same for all who don't.
        return this.#expect('magic', 4);
    }
  }

  /** Reads a frame's header (§3.1.1.1). */
  #open(bytes: Buffer): void {
    const single = (this.#header & 32) !== 0;
    const dictionary = [0, 1, 2, 4][this.#header & 3]!;
    const at = single ? 0 : 1;
    if (bytes.subarray(at, at + dictionary).some(byte => byte !== 0)) corrupt('it needs a dictionary');
    const rest = bytes.subarray(at + dictionary);
    const size =
      rest.length === 0
        ? null
        : rest.length === 8
          ? Number(rest.readBigUInt64LE())
          : rest.readUIntLE(0, rest.length) + (rest.length === 2 ? 256 : 0);
    const base = single ? 0 : 2 ** (10 + (bytes[0]! >> 3));
    const window = single ? size! : base + (base / 8) * (bytes[0]! & 7);
    if (window > maxWindow) corrupt('its window is larger than 8 MiB');
    this.#end = 0;
    this.#frame = {
      window,
      size,
      checksum: (this.#header & 4) !== 0,
      carried: nothingCarried(),
      produced: 0,
    };
  }

  #block(bytes: Buffer): Buffer {
    const frame = this.#frame!;
    const most = Math.min(maxBlock, frame.window);
    this.#makeRoom(most, frame.window);
    const start = this.#end;
    const type = (this.#header >> 1) & 3;
    if (type === 0) {
      bytes.copy(this.#out, start);
      this.#end += bytes.length;
    } else if (type === 1) {
      this.#end += this.#header >> 3;
      this.#out.fill(bytes[0]!, start, this.#end);
    } else if (type === 2) {
      const { window, produced: reach } = frame;
      this.#end = readBlock(bytes, frame.carried, { out: this.#out, start, limit: start + most, reach, window });
    } else corrupt('a block has a reserved type');
    frame.produced += this.#end - start;
    if (frame.size !== null && frame.produced > frame.size) corrupt('a frame is longer than it says');
    if ((this.#header & 1) === 0) this.#expect('block', 3);
    else {
      if (frame.size !== null && frame.produced !== frame.size) corrupt('a frame is shorter than it says');
      this.#expect(frame.checksum ? 'checksum' : 'magic', 4);
    }
    return Buffer.from(this.#out.subarray(start, this.#end));
  }

  /** Room for another block behind what is there; what the window has left behind goes. */
  #makeRoom(block: number, window: number): void {
    if (this.#out.length - this.#end >= block) return;
    const keep = Math.min(this.#end, window);
    // Grows with what is decoded, not with the window that is announced.
    const wanted = Math.min(window + Math.max(window >> 2, 2 * maxBlock), 2 * keep) + block;
    const grown = wanted > this.#out.length ? Buffer.allocUnsafeSlow(wanted) : this.#out;
    this.#out.copy(grown, 0, this.#end - keep, this.#end);
    this.#out = grown;
    this.#end = keep;
  }
}
