/**
 * A needle set: many needles, made ready to be looked for all at once in bytes that come in pieces. An automaton (Aho and
 * Corasick, CACM 18(6), 1975) bounds the work whatever the bytes are; a table of blocks in front of it (Wu and Manber,
 * TR 94-17, University of Arizona) skips what can't begin a needle, and that is nearly everything.
 */

/** Bytes of a block, by which the table is asked. */
const block = 3;
/** At most so many bytes of each needle's beginning are in the table. */
const widest = 34;

/** Kinds of a state: the one made from it stands right behind it; others, in the map of branches, follow from it. */
const chained = 1;
const branched = 2;

/** In a table's byte: how far the window moves on; and that a needle begins with this block. */
const far = 0x7f;
const begins = 0x80;

const key = (state: number, byte: number): number => state * 256 + byte;

/** Where needles are: the first byte and the one after the last, in turn; the first is negative if it came earlier. */
export type Spans = number[];

/** Zeroes what nobody uses any more, once that is known: a set that is emptied while a stream needs it would find nothing. */
const abandoned = new FinalizationRegistry<Uint8Array>(labels => labels.fill(0));

/** Needles that are looked for together. Keeps their bytes and shows them to nobody. */
export class NeedleSet {
  /** How many needles there are. */
  readonly length: number;
  /** Bytes of the shortest; 0 if there are none. */
  readonly shortest: number;

  // The automaton. A state is the beginning of a needle, and 0 the empty one. What makes it small: the first state made
  // from another has no entry anywhere, it just stands behind it.
  readonly #labels: Uint8Array;
  readonly #kinds: Uint8Array;
  readonly #depths: Int32Array;
  readonly #fails: Int32Array;
  /** Length of the longest needle that ends in a state; 0 if none does. */
  readonly #ends: Int32Array;
  readonly #first = new Int32Array(256);
  readonly #branches = new Map<number, number>();

  readonly #table: Uint8Array;
  /** Bits of a hash that don't count in the table. */
  readonly #shift: number;
  /** Bytes of each needle's beginning that the table knows; 0: a needle is too short for it, and nothing is skipped. */
  readonly #window: number;

  /** Takes what it needs of the needles, each of at least one byte: they may be zeroed afterwards. */
  constructor(needles: readonly Uint8Array[]) {
    this.length = needles.length;
    this.shortest = needles.length === 0 ? 0 : Math.min(...needles.map(needle => needle.length));
    const states = needles.reduce((sum, needle) => sum + needle.length, 1);
    this.#labels = new Uint8Array(states + 1);
    abandoned.register(this, this.#labels);
    this.#kinds = new Uint8Array(states);
    this.#depths = new Int32Array(states);
    this.#fails = new Int32Array(states);
    this.#ends = new Int32Array(states);
    this.#link(this.#grow(needles));

    // An eighth of the table may be taken: more needles, shorter windows.
    const room = Math.floor(8192 / (needles.length || 1));
    this.#window = this.shortest < block ? 0 : Math.min(this.shortest, widest, Math.max(6, room + 2));
    const bits = Math.min(16, Math.ceil(Math.log2(needles.length * this.#window * 8 + 1024)));
    this.#shift = 32 - bits;
    this.#table = new Uint8Array(2 ** bits).fill(this.#window - block + 1);
    if (this.#window > 0) for (const needle of needles) this.#enter(needle);
  }

  /** How many bytes at the end of what was scanned may be the beginning of a needle that goes on. */
  pending(state: number): number {
    let open = state;
    while (open !== 0 && this.#kinds[open] === 0) open = this.#fails[open]!;
    return this.#depths[open]!;
  }

  /** Whether a needle is in there. */
  foundIn(data: Uint8Array): boolean {
    const spans: Spans = [];
    this.scan(data, 0, spans);
    return spans.length > 0;
  }

  /**
   * Goes on with `data` from the state that the bytes before it led to (0 at the beginning), adds the needles' places to
   * `spans`, by their ends, and gives the state that it leads to. Of needles with one end only the longest is told.
   * The time is in proportion to the bytes, whatever they are.
   */
  scan(data: Uint8Array, from: number, spans: Spans): number {
    const labels = this.#labels;
    const kinds = this.#kinds;
    const depths = this.#depths;
    const fails = this.#fails;
    const ends = this.#ends;
    const first = this.#first;
    const window = this.#window;
    const { length } = data;
    let state = from;
    let at = 0;
    /** Up to here no skipping: the window has just been. */
    let until = 0;
    while (at < length) {
      const depth = depths[state]!;
      if (depth < window && at >= until && at >= depth) {
        // Whatever began before these bytes of the window is over. Begin anew where a needle may begin; at the latest
        // where no whole window is left.
        at = this.#skip(data, at - depth);
        until = at + window;
        state = 0;
        if (at >= length) break;
      }
      const byte = data[at]!;
      for (;;) {
        if (state === 0) {
          state = first[byte]!;
          break;
        }
        const kind = kinds[state]!;
        if ((kind & chained) !== 0 && labels[state + 1] === byte) {
          state += 1;
          break;
        }
        const next = (kind & branched) === 0 ? undefined : this.#branches.get(key(state, byte));
        if (next !== undefined) {
          state = next;
          break;
        }
        state = fails[state]!;
      }
      at += 1;
      const end = ends[state]!;
      if (end > 0) spans.push(at - end, at);
    }
    return state;
  }

  /** The first place at or after `from` where a needle may begin, as far as a window tells. */
  #skip(data: Uint8Array, from: number): number {
    const table = this.#table;
    const shift = this.#shift;
    const window = this.#window;
    const { length } = data;
    let end = from + window;
    while (end <= length) {
      const entry = table[hashOf(data, end - block, shift)]!;
      if ((entry & far) > 0) end += entry & far;
      else if ((table[hashOf(data, end - window, shift)]! & begins) !== 0) return end - window;
      else end += 1;
    }
    return end - window;
  }

  /** Makes the states, and tells of each from which one it follows. */
  #grow(needles: readonly Uint8Array[]): Int32Array {
    const before = new Int32Array(this.#depths.length);
    let count = 1;
    for (const needle of needles) {
      let state = 0;
      for (const byte of needle) {
        const known = this.#follow(state, byte);
        if (known === 0) {
          this.#labels[count] = byte;
          this.#depths[count] = this.#depths[state]! + 1;
          before[count] = state;
          if (state === 0) this.#first[byte] = count;
          else if (count === state + 1) this.#kinds[state]! |= chained;
          else {
            this.#kinds[state]! |= branched;
            this.#branches.set(key(state, byte), count);
          }
        }
        state = known || count++;
      }
      this.#ends[state] = needle.length;
    }
    return before.subarray(0, count);
  }

  /** The state that follows by this byte; 0 if none does. */
  #follow(state: number, byte: number): number {
    if (state === 0) return this.#first[byte]!;
    const kind = this.#kinds[state]!;
    if ((kind & chained) !== 0 && this.#labels[state + 1] === byte) return state + 1;
    return (kind & branched) === 0 ? 0 : (this.#branches.get(key(state, byte)) ?? 0);
  }

  /** Tells of each state what is left of it when no needle goes on: the longest other beginning that it ends with. */
  #link(before: Int32Array): void {
    for (const state of byDepth(this.#depths.subarray(1, before.length))) {
      if (this.#depths[state]! > 1) {
        const byte = this.#labels[state]!;
        let left = before[state]!;
        do left = this.#fails[left]!;
        while (left !== 0 && this.#follow(left, byte) === 0);
        this.#fails[state] = this.#follow(left, byte);
      }
      if (this.#ends[state] === 0) this.#ends[state] = this.#ends[this.#fails[state]!]!;
    }
  }

  #enter(needle: Uint8Array): void {
    const window = this.#window;
    for (let at = 0; at + block <= window; at++) {
      const hash = hashOf(needle, at, this.#shift);
      const entry = this.#table[hash]!;
      const move = Math.min(entry & far, window - block - at);
      this.#table[hash] = (entry & begins) | move | (at === 0 ? begins : 0);
    }
  }
}

/** The states from 1 on, the shallow ones first. */
function byDepth(depths: Int32Array): Uint32Array {
  const places = new Uint32Array(depths.reduce((most, depth) => Math.max(most, depth), 0) + 2);
  for (const depth of depths) places[depth + 1]! += 1;
  for (let depth = 1; depth < places.length; depth++) places[depth]! += places[depth - 1]!;
  const order = new Uint32Array(depths.length);
  for (let state = 1; state <= depths.length; state++) order[places[depths[state - 1]!]!++] = state;
  return order;
}

/** The place of a block in a table (Fibonacci hashing; Knuth, The Art of Computer Programming 3, 6.4). */
const hashOf = (data: Uint8Array, at: number, shift: number): number =>
  Math.imul((data[at]! << 16) | (data[at + 1]! << 8) | data[at + 2]!, 0x9e3779b1) >>> shift;
