/** Service: what one worker gets from the rooms of the parent, and what it leaves behind when it is lost. */
import type { Approvals } from '../../src/approvals/index.js';
import { Refusal } from '../../src/errors.js';
import { openTrace } from '../../src/gateway.js';
import { Flight } from '../../src/http/flights.js';
import type { Log } from '../../src/log/index.js';
import type { Context } from '../../src/model.js';
import type { Permit } from '../../src/permit.js';
import type { Policy } from '../../src/policy/index.js';
import type { Ledger, Wanted } from '../../src/spending/index.js';
import type { CertificateAuthority } from '../../src/tls/authority.js';
import type { Lease } from '../../vault/index.js';
import { confirmed } from '../proxy/confirm.js';
import type { Exchange } from '../proxy/exchange/index.js';
import type { Ears } from './channel.js';
import {
  type ApprovalWanted,
  type Entry,
  readApprovalWanted,
  readEntry,
  readLeaseWanted,
  readLeft,
  readNumber,
  readSpending,
  readText,
  readWanted,
  type Spending,
} from './messages.js';

/** The rooms that only the parent has. */
export interface ParentHouse {
  readonly log: Log;
  readonly vault: Exchange;
  readonly approvals: Approvals;
  readonly policy: Policy;
  readonly authority: Pick<CertificateAuthority, 'leafFor' | 'leafKey'>;
  readonly ledger: Pick<Ledger, 'reserve' | 'settle' | 'release'>;
  count(gateway: string): Context['counters'];
  diagnose(error: unknown): void;
}

/** Hears of the connections that were given to the worker, of each once. */
export interface Connections {
  taken(number: number): void;
  closed(): void;
}

/** A decision, not a denial, of which nobody has said yet how it ended. */
interface Open {
  readonly decided: string;
  readonly run: string | null;
  readonly gateway: string | null;
  /** What the vault asks for; null while a human is asked. */
  permit: Permit | null;
}

export class Service implements Ears {
  readonly #house: ParentHouse;
  /** By the id of the decision. */
  readonly #open = new Map<string, Open>();
  /** The same by the id of the entry that a permit names: the decision's, or that of its redeemed approval. */
  readonly #permitted = new Map<string, Open>();
  /** Decisions on their way to the disk. */
  readonly #recording = new Set<Promise<unknown>>();
  readonly #approvals = new Map<number, Flight>();
  /** What this worker has set aside and not settled. */
  readonly #reserved = new Set<number>();
  readonly #connections: Connections;

  constructor(house: ParentHouse, connections: Connections) {
    this.#house = house;
    this.#connections = connections;
  }

  /** How many requests are on their way. */
  get requests(): number {
    return this.#open.size;
  }

  ask(what: string, value: unknown): unknown {
    const { vault, count, authority } = this.#house;
    switch (what) {
      case 'record':
        return this.#underWay(this.#record(readEntry(value)));
      case 'lease':
        return this.#lease(value);
      case 'needles':
        return vault.needleForms(readText(value));
      case 'reserve':
        return this.#reserve(readWanted(value));
      case 'count':
        return count(readText(value));
      case 'approve':
        return this.#approve(readApprovalWanted(value));
      case 'leaf':
        return authority.leafFor(readText(value));
      default:
        throw new TypeError(`A worker asks for what there is not: ${what}.`);
    }
  }

  tell(what: string, value: unknown): void {
    switch (what) {
      case 'note':
        return this.#note(readEntry(value));
      case 'spent':
        return this.#spent(readSpending(value));
      case 'unspent':
        return this.#unspent(readNumber(value));
      case 'counted':
        return void this.#house.count(readText(value));
      case 'taken':
        return this.#connections.taken(readNumber(value));
      case 'closed':
        return this.#connections.closed();
      case 'left':
        return this.#left(value);
      case 'refused':
        return this.#house.vault.refused(readText(value));
      case 'diagnose':
        return this.#house.diagnose(readText(value));
      default:
        throw new TypeError(`A worker tells what nobody listens to: ${what}.`);
    }
  }

  /**
   * The worker is no more, and nobody waits for a human any longer. Resolves when all that it had decided to send is completed
   * as failed: also what is yet to reach the disk.
   */
  async lost(): Promise<void> {
    for (const flight of this.#approvals.values()) flight.leave();
    await Promise.allSettled(this.#recording);
    for (const { decided, run, gateway } of this.#open.values())
      this.#house.log.note({
        type: 'action.completed',
        run,
        gateway,
        decided,
        status: null,
        error: 'proxy_error',
        reason: 'The process that handled it ended; whether it was sent is not known.',
      });
    this.#open.clear();
    this.#permitted.clear();
    // Whether it was sent is not known: it counts.
    for (const reservation of this.#reserved) this.#house.ledger.settle(reservation, null);
    this.#reserved.clear();
  }

  #underWay<T>(recorded: Promise<T>): Promise<T> {
    this.#recording.add(recorded);
    const over = (): void => void this.#recording.delete(recorded);
    recorded.then(over, over);
    return recorded;
  }

  async #record({ entry, opens, allowed }: Entry): Promise<unknown> {
    const { log } = this.#house;
    if (opens === null) return log.take(entry);
    const { recorded, permit } =
      allowed === null ? { recorded: await log.take(entry), permit: null } : await log.takeAllow(entry, allowed);
    const open: Open = { ...opens, decided: recorded.id, permit };
    this.#open.set(recorded.id, open);
    if (permit !== null) this.#permitted.set(recorded.id, open);
    return recorded;
  }

  #note({ entry, completes }: Entry): void {
    this.#house.log.takeNote(entry);
    const open = completes === null ? undefined : this.#open.get(completes);
    if (open === undefined) return;
    this.#open.delete(open.decided);
    if (open.permit !== null) this.#permitted.delete(open.permit.allowed.evidence);
  }

  async #lease(value: unknown): Promise<Lease> {
    const { evidence, hash, target } = readLeaseWanted(value);
    const permit = this.#permitted.get(evidence)?.permit;
    // The vault looks at nothing but a permit, and here is none without its entry.
    if (permit == null) throw new Refusal('denied', 'The permit was rejected: there is none.', { rule: 'permit' });
    const { vault } = this.#house;
    await vault.fetch(permit, hash, { ...target, host: permit.allowed.host, port: permit.allowed.port });
    const { name, version, scheme, connector, value: secret, expires_at, opened_by } = vault.lease(permit, hash);
    return { name, version, scheme, connector, value: secret, expires_at, opened_by };
  }

  async #approve({ number, trace: known, allowed }: ApprovalWanted): Promise<unknown> {
    const { approvals, policy } = this.#house;
    const trace = { ...openTrace({ subject: known.question!.subject, grants: [] }), ...known };
    const flight = new Flight(
      'exchange',
      () => {},
      () => {},
    );
    this.#approvals.set(number, flight);
    try {
      const permit = await approvals.await(trace, flight, allowed, () => confirmed(policy, trace));
      const open = this.#open.get(known.evidence!);
      if (open !== undefined) {
        open.permit = permit;
        this.#permitted.set(permit.allowed.evidence, open);
      }
      return permit.allowed;
    } finally {
      this.#approvals.delete(number);
    }
  }

  #reserve(wanted: Wanted): number {
    const reservation = this.#house.ledger.reserve(wanted);
    this.#reserved.add(reservation);
    return reservation;
  }

  #spent({ reservation, amounts }: Spending): void {
    if (this.#reserved.delete(reservation)) this.#house.ledger.settle(reservation, amounts);
  }

  #unspent(reservation: number): void {
    if (this.#reserved.delete(reservation)) this.#house.ledger.release(reservation);
  }

  #left(value: unknown): void {
    const { number, stopped } = readLeft(value);
    const flight = this.#approvals.get(number);
    if (stopped) flight?.stop();
    else flight?.leave();
  }
}
