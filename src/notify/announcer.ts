/**
 * Announcer: compares the approvals as they are with what was said of them, and puts the difference into the outbox. It looks
 * at states, not at events, so that nothing that happened while nobody looked is missed.
 */
import type { Approval, ApprovalState } from '../approvals/index.js';
import type { Shelf, State } from '../identity/state.js';
import { type Event, isOpen, type Notice, noticeOf } from './notice.js';
import type { Outbox, Parcel } from './outbox.js';

/** What was said of an approval, and where. */
interface Announced {
  readonly notice: Notice;
  readonly run: string;
  readonly channels: readonly string[];
  /** Where its message stands on a channel whose messages can be changed. */
  readonly posted: Readonly<Record<string, string>>;
}

interface Options {
  readonly state: Pick<State, 'shelf' | 'together'>;
  readonly outbox: Outbox;
  readonly now: () => number;
  /** True for gateways whose approvals nobody is told of: those that notifications go through. */
  own(gateway: string): boolean;
  /** Where an approval is announced. */
  channels(approval: Approval): readonly string[];
  /** Whether texts read like orders to whoever reads them. */
  suspicious(value: unknown): boolean;
  /** There was no room for this one. */
  lost(parcel: Pick<Parcel, 'id' | 'channel' | 'notice' | 'run'>): void;
}

export interface Announcer {
  /** `approvals`: all that there are. */
  look(approvals: readonly Approval[]): void;
  /** Notes where a message stands, and finds that again. */
  posted(approval: string, channel: string, at: string): void;
  placeOf(approval: string, channel: string): string | undefined;
}

const ends: Readonly<Record<Exclude<ApprovalState, 'pending'>, Event>> = {
  granted: 'granted',
  redeemed: 'granted',
  refused: 'refused',
  expired: 'expired',
  cancelled: 'cancelled',
};

const eventOf = ({ state, yes }: Approval): Event =>
  state !== 'pending' ? ends[state] : yes.length > 0 ? 'noted' : 'requested';

const idOf = ({ approval, event, yes }: Notice): string => `${approval}_${event}${event === 'noted' ? `_${yes}` : ''}`;

const hour = 3_600_000;

export function openAnnouncer({ state, outbox, now, own, channels, suspicious, lost }: Options): Announcer {
  const shelf: Shelf<Announced> = state.shelf('announced');
  const known = new Map(shelf.all().map(each => [each.notice.approval, each]));
  const keep = (each: Announced): void => {
    shelf.put(each.notice.approval, each);
    known.set(each.notice.approval, each);
  };
  const say = (each: Announced): void => {
    const { notice, run } = each;
    const { approval, expires_at } = notice;
    const open = isOpen(notice.event);
    const before = known.get(approval)?.notice ?? notice;
    // Who was never told of the question needn't hear of its end; of what came in between only the last counts.
    const told = each.channels.filter(channel => {
      if (before.event !== 'requested') outbox.withdraw({ id: idOf(before), channel });
      return open || !outbox.withdraw({ id: idOf({ ...notice, event: 'requested' }), channel });
    });
    const end = expires_at === null ? now() + 24 * hour : Date.parse(expires_at);
    const until = open ? end : now() + hour;
    const next = { ...each, channels: told };
    state.together(() => {
      shelf.put(approval, next);
      for (const channel of told) {
        const parcel = { id: idOf(notice), channel, notice, run, until };
        if (!outbox.put(parcel)) lost(parcel);
      }
    });
    // Not before it is on disk: what isn't is said by the next look.
    known.set(approval, next);
  };
  return {
    look(approvals) {
      const gone = new Set(known.keys());
      for (const approval of approvals) {
        gone.delete(approval.id);
        if (own(approval.gateway)) continue;
        const before = known.get(approval.id);
        const event = eventOf(approval);
        const said = before?.notice.event === event && (event !== 'noted' || before.notice.yes === approval.yes.length);
        if (said || (before === undefined && !isOpen(event))) continue;
        const notice = noticeOf(approval, event, suspicious);
        say(
          before === undefined
            ? { notice, run: approval.run, channels: channels(approval), posted: {} }
            : { ...before, notice },
        );
      }
      const waiting = new Set(gone.size === 0 ? [] : outbox.waiting.map(({ notice }) => notice.approval));
      for (const id of gone) {
        const last = known.get(id)!;
        if (isOpen(last.notice.event)) say({ ...last, notice: { ...last.notice, event: 'expired' } });
        else if (!waiting.has(id)) {
          known.delete(id);
          shelf.remove(id);
        }
      }
    },
    posted(approval, channel, at) {
      const each = known.get(approval);
      if (each !== undefined) keep({ ...each, posted: { ...each.posted, [channel]: at } });
    },
    placeOf: (approval, channel) => known.get(approval)?.posted[channel],
  };
}
