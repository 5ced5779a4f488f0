/** Kept: the approvals that there are, in memory and on disk; what was settled is dropped after a while. */
import { exitCode, Fault } from '../errors.js';
import type { Shelf } from '../identity/state.js';
import type { Approval, ApprovalState } from './approval.js';
import type { Bindings } from './binding.js';
import { leftOf } from './scope.js';

/** An approval that may be changed by whoever puts it back. */
export type Held = { -readonly [member in keyof Approval]: Approval[member] };

/** So many of a gateway that are settled are kept to be looked at. */
const mostSettled = 1_000;

export const isOpen = ({ state }: { state: ApprovalState }): boolean => state === 'pending' || state === 'granted';

export class Kept {
  readonly #shelf: Shelf<Approval>;
  readonly #all = new Map<string, Held>();

  constructor(shelf: Shelf<Approval>) {
    this.#shelf = shelf;
    const stored = shelf.all().sort((a, b) => (a.requested_at < b.requested_at ? -1 : 1));
    for (const approval of stored) this.#all.set(approval.id, { ...approval });
  }

  all(): Held[] {
    return [...this.#all.values()];
  }

  /** Throws `Fault` (missing). */
  find(id: string): Held {
    const approval = this.#all.get(id);
    if (approval === undefined)
      throw new Fault(exitCode.missing, `There is no approval ${id}.`, 'List them with: tf approvals list');
    return approval;
  }

  /** There, but not yet on disk. */
  add(approval: Held): void {
    this.#all.set(approval.id, approval);
  }

  /** On disk as it is now. */
  put(approval: Held): void {
    this.#shelf.put(approval.id, approval);
    this.#all.set(approval.id, approval);
  }

  drop(approval: Held): void {
    this.#all.delete(approval.id);
    this.#shelf.remove(approval.id);
  }

  /** Drops what was settled before `time` (milliseconds since the epoch), and the oldest of too many of a gateway. */
  trim(time: number): void {
    const counts = new Map<string, number>();
    // The latest first: a gateway that asks for much takes nothing from another.
    for (const approval of this.all().reverse()) {
      if (isOpen(approval)) continue;
      const count = (counts.get(approval.gateway) ?? 0) + 1;
      counts.set(approval.gateway, count);
      if (count > mostSettled || Date.parse(approval.expires_at ?? approval.requested_at) < time) this.drop(approval);
    }
  }

  /** One that lets this request through, sent by this run, and isn't being taken back. */
  standing(
    { binding, resource_binding }: Bindings,
    run: string,
    answering: (approval: Held) => boolean,
  ): Held | undefined {
    return this.all().find(
      approval =>
        approval.state === 'granted' &&
        (approval.binding === binding ||
          (approval.scope?.resource === true && approval.resource_binding === resource_binding)) &&
        (approval.scope?.run !== true || approval.run === run) &&
        leftOf(approval) !== 0 &&
        !answering(approval),
    );
  }

  pending({ binding }: Bindings): Held | undefined {
    return this.all().find(approval => approval.state === 'pending' && approval.binding === binding);
  }

  /** One that was answered, or left unanswered, and whose agent hasn't heard of it. */
  untold({ binding }: Bindings): Held | undefined {
    return this.all().find(
      ({ state, told, ...each }) => each.binding === binding && !told && (state === 'refused' || state === 'expired'),
    );
  }
}
