/** The part of verification that follows tree and checkpoints: what has been signed, by whom, up to where. */
import { type Checkpoint, openCheckpoint } from './checkpoint.js';
import { type FaultCode, Finding } from './finding.js';
import type { Verifier } from './note.js';
import { Frontier } from './tree.js';

/** A checkpoint as it is kept. */
export interface StoredCheckpoint {
  readonly text: string;
  readonly size?: number;
}

/** Grows the tree entry by entry and compares it with each checkpoint, and with the saved head, when it has their size. */
export class Witness {
  readonly #frontier = new Frontier();
  readonly #checkpoints: Iterator<StoredCheckpoint>;
  readonly #verifier: Verifier;
  readonly #head: Checkpoint | null;
  #next: Checkpoint | null = null;
  #lastSize = -1;
  attested = 0;
  anchored: number | null = null;

  constructor(checkpoints: Iterator<StoredCheckpoint>, head: string | undefined, verifier: Verifier) {
    this.#verifier = verifier;
    this.#checkpoints = checkpoints;
    try {
      this.#head = head === undefined ? null : openCheckpoint(head, verifier);
    } catch (error) {
      throw new Finding('head_rejected', null, `The saved head can't be used: ${(error as Error).message}`);
    }
    this.#advance();
    this.#compare();
  }

  append(leaf: string): void {
    this.#frontier.append(leaf);
    this.#compare();
  }

  #advance(): void {
    const { value, done } = this.#checkpoints.next();
    this.#next = null;
    if (done) return;
    const claimed = value.size === undefined ? '' : ` of size ${value.size}`;
    try {
      this.#next = openCheckpoint(value.text, this.#verifier);
    } catch (error) {
      throw new Finding(
        'checkpoint_forged',
        null,
        `The checkpoint${claimed} is not the log's: ${(error as Error).message}`,
      );
    }
    const { size } = this.#next;
    if ((value.size ?? size) !== size || size <= this.#lastSize) {
      throw new Finding(
        'checkpoint_forged',
        null,
        `The checkpoint${claimed} is not in its place: it covers ${size} entries.`,
      );
    }
    this.#lastSize = size;
  }

  #compare(): void {
    const { size } = this.#frontier;
    if (this.#next?.size === size) {
      if (this.#next.root !== this.#frontier.root()) throw this.#differs('root_differs', 'the checkpoint');
      this.attested = size;
      this.#advance();
    }
    if (this.#head?.size === size) {
      if (this.#head.root !== this.#frontier.root()) throw this.#differs('head_differs', 'the saved head');
      this.anchored = size;
    }
  }

  #differs(code: FaultCode, what: string): Finding {
    const { size } = this.#frontier;
    const from = code === 'root_differs' ? this.attested : (this.anchored ?? 0);
    const which = from === size - 1 ? `Entry ${from} is` : `Of the entries ${from} to ${size - 1}, at least one is`;
    return new Finding(code, from, `${which} not what ${what} of size ${size} covers: the history was written anew.`);
  }

  finish(complete: boolean): string {
    const { size } = this.#frontier;
    const beyond = Math.max(this.#next?.size ?? 0, this.#head?.size ?? 0);
    if (beyond > size) {
      const what = this.#head?.size === beyond ? 'the saved head' : 'a checkpoint';
      throw new Finding(
        'truncated',
        size,
        `Entry ${size} is missing: the log ends before it, but ${what} covers ${beyond} entries.`,
      );
    }
    if (complete && size > 0 && this.attested === 0) {
      throw new Finding('checkpoint_missing', null, 'There is not one checkpoint: somebody has removed them.');
    }
    return this.#frontier.root();
  }
}
