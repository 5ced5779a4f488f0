/** Begun: what agents were allowed to do by themselves, until they say how it ended. */
import { Refusal } from '../../errors.js';
import type { Run } from '../../identity/runs.js';
import type { AllowedDeed } from '../deed.js';
import type { House } from '../house.js';

/** One of them. */
interface Begun extends AllowedDeed {
  readonly caller: Run;
  readonly started: number;
}

/** A run may have so many at once. */
const most = 1_000;

export class Deeds {
  readonly #house: House;
  /** By the id of the entry that allowed it. */
  readonly #open = new Map<string, Begun>();

  constructor(house: House) {
    this.#house = house;
  }

  /** Throws `Refusal` (`overloaded`) for a run that has too many. */
  checkRoom({ subject: { run } }: Run): void {
    let count = 0;
    for (const { caller } of this.#open.values()) if (caller.subject.run === run) count += 1;
    if (count >= most)
      throw new Refusal('overloaded', `${most} things that this run may do have not been said to be over.`);
  }

  begin(deed: AllowedDeed, caller: Run): void {
    this.#open.set(deed.evidence, { ...deed, caller, started: this.#house.now() });
  }

  /** Whether this run has begun it, and it isn't over. */
  has(evidence: string, run: string): boolean {
    return this.#open.get(evidence)?.caller.subject.run === run;
  }

  /** Says how one ended, once: null, or the name of an error; `done`: perhaps. Rejects when that can't be recorded; then it isn't over. */
  async end(evidence: string, error: string | null, done = true): Promise<void> {
    const deed = this.#open.get(evidence);
    if (deed === undefined) return;
    this.#open.delete(evidence);
    try {
      await this.#house.log.record(this.#completion(deed, error, done));
    } catch (cause) {
      this.#open.set(evidence, deed);
      throw cause;
    }
  }

  /** Nobody will say any more how the deeds of these runs ended. */
  sweep(over: (run: string) => boolean): void {
    for (const [evidence, deed] of this.#open) {
      if (!over(deed.caller.subject.run)) continue;
      this.#open.delete(evidence);
      this.#house.log.note(this.#completion(deed, 'unknown', true));
    }
  }

  /** The entry of its end; what was set aside for it counts if it was perhaps done. */
  #completion({ evidence, caller, started, reserved }: Begun, error: string | null, done: boolean) {
    const outcome = { status: null, error, bytesSent: 0, bytesReceived: 0, responseSha256: null, scrubbed: 0 };
    const usage = reserved?.settle(outcome, done) ?? null;
    return {
      ...{ type: 'action.completed' as const, run: caller.subject.run, gateway: caller.subject.id, decided: evidence },
      ...{ status: null, error, credential: null },
      duration_ms: Math.max(0, Math.round(this.#house.now() - started)),
      ...(usage && { usage }),
    };
  }
}
