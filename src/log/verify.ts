/**
 * Verification of a log by somebody who trusts nobody: entries, checkpoints and a public key in, a verdict out. Pure and
 * streaming: memory stays logarithmic in the number of entries, but for approvers and approvals that are open. Everything it
 * reads is attacker-controlled.
 */
import { type Answered, Answers } from './answers.js';
import { canonical } from './canonical.js';
import { noEntryBefore } from './entry.js';
import { Finding, type Unsound } from './finding.js';
import type { PublicKey } from './key.js';
import { Verifier } from './note.js';
import { Subjects } from './subjects.js';
import { leafHash, sha256 } from './tree.js';
import { type StoredCheckpoint, Witness } from './witness.js';

/** An entry as it is kept: its bytes, and what a database says of it in columns beside them. */
export interface StoredEntry {
  readonly bytes: Uint8Array;
  readonly columns?: { readonly seq: number; readonly id: string; readonly leaf: string };
}

/** All that a verification needs. */
export interface Evidence {
  /** From the first to the last. */
  readonly entries: Iterable<StoredEntry>;
  /** The log's own checkpoints, by size. */
  readonly checkpoints: Iterable<StoredCheckpoint>;
  readonly key: PublicKey;
  /** A checkpoint that was saved elsewhere: the only thing that can tell of a cut tail or of another history. */
  readonly head?: string | undefined;
  /** Entries without any checkpoint are a fault: set for a whole ledger, which always has one. */
  readonly complete: boolean;
}

/** What a log that holds together shows. */
export interface Sound {
  readonly ok: true;
  readonly origin: string | null;
  readonly entries: number;
  /** The first this many entries are covered by a checkpoint that the log signed; those behind are only chained. */
  readonly attested: number;
  /** The first this many are covered by the saved head as well; null without one. */
  readonly anchored: number | null;
  /** Hex root over all entries. */
  readonly root: string;
  /** Answers of approvers, whose signatures were checked. */
  readonly answers: Answered;
  /** How many different subjects the keys of their gateways have signed. */
  readonly subjects: number;
}

interface Read {
  readonly seq: number;
  readonly id: string;
  readonly prev: string;
  readonly hash: string;
  readonly leaf: string;
  readonly entry: Readonly<Record<string, unknown>>;
}

/** Reads one entry by itself: its spelling, its members, and the columns beside it. */
function read({ bytes, columns }: StoredEntry, expected: number): Read {
  let text: string;
  let entry: Record<string, unknown>;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    entry = JSON.parse(text) as Record<string, unknown>;
    if (canonical(entry) !== text) throw new TypeError('It is not canonical JSON.');
  } catch {
    const missing = columns !== undefined && columns.seq > expected;
    if (missing) throw new Finding('entry_missing', expected, `Entry ${expected} is missing.`);
    throw new Finding('entry_malformed', expected, `Entry ${expected} is not canonical JSON.`);
  }
  const { v, seq, id, prev } = entry;
  const shown = typeof id === 'string' ? id : null;
  const at = columns?.seq ?? (typeof seq === 'number' ? seq : expected);
  if (at > expected)
    throw new Finding('entry_missing', expected, `Entry ${expected} is missing: entry ${at} stands in its place.`);
  if (at < expected)
    throw new Finding(
      'entry_repeated',
      expected,
      `Where entry ${expected} should be, entry ${at} appears again.`,
      shown,
    );
  const leaf = leafHash(bytes);
  if (columns !== undefined && seq !== expected && columns.leaf === leaf) {
    throw new Finding(
      'entry_moved',
      expected,
      `Where entry ${expected} should be, there is entry ${String(seq)}.`,
      shown,
    );
  }
  if (columns !== undefined && (columns.leaf !== leaf || columns.id !== id)) {
    throw new Finding(
      'entry_changed',
      expected,
      `Entry ${expected} was changed: it does not fit what is stored beside it.`,
      columns.id,
    );
  }
  if (
    v !== 1 ||
    seq !== expected ||
    typeof id !== 'string' ||
    !/^ev_[0-9A-HJKMNP-TV-Z]{26}$/.test(id) ||
    typeof prev !== 'string'
  ) {
    throw new Finding(
      'entry_malformed',
      expected,
      `Entry ${expected} does not have the members of an entry at its place.`,
      shown,
    );
  }
  return { seq: expected, id, prev, hash: sha256(bytes), leaf, entry };
}

/** The first entry says which log it begins, and with which key. */
function identify(first: Read, key: PublicKey): Verifier {
  const { origin, public_key } = (first.entry.log ?? {}) as { origin?: unknown; public_key?: unknown };
  let verifier: Verifier;
  try {
    verifier = Verifier.parse(String(public_key));
  } catch {
    throw new Finding('entry_malformed', 0, 'Entry 0 does not say which log it begins.', first.id);
  }
  if (verifier.name !== origin || !verifier.raw.equals(key.raw) || (key.name !== null && key.name !== origin)) {
    throw new Finding(
      'foreign_log',
      0,
      `This is the log ${String(origin)}, and not the one that the key belongs to${key.name === null ? '' : `, ${key.name}`}.`,
      first.id,
    );
  }
  return verifier;
}

/** Whether the entry that follows, if there is one, links to `entry`: if not, `entry` was changed itself. */
function isLinked(entry: Read, following: IteratorResult<StoredEntry>): boolean {
  if (following.done) return true;
  try {
    return read(following.value, entry.seq + 1).prev === entry.hash;
  } catch {
    return false;
  }
}

/** Whether the chain is broken by `entry` itself or by the one before, whose bytes it doesn't link to. */
function broken(before: Read, entry: Read, linked: boolean, attested: number): Finding {
  // What a checkpoint has vouched for is as it was.
  const culprit = attested > before.seq || !linked ? entry : before;
  return new Finding(
    'chain_broken',
    culprit.seq,
    `Entry ${culprit.seq} was changed or does not belong here: entry ${entry.seq} links to another entry than ${before.seq}.`,
    culprit.id,
  );
}

function follow(evidence: Evidence, stream: Iterator<StoredEntry>, checkpoints: Iterator<StoredCheckpoint>): Sound {
  let witness: Witness | null = null;
  let verifier: Verifier | null = null;
  let before: Read | null = null;
  const answers = new Answers();
  const subjects = new Subjects();
  let seq = 0;
  for (let { value, done } = stream.next(); !done; seq++) {
    const entry = read(value, seq);
    if (before === null) {
      if (entry.prev !== noEntryBefore)
        throw new Finding('chain_broken', 0, 'Entry 0 links to an entry before it.', entry.id);
      verifier = identify(entry, evidence.key);
      witness = new Witness(checkpoints, evidence.head, verifier);
    } else if (entry.prev !== before.hash) {
      throw broken(before, entry, isLinked(entry, stream.next()), witness!.attested);
    } else if (entry.id <= before.id) {
      throw new Finding(
        'entry_repeated',
        seq,
        `Entry ${seq} has an id that is not greater than the one before it.`,
        entry.id,
      );
    }
    try {
      witness!.append(entry.leaf);
    } catch (error) {
      // That the tree differs says only where it was still right; the chain may say more.
      if (!(error instanceof Finding) || error.verdict.seq === null || isLinked(entry, stream.next())) throw error;
      throw new Finding(
        error.verdict.code,
        seq,
        `Entry ${seq} was changed: neither the checkpoint over it nor the next entry fits it.`,
        entry.id,
      );
    }
    answers.follow(entry.entry, seq);
    subjects.follow(entry.entry, seq);
    before = entry;
    ({ value, done } = stream.next());
  }
  // A log begins with an entry that says so: without any, nothing holds.
  if (witness === null || verifier === null) throw new Finding('truncated', 0, 'The log has no entry at all.');
  const root = witness.finish(evidence.complete);
  return {
    ok: true,
    origin: verifier.name,
    entries: seq,
    attested: witness.attested,
    anchored: witness.anchored,
    root,
    answers: answers.totals,
    subjects: subjects.signed,
  };
}

/**
 * Checks that the entries are spelled canonically, numbered without gap or repetition, chained, in one log, and what
 * its signed checkpoints say. Finds the first entry that is not; what no checkpoint covers is only chained.
 */
export function verify(evidence: Evidence): Sound | Unsound {
  let reached = 0;
  const counted = function* (): Generator<StoredEntry> {
    for (const entry of evidence.entries) {
      yield entry;
      reached++;
    }
  };
  const entries = counted();
  const checkpoints = evidence.checkpoints[Symbol.iterator]();
  try {
    return follow(evidence, entries, checkpoints);
  } catch (error) {
    if (error instanceof Finding) return error.verdict;
    // A database with damaged pages: what can't be read isn't evidence.
    const detail = `Entry ${reached} can't be read: ${(error as Error).message}.`;
    return { ok: false, code: 'unreadable', seq: reached, id: null, detail };
  } finally {
    entries.return(undefined);
    checkpoints.return?.();
  }
}
