/**
 * The log as a worker process has it: it prints entries, and the parent, who has the log, numbers and writes them. A
 * permit is minted here, once the parent has said that this very entry is on disk.
 */
import { Refusal } from '../errors.js';
import type { Draft, Recorded } from '../model.js';
import type { Opened } from '../permit/packet.js';
import { type Allowed, mint, type Permit } from '../permit.js';
import type { Unnumbered } from './commits.js';
import { pieces } from './entry.js';
import type { Log } from './log.js';

/** An entry that is printed but for what only the log itself knows: the texts before, between and after `id`, `prev`, `seq`. */
export type Printed = readonly [beforeId: string, beforePrev: string, beforeSeq: string, rest: string];

/** A {@link Printed} entry, as the log takes it. */
export const unnumbered = ([beforeId, beforePrev, beforeSeq, rest]: Printed): Unnumbered => ({
  at: (id, seq) => ({ before: beforeId + id + beforePrev, after: beforeSeq + seq + rest }),
});

/** The way to the parent. Rejects `Refusal`, as the log there does. */
export interface Parent {
  /** Resolves when the entry is on disk; with the packet of the permit, if something is allowed. `draft` says what it is about. */
  record(entry: Printed, draft: Draft, allowed: Omit<Allowed, 'evidence'> | null): Promise<Recorded & Packed>;
  note(entry: Printed, draft: Draft): void;
}

/** What comes with an entry that allows something. */
export interface Packed {
  readonly packet?: string;
}

/** How {@link openRemoteLog} is furnished. */
export interface RemoteOptions {
  readonly parent: Parent;
  /** Reads a packet for the request with this hash. Throws `Refusal` (`denied`, rule `permit`). */
  open(packet: string, request: string): Opened;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** That many random bytes. */
  readonly random: (bytes: number) => Uint8Array;
}

/** What the data path does with the log, in a worker. */
export interface RemoteLog extends Pick<Log, 'record' | 'allow'> {
  /** As `Log.note`, but its id is the parent's to give: empty here. */
  note(draft: Draft): string;
  /** The permit of a packet: for what the parent itself has recorded as allowed (an approval that was redeemed). */
  redeemed(packet: string, request: string): Permit;
  /** The packet that a permit came in. */
  packetOf(permit: Permit): string;
}

/** More text on its way (UTF-16 code units), and new decisions are refused until the parent has caught up. */
const limit = 64 << 20;

export function openRemoteLog({ parent, open, now, random }: RemoteOptions): RemoteLog {
  // Stand where id and number will be, and nobody outside can have written them anywhere in an entry.
  const id = `ev_${Buffer.from(random(16)).toString('hex').slice(0, 26).toUpperCase()}`;
  const seq = 2 ** 52 + Buffer.from(random(6)).readUIntBE(0, 6);
  const idMark = `"id":"${id}"`;
  const seqMark = `"seq":${seq}`;
  const packets = new WeakMap<Permit, string>();
  let underWay = 0;

  function print(draft: Draft): Printed {
    try {
      const { before, after } = pieces(draft, { id, seq, time: new Date(now()).toISOString() });
      const atId = before.indexOf(idMark) + idMark.length - 1 - id.length;
      const atSeq = after.indexOf(seqMark) + seqMark.length - `${seq}`.length;
      return [
        before.slice(0, atId),
        before.slice(atId + id.length),
        after.slice(0, atSeq),
        after.slice(atSeq + `${seq}`.length),
      ];
    } catch (error) {
      throw new Refusal('malformed_request', (error as Error).message);
    }
  }

  function unpacked(packet: string, request: string): Permit {
    const { allowed, issued } = open(packet, request);
    const permit = mint(allowed, issued);
    packets.set(permit, packet);
    return permit;
  }

  async function send(draft: Draft, allowed: Omit<Allowed, 'evidence'> | null): Promise<Recorded & Packed> {
    if (underWay > limit) throw new Refusal('overloaded', 'Too many entries wait for the disk.');
    const entry = print(draft);
    const size = entry[0].length + entry[1].length + entry[2].length + entry[3].length;
    underWay += size;
    try {
      return await parent.record(entry, draft, allowed);
    } finally {
      underWay -= size;
    }
  }

  return {
    record: draft => send(draft, null),
    note(draft) {
      parent.note(print(draft), draft);
      return '';
    },
    async allow(draft, allowed) {
      const recorded = await send(draft, allowed);
      return { recorded, permit: unpacked(recorded.packet ?? '', allowed.request) };
    },
    redeemed: unpacked,
    packetOf: permit => packets.get(permit) ?? '',
  };
}
