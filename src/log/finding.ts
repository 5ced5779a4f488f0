/** What a verification can find wrong. */

/** Why a log does not hold together. */
export type FaultCode =
  | 'unreadable'
  | 'entry_malformed'
  | 'entry_changed'
  | 'entry_missing'
  | 'entry_repeated'
  | 'entry_moved'
  | 'chain_broken'
  | 'foreign_log'
  | 'checkpoint_forged'
  | 'checkpoint_missing'
  | 'root_differs'
  | 'truncated'
  | 'head_rejected'
  | 'head_differs'
  | 'key_unusable'
  | 'signature_missing'
  | 'signature_unknown'
  | 'signature_forged'
  | 'statement_differs'
  | 'consent_missing';

/** The first thing that is wrong. */
export interface Unsound {
  readonly ok: false;
  readonly code: FaultCode;
  /** The first bad entry, or null when it is not an entry that is bad. */
  readonly seq: number | null;
  /** Its id, if it has one that can be read. */
  readonly id: string | null;
  readonly detail: string;
}

/** Thrown within verification to leave the stream; becomes the verdict. */
export class Finding extends Error {
  readonly verdict: Unsound;
  constructor(code: FaultCode, seq: number | null, detail: string, id: string | null = null) {
    super(detail);
    this.verdict = { ok: false, code, seq, id, detail };
  }
}
