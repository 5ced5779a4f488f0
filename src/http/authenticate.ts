/** Authenticate: the token of a run, from Proxy-Authorization (RFC 9110 §11.7.1), and what happens to those who guess. */
import { Refusal } from '../errors.js';
import { endOf } from '../identity/bearers.js';
import type { Run, Runs } from '../identity/runs.js';

/** In characters: room for the name of a gateway and the longest token of a grant, in base64. */
const longest = 6144;

/** `Basic base64(GATEWAY:TOKEN)` or `Bearer TOKEN`, or null if it is neither. */
export function readCredentials(value: string): { gateway: string | null; token: string } | null {
  if (value.length > longest) return null;
  const match = /^(basic|bearer) +([A-Za-z0-9\-._~+/]+=*) *$/i.exec(value);
  if (match === null) return null;
  if (match[1]!.toLowerCase() === 'bearer') return { gateway: null, token: match[2]! };
  const text = Buffer.from(match[2]!, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? null : { gateway: text.slice(0, colon), token: text.slice(colon + 1) };
}

/** Counts what was rejected, so that guessing is slow and can't fill the log. */
export interface Guard {
  /** The run whose token this is. Throws `Refusal` (`unauthenticated`). `value` null: the client sent none. */
  authenticate(value: string | null, peer: string): Run;
  /** The refusal of a token that is good, and not this peer's to show. */
  stranger(peer: string, gateway: string, reason: string): Refusal;
  /** How long to wait before the answer to this peer, in milliseconds. */
  delay(peer: string): number;
}

/** What to do once a run or a grant has ended. */
export const anew = 'Start the agent anew with `tf run`, or ask for another grant: tf grant issue.';

const window = 60_000;
const patience = 30;
/** Entries of rejected attempts per peer and minute; the rest is only counted. */
const recordedAttempts = 10;

/** `onRejected` records a rejected attempt and returns the id of its entry. */
export function openGuard(
  runs: Pick<Runs, 'byToken'>,
  now: () => number,
  onRejected: (peer: string, gateway: string | null, attempts: number, reason: string) => string | Promise<string>,
): Guard {
  const failures = new Map<string, { since: number; count: number }>();
  const fail = (peer: string): number => {
    const known = failures.get(peer);
    if (known !== undefined && now() - known.since < window) return ++known.count;
    if (failures.size > 10_000) failures.clear();
    failures.set(peer, { since: now(), count: 1 });
    return 1;
  };
  return {
    authenticate(value, peer) {
      const credentials = value === null ? null : readCredentials(value);
      const run = credentials === null ? undefined : runs.byToken(credentials.token);
      // The name in front of the token must be its own: a token of one gateway is nothing under another name.
      const known = run !== undefined && [null, run.stored.gateway].includes(credentials!.gateway) ? run : null;
      const end = known === null ? null : endOf(known, now());
      if (known !== null && end === null) return known;
      const reason =
        value === null
          ? 'The request carries no Proxy-Authorization, so it belongs to no gateway.'
          : (end ?? 'The token is not known, or its run has ended.');
      const count = fail(peer);
      throw new Refusal('unauthenticated', reason, {
        ...(end !== null && { next: anew }),
        ...(count <= recordedAttempts && {
          evidence: onRejected(peer, credentials?.gateway ?? null, count, reason),
        }),
      });
    },
    stranger(peer, gateway, reason) {
      const count = fail(peer);
      return new Refusal(
        'unauthenticated',
        reason,
        count > recordedAttempts ? {} : { evidence: onRejected(peer, gateway, count, reason) },
      );
    },
    delay: peer => {
      const known = failures.get(peer);
      return known !== undefined && now() - known.since < window && known.count > patience ? 1_000 : 0;
    },
  };
}
