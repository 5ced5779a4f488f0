/**
 * The log for the proxy: an entry goes in, and when the promise resolves it is on disk. A thread of its own commits;
 * entries that arrive while it does so go into the next transaction together.
 */
import { Refusal } from '../errors.js';
import type { Draft, Recorded } from '../model.js';
import { type Allowed, mint, type Permit } from '../permit.js';
import { type Checkpoint, openCheckpoint } from './checkpoint.js';
import { Commits, type End, type Unnumbered, type Writer } from './commits.js';
import { pieces } from './entry.js';
import type { Verifier } from './note.js';
import { Recovery } from './recovery.js';
import { type Printed, unnumbered } from './remote.js';
import { ulids } from './ulid.js';

/** So many notes are kept while there is no writer. */
const heldLimit = 10_000;
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

/**
 * The log, open for writing. From the first write or sync that fails it refuses everything until the proxy is started
 * anew. A writer that is lost without that (its thread ended) refuses whoever waited, and what comes until another one has
 * opened the file and recorded what it found.
 */
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
   * when the log has failed before, there is nothing that the id names. If the writer is lost before it has written it,
   * it is written by the next one, under another id.
   */
  note(draft: Draft): string;
  /** Records an allow and mints the permit for it once it is on disk. */
  allow(draft: Draft, allowed: Omit<Allowed, 'evidence'>): Promise<{ recorded: Recorded; permit: Permit }>;
  /** Takes an entry that a worker process has printed (see `remote.ts`); as `record` does, and `note`. */
  take(entry: Printed): Promise<Recorded>;
  takeAllow(entry: Printed, allowed: Omit<Allowed, 'evidence'>): Promise<{ recorded: Recorded; permit: Permit }>;
  takeNote(entry: Printed): void;
  /** A signed checkpoint that covers everything recorded before the call. */
  head(): Promise<Checkpoint>;
  /** Calls `fn` once, with a sentence, when the log fails for good (at once if it has). */
  onFailure(fn: (reason: string) => void): void;
  /** Calls `fn` with the canonical text of each entry that is on disk from now on. Returns the way to stop that. */
  subscribe(fn: (entry: string) => void): () => void;
  /** Commits what waits, signs the last checkpoint and lets go of the file. */
  close(): Promise<void>;
}

/** The log over a writer that has started. */
export class OpenLog implements Log {
  readonly id: string;
  readonly origin: string;
  readonly publicKey: string;
  readonly #options: LogOptions;
  readonly #verifier: Verifier;
  readonly #reopen: () => Promise<Writer>;
  readonly #recovery: Recovery;
  readonly #nextId: () => string;
  readonly #subscribers = new Set<(entry: string) => void>();
  readonly #failureListeners: ((reason: string) => void)[] = [];
  #commits: Commits;
  /** Why nothing can be recorded now. */
  #failure: string | null = null;
  /** Notes that wait for another writer. */
  readonly #held: Unnumbered[] = [];
  /** Under way while another writer is looked for. */
  #recovering: Promise<void> | null = null;
  #closed: Promise<void> | null = null;
  readonly #closing = new AbortController();

  constructor(options: LogOptions, writer: Writer, verifier: Verifier, reopen: () => Promise<Writer>) {
    this.#options = options;
    this.#verifier = verifier;
    this.#recovery = new Recovery(options.now);
    this.#reopen = reopen;
    this.origin = writer.ready.origin;
    this.id = this.origin.slice(this.origin.lastIndexOf('/') + 1);
    this.publicKey = verifier.toString();
    this.#nextId = ulids(options.now, options.random, writer.ready.lastId?.slice(3));
    this.#commits = this.#over(writer);
  }

  get healthy(): boolean {
    return this.#failure === null;
  }

  record(draft: Draft): Promise<Recorded> {
    return this.#record(this.#entry(draft));
  }

  take(entry: Printed): Promise<Recorded> {
    return this.#record(unnumbered(entry));
  }

  async #record(entry: Unnumbered): Promise<Recorded> {
    if (this.#commits.queued > queueLimit) throw new Refusal('overloaded', 'Too many entries wait for the disk.');
    this.#assertOpen();
    const recorded = this.#add(entry, false);
    if (this.#options.durability === 'full') await this.#commits.settled();
    return recorded;
  }

  note(draft: Draft): string {
    return this.#note(this.#entry(draft));
  }

  takeNote(entry: Printed): void {
    this.#note(unnumbered(entry));
  }

  #note(entry: Unnumbered): string {
    if (this.#closed === null && this.#failure === null) return this.#add(entry, true).id;
    const id = this.#id();
    if (this.#recovering !== null && this.#held.length < heldLimit) {
      entry.at(id, 0); // one that can't be written must not be kept
      this.#held.push(entry);
    }
    return id;
  }

  async allow(draft: Draft, allowed: Omit<Allowed, 'evidence'>): Promise<{ recorded: Recorded; permit: Permit }> {
    return this.#allow(await this.record(draft), allowed);
  }

  async takeAllow(entry: Printed, allowed: Omit<Allowed, 'evidence'>): ReturnType<Log['allow']> {
    return this.#allow(await this.take(entry), allowed);
  }

  #allow(recorded: Recorded, allowed: Omit<Allowed, 'evidence'>): { recorded: Recorded; permit: Permit } {
    return { recorded, permit: mint({ ...allowed, evidence: recorded.id }, this.#options.now()) };
  }

  async head(): Promise<Checkpoint> {
    this.#assertOpen();
    await this.#commits.attested();
    return openCheckpoint(this.#commits.checkpoint!, this.#verifier);
  }

  onFailure(fn: (reason: string) => void): void {
    if (this.#failure !== null && this.#recovering === null) fn(this.#failure);
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
    this.#closing.abort();
    await this.#recovering;
    try {
      await this.#commits.close();
    } finally {
      this.#failure ??= 'it is closed';
    }
  }

  #over(writer: Writer): Commits {
    return new Commits(writer, {
      durability: this.#options.durability,
      told: () => (this.#subscribers.size === 0 ? null : text => this.#tell(text)),
      ended: end => this.#ended(end),
    });
  }

  #tell(text: string): void {
    for (const fn of this.#subscribers) fn(text);
  }

  #ended({ reason, lost }: End): void {
    this.#failure = reason;
    // Whoever leads a recovery hears by what it waits for that its writer has ended as well.
    if (this.#recovering !== null) return;
    if (!lost) return this.#poison(reason);
    this.#recovering = this.#recover(reason).finally(() => {
      this.#recovering = null;
    });
  }

  async #recover(reason: string): Promise<void> {
    let lost = this.#commits;
    const use = async (writer: Writer): Promise<End | null> => {
      const again = lost.lost(writer.ready.size);
      const commits = this.#over(writer);
      this.#commits = commits;
      lost = commits;
      this.#add(this.#entry({ type: 'log.recovered', run: null, found: writer.ready.found, reason }), false);
      for (const entry of [...again, ...this.#held.splice(0)]) this.#add(entry, true);
      await commits.attested().catch(() => {});
      if (commits.end !== null) return commits.end;
      this.#failure = null;
      for (const entry of this.#held.splice(0)) this.#add(entry, true);
      return null;
    };
    const reopen = async (): Promise<Writer> => {
      // Only when its thread has ended has it let go of the file.
      await lost.terminate();
      return this.#reopen();
    };
    try {
      await this.#recovery.lead(reopen, use, this.#closing.signal);
    } catch (error) {
      this.#poison((error as Error).message);
    }
  }

  #poison(reason: string): void {
    this.#failure = reason;
    for (const fn of this.#failureListeners) fn(reason);
  }

  #assertOpen(): void {
    if (this.#failure === null && this.#closed === null) return;
    throw new Refusal('log_unavailable', `The log can't be written: ${this.#failure ?? 'it is being closed'}.`);
  }

  #id(): string {
    return `ev_${this.#nextId()}`;
  }

  #entry(draft: Draft): Unnumbered {
    const time = new Date(this.#options.now()).toISOString();
    return {
      at(id, seq) {
        try {
          return pieces(draft, { id, seq, time });
        } catch (error) {
          throw new Refusal('malformed_request', (error as Error).message);
        }
      },
    };
  }

  #add(entry: Unnumbered, kept: boolean): Recorded {
    const id = this.#id();
    return { id, seq: this.#commits.add(entry, id, kept) };
  }
}
