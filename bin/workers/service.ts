/** Service: what one worker gets from the rooms of the parent, and what it leaves behind when it is lost. */
import { Refusal } from '../../src/errors.js';
import type { Log } from '../../src/log/index.js';
import type { Context } from '../../src/model.js';
import type { Signer } from '../../src/permit/packet.js';
import type { Ledger, Wanted } from '../../src/spending/index.js';
import type { CertificateAuthority } from '../../src/tls/authority.js';
import type { Lease } from '../../vault/index.js';
import type { Exchange } from '../proxy/exchange/index.js';
import type { Ears } from './channel.js';
import { Decisions } from './decisions.js';
import {
  type Counted,
  type Entry,
  type LeaseWanted,
  readAgentWanted,
  readApprovalWanted,
  readCounted,
  readDeferWanted,
  readEntry,
  readLeaseWanted,
  readLeft,
  readNumber,
  readSpending,
  readText,
  readVoiding,
  readWanted,
  type Spending,
} from './messages.js';
import { Waiting, type WaitingHouse } from './waiting.js';

/** The rooms that only the parent has. */
export interface ParentHouse extends WaitingHouse {
  readonly log: Log;
  readonly vault: Exchange;
  readonly keys: Signer;
  readonly authority: Pick<CertificateAuthority, 'leafFor' | 'leafKey'>;
  readonly ledger: Pick<Ledger, 'reserve' | 'settle' | 'release'>;
  count(gateway: string, same: string | null): Context['counters'];
  voided(run: string, reason: string): Promise<string>;
  diagnose(error: unknown): void;
}

/** Hears of the connections that were given to the worker, of each once. */
export interface Connections {
  taken(number: number): void;
  closed(): void;
}

export class Service implements Ears {
  readonly #house: ParentHouse;
  readonly #decisions: Decisions;
  /** Decisions on their way to the disk. */
  readonly #recording = new Set<Promise<unknown>>();
  readonly #waiting: Waiting;
  /** What this worker has set aside and not settled. */
  readonly #reserved = new Set<number>();
  readonly #connections: Connections;

  constructor(house: ParentHouse, connections: Connections) {
    this.#house = house;
    this.#decisions = new Decisions(house.keys);
    this.#waiting = new Waiting(house, this.#decisions);
    this.#connections = connections;
  }

  /** How many requests are on their way. */
  get requests(): number {
    return this.#decisions.size;
  }

  ask(what: string, value: unknown): unknown {
    const { vault, authority } = this.#house;
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
        return this.#count(readCounted(value));
      case 'void':
        return this.#house.voided(...readVoiding(value));
      case 'approve':
        return this.#waiting.approve(readApprovalWanted(value));
      case 'defer':
        return this.#underWay(this.#waiting.defer(readDeferWanted(value)));
      case 'agent':
        return this.#waiting.agent(readAgentWanted(value));
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
        return void this.#house.count(readText(value), null);
      case 'taken':
        return this.#connections.taken(readNumber(value));
      case 'closed':
        return this.#connections.closed();
      case 'left':
        return this.#waiting.left(readLeft(value));
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
    this.#waiting.leave();
    await Promise.allSettled(this.#recording);
    for (const { decided, run, gateway } of this.#decisions.all())
      this.#house.log.note({
        type: 'action.completed',
        run,
        gateway,
        decided,
        status: null,
        error: 'proxy_error',
        reason: 'The process that handled it ended; whether it was sent is not known.',
      });
    this.#decisions.clear();
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
    const packet = this.#decisions.add(recorded.id, opens, permit);
    return permit === null ? recorded : { ...recorded, packet };
  }

  #note({ entry, completes }: Entry): void {
    this.#house.log.takeNote(entry);
    if (completes !== null) this.#decisions.complete(completes);
  }

  async #lease(value: unknown): Promise<Lease> {
    const wanted = readLeaseWanted(value);
    try {
      return await this.#lend(wanted);
    } catch (error) {
      if (error instanceof Refusal && error.extra.rule === 'permit') {
        const { run = null, gateway = null, decided = null } = this.#decisions.of(wanted.evidence) ?? {};
        this.#house.log.note({ type: 'permit.rejected', run, gateway, decided, reason: error.message });
      }
      throw error;
    }
  }

  async #lend({ evidence, packet, hash, target }: LeaseWanted): Promise<Lease> {
    const permit = this.#decisions.permitFor(evidence, packet);
    const { vault } = this.#house;
    await vault.fetch(permit, hash, { ...target, host: permit.allowed.host, port: permit.allowed.port });
    const { name, version, scheme, connector, value: secret, expires_at, opened_by } = vault.lease(permit, hash);
    return { name, version, scheme, connector, value: secret, expires_at, opened_by };
  }

  #count({ gateway, same }: Counted): Context['counters'] {
    return this.#house.count(gateway, same);
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
}
