/**
 * Scrub: a secret that comes back in a response is masked before the agent sees it, in every form in which it may come
 * back, also when it is split over chunks. Masks have the same length, so framing stays true.
 */
import { NeedleSet, type Spans } from '../credentials/index.js';

/** A scrubber over one response. */
export interface Scrubber {
  /** The part of the stream so far that is certain, masked; keeps back only what may be the start of a secret. */
  push(chunk: Buffer): Buffer;
  /**
   * What is kept back, if it is so little that it tells nothing: at most two bytes, for which somebody may be waiting. If they
   * do begin a secret, the rest of it is masked all the same.
   */
  settle(): Buffer;
  /** What was kept back. The next bytes are searched by themselves. */
  end(): Buffer;
  /** How many stretches were masked. Forms that overlap are one. */
  readonly found: number;
}

const mask = 0x2a;
const little = 2;
const nothing = Buffer.alloc(0);

/** What can be looked for: needles as they are (each of at least one byte) are made ready first, which takes its time. */
export type Needles = NeedleSet | readonly Buffer[];

const ready = (needles: Needles): NeedleSet => (needles instanceof NeedleSet ? needles : new NeedleSet(needles));

/** A scrubber for these needles. Holds back at most the longest needle less one byte. */
export const scrubber = (needles: Needles): Scrubber => new Masking(ready(needles));

class Masking implements Scrubber {
  found = 0;
  readonly #set: NeedleSet;
  readonly #spans: Spans = [];
  #state = 0;
  /** What is kept back, as it will be shown: the end of one form may be the beginning of another. */
  #kept: Buffer = nothing;
  /** Where the last mask ends, counted from what is kept back. */
  #masked = 0;

  constructor(set: NeedleSet) {
    this.#set = set;
  }

  push(chunk: Buffer): Buffer {
    const spans = this.#spans;
    const before = this.#kept.length;
    this.#state = this.#set.scan(chunk, this.#state, spans);
    const pending = Math.min(this.#set.pending(this.#state), before + chunk.length);
    const clean = spans.length === 0 && before === 0;
    if (clean && pending === 0) return chunk;
    const out = clean ? chunk : Buffer.concat([this.#kept, chunk]);
    for (let i = 0; i < spans.length; i += 2) {
      const start = Math.max(0, before + spans[i]!);
      const end = before + spans[i + 1]!;
      out.fill(mask, start, end);
      if (start >= this.#masked) this.found += 1;
      this.#masked = end;
    }
    spans.length = 0;
    const certain = out.length - pending;
    this.#masked = Math.max(0, this.#masked - certain);
    this.#kept = out.subarray(certain);
    return out.subarray(0, certain);
  }

  settle(): Buffer {
    return this.#kept.length > little ? nothing : this.#release();
  }

  end(): Buffer {
    const rest = this.#release();
    this.#state = 0;
    this.#masked = 0;
    return rest;
  }

  #release(): Buffer {
    const rest = this.#kept;
    this.#kept = nothing;
    this.#masked = Math.max(0, this.#masked - rest.length);
    return rest;
  }
}

/** Header values (or any text in Latin-1) with every occurrence masked, and how many stretches there were. */
export function scrubText(text: string, needles: Needles): { text: string; found: number } {
  const set = ready(needles);
  if (text.length < set.shortest) return { text, found: 0 };
  const scrub = scrubber(set);
  const shown = Buffer.concat([scrub.push(Buffer.from(text, 'latin1')), scrub.end()]);
  return scrub.found === 0 ? { text, found: 0 } : { text: shown.toString('latin1'), found: scrub.found };
}
