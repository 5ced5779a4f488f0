/**
 * The log for the proxy: an entry goes in, and when the promise resolves it is on disk. A thread of its own commits;
 * entries that arrive while it does so go into the next transaction together.
 */
import type { Worker } from 'node:worker_threads';
import { Refusal } from '../errors.js';
import type { Draft, Recorded } from '../model.js';
import { type Allowed, mint, type Permit } from '../permit.js';
import { type Checkpoint, openCheckpoint } from './checkpoint.js';
import { pieces } from './entry.js';
import type { Verifier } from './note.js';
import { ulids } from './ulid.js';
import type { Batch, Done, Failed, Ready } from './writer.js';

/** At most this many entries without a checkpoint over them … */
const checkpointEntries = 1024;
/** … for at most about this long, in milliseconds. */
const checkpointDelay = 1000;
/** With durability `batch`, entries wait this long for company, in milliseconds. */
const batchDelay = 10;
/** With `full`, entries that nobody waits for do so for this long; and, while there is a crowd, the others too. */
const gatherDelay = 2;
/** So many who waited for one transaction are a crowd: to gather them costs less than many transactions do. */
const crowd = 4;
/** More waiting text than this (UTF-16 code units), and new decisions are refused until the disk has caught up. */
const queueLimit = 64 << 20;

/** How {@link openLog} is furnished. */
export interface LogOptions {
  /** `ledger.db`; made if absent, mode 0600. */
  readonly path: string;
  /** Ed25519 private key (PKCS #8 PEM); made if absent, mode 0600, with the public key (a vkey) beside it as `.pub`. */
  readonly keyPath: string;
  /** `full`: `record` resolves when the entry is on disk. `batch`: at once, and the entry is on disk at most 10 ms later. */
  readonly durability: 'full' | 'batch';
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** That many random bytes. */
  readonly random: (bytes: number) => Uint8Array;
}

/** The log, open for writing. From the first failure on it refuses everything until it is opened anew. */
export interface Log {
  /** ULID of this log. */
  readonly id: string;
  /** `tollfence.local/<id>` */
  readonly origin: string;
  /** The verifier key (vkey) that checks its checkpoints. */
  readonly publicKey: string;
  readonly healthy: boolean;
  /**
   * Resolves when the entry is on disk. Rejects `Refusal`: `log_unavailable` once something failed, `overloaded` when
   * too much waits, `malformed_request` for a draft that no entry can hold (see `canonical`); this one fails only itself.
   */
  record(draft: Draft): Promise<Recorded>;
  /**
   * The same without waiting; returns the entry's id. A failure shows in `healthy`, `onFailure` and the next `record`;
   * when the log has failed before, there is nothing that the id names.
   */
  note(draft: Draft): string;
  /** Records an allow and mints the permit for it once it is on disk. */
  allow(draft: Draft, allowed: Omit<Allowed, 'evidence'>): Promise<{ recorded: Recorded; permit: Permit }>;
  /** A signed checkpoint that covers everything recorded before the call. */
  head(): Promise<Checkpoint>;
  /** Calls `fn` once, with a sentence, when the log fails (at once if it has). */
  onFailure(fn: (reason: string) => void): void;
  /** Calls `fn` with the canonical text of each entry that is on disk from now on. Returns the way to stop that. */
  subscribe(fn: (entry: string) => void): () => void;
  /** Commits what waits, signs the last checkpoint and lets go of the file. */
  close(): Promise<void>;
}

interface Waiting {
  resolve(): void;
  reject(refusal: Refusal): void;
}

/** The log over a writer that has started. */
export class OpenLog implements Log {
  readonly id: string;
  readonly origin: string;
  readonly publicKey: string;
  readonly #options: LogOptions;
  readonly #worker: Worker;
  readonly #verifier: Verifier;
  readonly #nextId: () => string;
  readonly #subscribers = new Set<(entry: string) => void>();
  readonly #failureListeners: ((reason: string) => void)[] = [];
  #failure: string | null = null;
  #closed: Promise<void> | null = null;
  /** Sequence number of the next entry. */
  #seq: number;
  #checkpoint: string | null;
  #attested: number;

  // What waits for the next transaction, and who waits for the one that runs.
  #lines: string[] = [];
  #waiting: Waiting[] = [];
  #queued = 0;
  #checkpointWanted = false;
  #committing: Waiting[] | null = null;
  #crowded = false;
  #hurried = false;
  #flushTimer: NodeJS.Timeout | null = null;
  #checkpointTimer: NodeJS.Timeout | null = null;

  constructor(options: LogOptions, worker: Worker, ready: Ready, verifier: Verifier) {
    this.#options = options;
    this.#worker = worker;
    this.#verifier = verifier;
    this.origin = ready.origin;
    this.id = ready.origin.slice(ready.origin.lastIndexOf('/') + 1);
    this.publicKey = verifier.toString();
    this.#seq = ready.size;
    this.#checkpoint = ready.checkpoint;
    this.#attested = ready.size - (ready.found?.unattested ?? 0);
    this.#nextId = ulids(options.now, options.random, ready.lastId?.slice(3));
    worker.on('message', (answer: Done | Failed) => this.#answered(answer));
    worker.on('error', error => this.#fail(`its writer stopped: ${error.message}`));
    worker.on('exit', () => this.#fail('its writer ended'));
  }

  get healthy(): boolean {
    return this.#failure === null;
  }

  async record(draft: Draft): Promise<Recorded> {
    if (this.#queued > queueLimit) throw new Refusal('overloaded', 'Too many entries wait for the disk.');
    const recorded = this.#add(draft);
    if (this.#options.durability === 'full') await this.#settled();
    return recorded;
  }

  note(draft: Draft): string {
    return this.#failure === null ? this.#add(draft).id : `ev_${this.#nextId()}`;
  }

  async allow(draft: Draft, allowed: Omit<Allowed, 'evidence'>): Promise<{ recorded: Recorded; permit: Permit }> {
    const recorded = await this.record(draft);
    return { recorded, permit: mint({ ...allowed, evidence: recorded.id }, this.#options.now()) };
  }

  async head(): Promise<Checkpoint> {
    this.#assertOpen();
    if (this.#attested < this.#seq || this.#committing !== null) {
      this.#checkpointWanted = true;
      await this.#drained();
    }
    return openCheckpoint(this.#checkpoint!, this.#verifier);
  }

  onFailure(fn: (reason: string) => void): void {
    if (this.#failure !== null) fn(this.#failure);
    else this.#failureListeners.push(fn);
  }

  subscribe(fn: (entry: string) => void): () => void {
    this.#subscribers.add(fn);
    return () => this.#subscribers.delete(fn);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    if (this.#checkpointTimer !== null) clearTimeout(this.#checkpointTimer);
    try {
      if (this.#failure === null) await this.#drained();
      if (this.#failure === null) {
        const last = this.#settled();
        this.#send({ entries: '', checkpoint: false, echo: false, close: true });
        await last;
      }
    } finally {
      this.#failure ??= 'it is closed';
      await this.#worker.terminate();
    }
  }

  #unavailable(): Refusal {
    return new Refusal('log_unavailable', `The log can't be written: ${this.#failure ?? 'it is being closed'}.`);
  }

  #assertOpen(): void {
    if (this.#failure !== null || this.#closed !== null) throw this.#unavailable();
  }

  #add(draft: Draft): Recorded {
    this.#assertOpen();
    const id = `ev_${this.#nextId()}`;
    const seq = this.#seq;
    const { before, after } = assemble(draft, { id, seq, time: new Date(this.#options.now()).toISOString() });
    this.#seq++;
    this.#lines.push(id, before, after);
    this.#queued += before.length + after.length;
    this.#schedule();
    return { id, seq };
  }

  /** Resolves when everything added so far is on disk. */
  #settled(): Promise<void> {
    const settled = new Promise<void>((resolve, reject) => this.#waiting.push({ resolve, reject }));
    this.#schedule();
    return settled;
  }

  /** The same, without waiting for company. */
  #drained(): Promise<void> {
    const settled = this.#settled();
    this.#flush();
    return settled;
  }

  /** How long the next transaction may wait for company, in milliseconds. */
  #patience(): number {
    if (this.#options.durability === 'batch') return batchDelay;
    return this.#waiting.length === 0 || this.#crowded ? gatherDelay : 0;
  }

  #schedule(): void {
    if (this.#committing !== null || this.#hurried) return;
    const patience = this.#patience();
    if (patience > 0) {
      this.#flushTimer ??= setTimeout(() => this.#flush(), patience);
      return;
    }
    this.#hurried = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#hurried = false;
    if (this.#flushTimer !== null) clearTimeout(this.#flushTimer);
    this.#flushTimer = null;
    if (this.#failure !== null || this.#committing !== null) return;
    if (this.#lines.length === 0 && !this.#checkpointWanted && this.#waiting.length === 0) return;
    const entries = this.#lines.join('\n');
    const checkpoint = this.#checkpointWanted || this.#seq - this.#attested >= checkpointEntries;
    this.#lines = [];
    this.#queued = 0;
    this.#checkpointWanted = false;
    if (checkpoint) this.#attested = this.#seq;
    else this.#checkpointTimer ??= setTimeout(() => this.#attest(), checkpointDelay).unref();
    this.#send({ entries, checkpoint, echo: this.#subscribers.size > 0, close: false });
  }

  #attest(): void {
    this.#checkpointTimer = null;
    if (this.#attested === this.#seq) return;
    this.#checkpointWanted = true;
    this.#flush();
  }

  #send(batch: Batch): void {
    this.#committing = this.#waiting;
    this.#crowded = this.#waiting.length >= crowd;
    this.#waiting = [];
    this.#worker.postMessage(batch);
  }

  #answered(answer: Done | Failed): void {
    if ('failure' in answer) {
      this.#fail(answer.failure);
      return;
    }
    this.#checkpoint = answer.checkpoint;
    const settled = this.#committing ?? [];
    this.#committing = null;
    // The next batch first: the disk is what everybody waits for.
    if (this.#checkpointWanted || this.#patience() === 0) this.#flush();
    else if (this.#lines.length > 0) this.#schedule();
    for (const waiting of settled) waiting.resolve();
    for (const text of answer.texts) for (const fn of this.#subscribers) fn(text);
  }

  #fail(reason: string): void {
    if (this.#failure !== null) return;
    this.#failure = reason;
    for (const waiting of [...(this.#committing ?? []), ...this.#waiting]) waiting.reject(this.#unavailable());
    this.#committing = null;
    this.#waiting = [];
    this.#lines = [];
    for (const fn of this.#failureListeners) fn(reason);
  }
}

function assemble(...[draft, stamp]: Parameters<typeof pieces>): ReturnType<typeof pieces> {
  try {
    return pieces(draft, stamp);
  } catch (error) {
    throw new Refusal('malformed_request', (error as Error).message);
  }
}
