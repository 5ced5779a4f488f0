/** Content: an answer's body without its codings, so that it can be searched; and which bodies can't be. */
import type { Duplex } from 'node:stream';
import type { ResponseFacts } from '../model.js';
import { decodeStream, undoable } from './coding.js';

/** Most codings of one answer, one over the other. */
const deepest = 2;
/** So many bytes may come before they decode to anything. */
const silence = 64 << 10;

/** Whether a body can be searched, as far as its head tells. In parts of a whole a secret may be cut in two. */
export const scannable = (status: number, mediaType: string, codings: readonly string[]): boolean =>
  mediaType !== 'multipart/byteranges' &&
  (codings.length === 0 ||
    (status !== 206 && codings.length <= deepest && codings.every(coding => undoable.includes(coding))));

/** What the policy is told of a body that can't be searched. The texts are the upstream's own: masked before, and cut here. */
export const factsOf = (status: number, mediaType: string, coding: string): ResponseFacts => ({
  scannable: false,
  status,
  media_type: mediaType.slice(0, 128),
  coding: coding.slice(0, 128),
});

/** Where content goes. */
export interface Reader {
  /** False: stop, until {@link Content.resume}. */
  data(piece: Buffer): boolean;
  /** All of it was read, and no more will be written. */
  end(): void;
  /** There is room for more after a write that said no. */
  drain(): void;
  /** It is not coded as it says. `raw` is all that was written, if nothing was read of it yet; else null. */
  broken(raw: readonly Buffer[] | null): void;
}

/** A body that is decoded as it comes. Its reader's pace is its writer's: it holds a window and a piece or two. */
export class Content {
  readonly #steps: readonly Duplex[];
  readonly #reader: Reader;
  #raw: Buffer[] | null = [];
  #waiting = 0;
  #closed = false;
  #over = false;

  /** Codings in the order in which they were applied; each is one of `undoable`. */
  constructor(codings: readonly string[], reader: Reader) {
    this.#reader = reader;
    this.#steps = codings.toReversed().map(coding => decodeStream(coding)!);
    this.#steps.forEach((step, i) => {
      step.on('error', () => this.#fail());
      const next = this.#steps[i + 1];
      if (next !== undefined) step.pipe(next);
    });
    this.#steps[0]!.on('drain', () => reader.drain());
    this.#last.on('data', (piece: Buffer) => {
      this.#raw = null;
      if (!reader.data(piece)) this.#last.pause();
    });
    // Some codings know their own end; what comes after it belongs to nothing.
    this.#last.once('end', () => {
      this.#over = true;
      if (this.#closed) reader.end();
      else reader.drain();
    });
  }

  /** False: wait for `drain`. */
  write(chunk: Buffer): boolean {
    if (this.#over) return true;
    if (this.#raw !== null) {
      this.#raw.push(chunk);
      this.#waiting += chunk.length;
      if (this.#waiting > silence) {
        this.#fail();
        return true;
      }
    }
    return this.#steps[0]!.write(chunk);
  }

  /** No more comes. An empty body is none, whatever its coding. */
  end(): void {
    this.#closed = true;
    if (!this.#over && this.#raw?.length !== 0) return void this.#steps[0]!.end();
    this.destroy();
    this.#reader.end();
  }

  resume(): void {
    this.#last.resume();
  }

  destroy(): void {
    this.#over = true;
    for (const step of this.#steps) step.destroy();
  }

  get #last(): Duplex {
    return this.#steps.at(-1)!;
  }

  #fail(): void {
    if (this.#over) return;
    this.destroy();
    this.#reader.broken(this.#raw);
  }
}
