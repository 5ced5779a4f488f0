/**
 * Scrub: an injected secret that comes back in a response is masked before the agent sees it, in every form in which it
 * may come back, also when it is split over chunks. Masks have the same length, so framing stays true.
 */

/** A scrubber over one response. */
export interface Scrubber {
  /** The part of the stream so far that is certain, masked; keeps back only what may be the start of a secret. */
  push(chunk: Buffer): Buffer;
  /** What was kept back. */
  end(): Buffer;
  /** How many times a form of the secret was masked. */
  readonly found: number;
}

const mask = 0x2a;

/** Length of the longest end of `data` that is a proper beginning of `needle`. */
function overlap(data: Buffer, needle: Buffer): number {
  for (let start = Math.max(0, data.length - needle.length + 1); start < data.length; start++) {
    // The first byte rules out nearly every position.
    if (data[start] === needle[0] && data.compare(needle, 0, data.length - start, start, data.length) === 0)
      return data.length - start;
  }
  return 0;
}

/** Where the needles are: start and end of each occurrence. One form may overlap another. */
function findAll(data: Buffer, needles: readonly Buffer[]): [number, number][] {
  const spans: [number, number][] = [];
  for (const needle of needles) {
    for (let at = data.indexOf(needle); at >= 0; at = data.indexOf(needle, at + 1))
      spans.push([at, at + needle.length]);
  }
  return spans;
}

/** A scrubber for these needles (each of at least one byte). Holds back at most the longest needle less one byte. */
export function scrubber(needles: readonly Buffer[]): Scrubber {
  // What is kept back, as it came and as it will be shown: the end of one form may be the beginning of another.
  let kept: Buffer = Buffer.alloc(0);
  let shown: Buffer = kept;
  let found = 0;
  return {
    get found() {
      return found;
    },
    push(chunk) {
      const data = kept.length === 0 ? chunk : Buffer.concat([kept, chunk]);
      const spans = findAll(data, needles);
      const out = spans.length === 0 && kept.length === 0 ? data : Buffer.concat([shown, chunk]);
      for (const [start, end] of spans) {
        out.fill(mask, start, end);
        if (end > kept.length) found += 1;
      }
      let keep = 0;
      for (const needle of needles) keep = Math.max(keep, overlap(data, needle));
      kept = data.subarray(data.length - keep);
      shown = out.subarray(out.length - keep);
      return out.subarray(0, out.length - keep);
    },
    end() {
      const rest = shown;
      kept = Buffer.alloc(0);
      shown = kept;
      return rest;
    },
  };
}

/** Header values (or any text) with every occurrence masked, and how many there were. */
export function scrubText(text: string, needles: readonly Buffer[]): { text: string; found: number } {
  const data = Buffer.from(text, 'latin1');
  const spans = findAll(data, needles);
  for (const [start, end] of spans) data.fill(mask, start, end);
  return spans.length === 0 ? { text, found: 0 } : { text: data.toString('latin1'), found: spans.length };
}
