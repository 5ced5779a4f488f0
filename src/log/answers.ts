/**
 * Answers: the part of verification that follows who may answer approvals, and checks each answer's signature with what the
 * log itself says of keys. An operator can write a log anew with the log's key; an approver's answer he can't.
 */
import type { KeyObject } from 'node:crypto';
import { Consent } from './consent.js';
import { type FaultCode, Finding } from './finding.js';
import { disagreement, isSignedBy, keyId, parseApproverKey } from './statement.js';

type Entry = { readonly [member: string]: unknown };

/** How many answers were signed, and by which keys of approvers. */
export interface Answered {
  /** By approvers themselves. */
  readonly signed: number;
  /** By the proxy for an approver who had a one-time link, or whom it knew by other means. */
  readonly vouched: number;
  /** Keys that were registered, in order: who trusts an approver compares it with the one that he shows. */
  readonly keys: readonly { readonly approver: string; readonly key: string }[];
}

interface Registered {
  readonly id: string;
  readonly key: KeyObject;
  readonly roles: readonly string[];
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

export class Answers {
  readonly #approvers = new Map<string, Registered>();
  readonly #consent = new Consent(name => this.#approvers.get(name)?.roles);
  /** The proxy's own keys for answers. */
  readonly #own = new Map<string, KeyObject>();
  readonly #keys: { readonly approver: string; readonly key: string }[] = [];
  #signed = 0;
  #vouched = 0;

  /** Throws `Finding` for an answer that isn't what it says. */
  follow(entry: Entry, seq: number): void {
    const fault = (code: FaultCode, what: string): Finding =>
      new Finding(code, seq, `Entry ${seq}, ${text(entry.type)}: ${what}.`, text(entry.id) || null);
    const read = (pem: unknown, id: unknown): KeyObject => {
      let key: KeyObject;
      try {
        key = parseApproverKey(text(pem));
      } catch (error) {
        throw fault('key_unusable', `its public key can't be used. ${(error as Error).message.replace(/\.$/, '')}`);
      }
      if (keyId(key) !== id) throw fault('key_unusable', 'the id of its key is not that of its public key');
      return key;
    };
    switch (entry.type) {
      case 'approver.added': {
        const id = text(entry.key);
        const approver = text(entry.approver);
        // A restart may say it again.
        if (this.#approvers.get(approver)?.id !== id) this.#keys.push({ approver, key: id });
        const roles = Array.isArray(entry.roles) ? entry.roles.map(text) : [];
        this.#approvers.set(approver, { id, key: read(entry.public_key, id), roles });
        return;
      }
      case 'approver.removed':
        this.#approvers.delete(text(entry.approver));
        this.#consent.left(text(entry.approver));
        return;
      case 'key.created':
        if (entry.purpose === 'approvals') {
          const { id, public: pem } = (entry.key ?? {}) as Entry;
          this.#own.set(text(id), read(pem, id));
        }
        return;
      case 'approval.requested':
        this.#consent.asked(entry);
        return;
      case 'approval.granted':
        this.#consent.yes(entry, this.#answer(entry, fault));
        return;
      case 'approval.refused':
        this.#answer(entry, fault);
        this.#consent.ended(entry);
        return;
      case 'approval.expired':
      case 'approval.cancelled':
        this.#consent.ended(entry);
        return;
      case 'approval.redeemed':
        if (this.#consent.lacks(entry))
          throw fault(
            'consent_missing',
            `${text(entry.approval)} was used, and not everybody it takes had approved it`,
          );
    }
  }

  /** Who has signed it; null if nobody has, and nobody had to. */
  #answer(entry: Entry, fault: (code: FaultCode, what: string) => Finding): string | null {
    const name = text(entry.approver);
    const given = { statement: text(entry.statement), signature: text(entry.signature) };
    if (entry.signature === undefined && entry.statement === undefined) {
      if (entry.type === 'approval.granted' && this.#approvers.size > 0)
        throw fault('signature_missing', 'approvers were registered, and none of them has signed it');
      return null;
    }
    const approver = this.#approvers.get(name);
    if (approver === undefined) throw fault('signature_unknown', `there was no approver ${name} at that time`);
    const own = entry.via === 'cli';
    const key = own ? (approver.id === entry.key ? approver.key : undefined) : this.#own.get(text(entry.key));
    if (key === undefined)
      throw fault('signature_unknown', `it is signed with ${text(entry.key)}, which was not a key for that`);
    if (!isSignedBy(given, key)) throw fault('signature_forged', `the signature of ${name} is wrong`);
    const differs = disagreement(
      given.statement,
      {
        approval: text(entry.approval),
        binding: text(entry.binding),
        verdict: entry.type === 'approval.granted' ? 'granted' : 'refused',
        scope: (entry.scope ?? {}) as object,
        approver: name,
      },
      Date.parse(text(entry.time)),
    );
    if (differs !== null) throw fault('statement_differs', `what ${name} signed does not fit the entry: ${differs}`);
    if (own) this.#signed++;
    else this.#vouched++;
    return name;
  }

  get totals(): Answered {
    return { signed: this.#signed, vouched: this.#vouched, keys: this.#keys };
  }
}
