/**
 * Group commit over one writer: entries that arrive while a transaction is on its way to the disk go into the next one
 * together, and whoever waits is told when theirs is there. Ends with its writer, for good.
 */
import type { Worker } from 'node:worker_threads';
import { Refusal } from '../errors.js';
import type { Batch, Done, Failed, Ready } from './writer.js';

/** At most this many entries without a checkpoint over them … */
const checkpointEntries = 1024;
/** … for at most about this long, in milliseconds. */
const checkpointDelay = 1000;
/** With durability `batch`, entries wait this long for company, in milliseconds. */
const batchDelay = 10;
/**
 * With `full`, entries that nobody waits for do so for this long; so do, at most, those for which somebody waits, while
 * more of them come with each turn of the event loop: to commit many at once costs less than to commit each.
 */
const gatherDelay = 2;
/** So many turns without any are the end of that: in one or two, answers may have been carried meanwhile. With nothing to do, a turn takes microseconds. */
const quietTurns = 3;

/** A writer's thread that has opened the file. */
export interface Writer {
  readonly worker: Worker;
  readonly ready: Ready;
}

/** An entry that has no number yet. */
export interface Unnumbered {
  /** Its bytes around the value of `prev`. Throws `Refusal` (`malformed_request`) for one that can't be written. */
  at(id: string, seq: number): { readonly before: string; readonly after: string };
}

/** Why the writer is no more: it said that something failed, or it was lost without a word. */
export interface End {
  readonly reason: string;
  /** True: nothing says that the disk failed; the file may be opened anew. */
  readonly lost: boolean;
}

/** Who hears what. */
export interface Audience {
  readonly durability: 'full' | 'batch';
  /** Canonical text of an entry that is on disk; null while nobody listens. */
  readonly told: () => ((text: string) => void) | null;
  readonly ended: (end: End) => void;
}

interface Waiting {
  resolve(): void;
  reject(refusal: Refusal): void;
}

const unavailable = (reason: string): Refusal => new Refusal('log_unavailable', `The log can't be written: ${reason}.`);

export class Commits {
  readonly #worker: Worker;
  readonly #audience: Audience;
  #end: End | null = null;
  #seq: number;
  #checkpoint: string | null;
  #attested: number;

  // What waits for the next transaction, and what is in the one that runs.
  #lines: string[] = [];
  #kept: Unnumbered[] = [];
  #waiting: Waiting[] = [];
  #queued = 0;
  #checkpointWanted = false;
  #committing: { readonly waiting: Waiting[]; readonly kept: Unnumbered[]; readonly size: number } | null = null;
  #gathering: NodeJS.Immediate | null = null;
  #flushTimer: NodeJS.Timeout | null = null;
  #checkpointTimer: NodeJS.Timeout | null = null;

  constructor({ worker, ready }: Writer, audience: Audience) {
    this.#worker = worker;
    this.#audience = audience;
    this.#seq = ready.size;
    this.#checkpoint = ready.checkpoint;
    this.#attested = ready.size - (ready.found?.unattested ?? 0);
    worker.on('message', (answer: Done | Failed) => this.#answered(answer));
    worker.on('error', error => this.#over({ reason: `its writer stopped: ${error.message}`, lost: true }));
    worker.on('exit', () => this.#over({ reason: 'its writer ended', lost: true }));
  }

  /** Why its writer is no more; null while there is one. */
  get end(): End | null {
    return this.#end;
  }

  /** UTF-16 code units that wait for the next transaction. */
  get queued(): number {
    return this.#queued;
  }

  /** The last signed checkpoint. */
  get checkpoint(): string | null {
    return this.#checkpoint;
  }

  /** Adds an entry, and returns its number. `kept`: it is wanted even if the writer is lost ({@link lost}). */
  add(entry: Unnumbered, id: string, kept: boolean): number {
    if (this.#end !== null) throw unavailable(this.#end.reason);
    const { before, after } = entry.at(id, this.#seq);
    this.#lines.push(id, before, after);
    this.#queued += before.length + after.length;
    if (kept) this.#kept.push(entry);
    this.#schedule();
    return this.#seq++;
  }

  /** Resolves when everything added so far is on disk; rejects `Refusal` (`log_unavailable`). */
  settled(): Promise<void> {
    if (this.#end !== null) return Promise.reject(unavailable(this.#end.reason));
    const settled = new Promise<void>((resolve, reject) => this.#waiting.push({ resolve, reject }));
    this.#schedule();
    return settled;
  }

  /** The same, without waiting for company. */
  drained(): Promise<void> {
    const settled = this.settled();
    this.#flush();
    return settled;
  }

  /** Resolves when a checkpoint covers everything added so far. */
  async attested(): Promise<void> {
    if (this.#attested === this.#seq && this.#committing === null) return;
    this.#checkpointWanted = true;
    await this.drained();
  }

  /** Of the entries to be kept, those that a log of this size doesn't hold. Asked once the writer has gone. */
  lost(size: number): readonly Unnumbered[] {
    const sent = this.#committing;
    return [...(sent === null || sent.size <= size ? [] : sent.kept), ...this.#kept];
  }

  /** Commits what waits, signs, and ends the writer. */
  async close(): Promise<void> {
    if (this.#checkpointTimer !== null) clearTimeout(this.#checkpointTimer);
    try {
      if (this.#end === null) await this.drained();
      if (this.#end === null) {
        const last = this.settled();
        this.#send({ entries: '', checkpoint: false, echo: false, close: true });
        await last;
      }
    } finally {
      this.#end ??= { reason: 'it is closed', lost: false };
      await this.terminate();
    }
  }

  /** Resolves when the writer's thread has ended, and lets go of the file. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  #schedule(): void {
    if (this.#committing !== null || this.#gathering !== null) return;
    const { durability } = this.#audience;
    if (durability === 'batch' || this.#waiting.length === 0) {
      this.#flushTimer ??= setTimeout(() => this.#flush(), durability === 'batch' ? batchDelay : gatherDelay);
      return;
    }
    const until = performance.now() + gatherDelay;
    let seen = this.#waiting.length;
    let quiet = 0;
    const look = (): void => {
      quiet = this.#waiting.length > seen ? 0 : quiet + 1;
      if (quiet === quietTurns || performance.now() > until) return this.#flush();
      seen = this.#waiting.length;
      this.#gathering = setImmediate(look);
    };
    this.#gathering = setImmediate(look);
  }

  #flush(): void {
    if (this.#gathering !== null) clearImmediate(this.#gathering);
    this.#gathering = null;
    if (this.#flushTimer !== null) clearTimeout(this.#flushTimer);
    this.#flushTimer = null;
    if (this.#end !== null || this.#committing !== null) return;
    if (this.#lines.length === 0 && !this.#checkpointWanted && this.#waiting.length === 0) return;
    const entries = this.#lines.join('\n');
    const checkpoint = this.#checkpointWanted || this.#seq - this.#attested >= checkpointEntries;
    this.#checkpointWanted = false;
    if (checkpoint) this.#attested = this.#seq;
    else this.#checkpointTimer ??= setTimeout(() => this.#attest(), checkpointDelay).unref();
    this.#send({ entries, checkpoint, echo: this.#audience.told() !== null, close: false });
  }

  #attest(): void {
    this.#checkpointTimer = null;
    if (this.#attested === this.#seq) return;
    this.#checkpointWanted = true;
    this.#flush();
  }

  #send(batch: Batch): void {
    this.#committing = { waiting: this.#waiting, kept: this.#kept, size: this.#seq };
    this.#waiting = [];
    this.#kept = [];
    this.#lines = [];
    this.#queued = 0;
    this.#worker.postMessage(batch);
  }

  #answered(answer: Done | Failed): void {
    if ('failure' in answer) return this.#over({ reason: answer.failure, lost: !answer.disk });
    this.#checkpoint = answer.checkpoint;
    const settled = this.#committing?.waiting ?? [];
    this.#committing = null;
    if (this.#checkpointWanted) this.#flush();
    // Who came meanwhile waits for no entry of its own, perhaps, but for an answer.
    else if (this.#lines.length > 0 || this.#waiting.length > 0) this.#schedule();
    for (const waiting of settled) waiting.resolve();
    const tell = this.#audience.told();
    if (tell !== null) answer.texts.forEach(tell);
  }

  #over(end: End): void {
    if (this.#end !== null) return;
    this.#end = end;
    if (this.#checkpointTimer !== null) clearTimeout(this.#checkpointTimer);
    const refusal = unavailable(end.reason);
    for (const waiting of [...(this.#committing?.waiting ?? []), ...this.#waiting]) waiting.reject(refusal);
    this.#waiting = [];
    this.#audience.ended(end);
  }
}
