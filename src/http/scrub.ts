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

/** What tells quickly that nothing is there, which is what nearly every answer has. */
interface Matcher {
  /** Literals only, so the engine is linear; on the bytes as Latin-1. */
  readonly pattern: RegExp;
  /** 1 for each byte that a needle begins with. */
  readonly starts: Uint8Array;
  readonly longest: number;
}

const matchers = new WeakMap<readonly Buffer[], Matcher>();

function matcherFor(needles: readonly Buffer[]): Matcher {
  const known = matchers.get(needles);
  if (known !== undefined) return known;
  const literals = needles.map(needle => needle.toString('latin1').replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const starts = new Uint8Array(256);
  for (const needle of needles) starts[needle[0]!] = 1;
  const longest = needles.reduce((length, needle) => Math.max(length, needle.length), 0);
  const matcher = { pattern: new RegExp(literals.join('|') || '(?!)'), starts, longest };
  matchers.set(needles, matcher);
  return matcher;
}

/** Length of the longest end of `data` that is a proper beginning of a needle. */
function overlap(data: Buffer, needles: readonly Buffer[], { starts, longest }: Matcher): number {
  for (let start = Math.max(0, data.length - longest + 1); start < data.length; start++) {
    if (starts[data[start]!] === 0) continue;
    const rest = data.length - start;
    // A loop, not a closure: this runs for every answer.
    for (const needle of needles) {
      if (needle.length <= rest || needle[0] !== data[start]) continue;
      if (data.compare(needle, 0, rest, start, data.length) === 0) return rest;
    }
  }
  return 0;
}

/** Up to this many bytes one pass of the pattern is quicker than a search for each needle; above, the search is. */
const small = 4096;

/** Where the needles are: start and end of each occurrence. One form may overlap another. */
function findAll(data: Buffer, needles: readonly Buffer[], { pattern }: Matcher): [number, number][] {
  const spans: [number, number][] = [];
  if (data.length <= small && !pattern.test(data.toString('latin1'))) return spans;
  for (const needle of needles) {
    for (let at = data.indexOf(needle); at >= 0; at = data.indexOf(needle, at + 1))
      spans.push([at, at + needle.length]);
  }
  return spans;
}

/** A scrubber for these needles (each of at least one byte). Holds back at most the longest needle less one byte. */
export function scrubber(needles: readonly Buffer[]): Scrubber {
  const matcher = matcherFor(needles);
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
      const spans = findAll(data, needles, matcher);
      const out = spans.length === 0 && kept.length === 0 ? data : Buffer.concat([shown, chunk]);
      for (const [start, end] of spans) {
        out.fill(mask, start, end);
        if (end > kept.length) found += 1;
      }
      const keep = overlap(data, needles, matcher);
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
  const matcher = matcherFor(needles);
  if (!matcher.pattern.test(text)) return { text, found: 0 };
  const data = Buffer.from(text, 'latin1');
  const spans = findAll(data, needles, matcher);
  for (const [start, end] of spans) data.fill(mask, start, end);
  return { text: data.toString('latin1'), found: spans.length };
}
