/**
 * Interaction: buttons that were pressed at Slack. A request of Slack's is known by its signature; who pressed is what Slack
 * says in it. https://docs.slack.dev/authentication/verifying-requests-from-slack
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { buttons } from './slack.js';

/** A button that somebody pressed. */
export interface Press {
  /** Member id of whoever pressed it. */
  readonly user: string;
  readonly approval: string;
  readonly verdict: 'granted' | 'refused';
  /** The message that it is on, as `CHANNEL TIMESTAMP`. */
  readonly at: string;
}

/** What is answered to Slack. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

/** So old, or so far ahead, a request may be, in seconds. */
const window = 300;

/** Hex HMAC-SHA256 over `v0:TIMESTAMP:BODY`, with `v0=` in front. */
const slackSignature = (secret: string, timestamp: string, body: Uint8Array): string =>
  `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:`).update(body).digest('hex')}`;

/** Knows Slack's requests, each once. */
export class SlackRequests {
  readonly #now: () => number;
  /** Signatures that were accepted, and when they are too old anyway (seconds). */
  readonly #seen = new Map<string, number>();

  /** `now` in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Why this isn't a request of Slack's that came for the first time; null if it is. Field names in lower case. */
  objection(
    headers: Readonly<Record<string, string | string[] | undefined>>,
    body: Uint8Array,
    secret: string,
  ): string | null {
    const timestamp = headers['x-slack-request-timestamp'];
    const signature = headers['x-slack-signature'];
    if (typeof timestamp !== 'string' || typeof signature !== 'string' || !/^\d{1,12}$/.test(timestamp))
      return 'it is not signed';
    const now = Math.floor(this.#now() / 1_000);
    if (Math.abs(now - Number(timestamp)) > window) return 'it is older than five minutes';
    const expected = Buffer.from(slackSignature(secret, timestamp, body));
    const given = Buffer.from(signature);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return 'its signature is wrong';
    for (const [known, until] of this.#seen) if (until < now) this.#seen.delete(known);
    if (this.#seen.has(signature)) return 'it came before';
    this.#seen.set(signature, Number(timestamp) + window);
    return null;
  }
}

/** The payload in the body of a request of Slack's: a form with one field, or null. */
export function payloadOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(new URLSearchParams(Buffer.from(body).toString('utf8')).get('payload') ?? 'null');
  } catch {
    return null;
  }
}

/** The press in an interactive payload (`block_actions`), or null if it is something else. */
export function pressOf(payload: unknown): Press | null {
  const { type, user, container, actions } = (payload ?? {}) as {
    type?: unknown;
    user?: { id?: unknown };
    container?: { channel_id?: unknown; message_ts?: unknown };
    actions?: readonly { action_id?: unknown; value?: unknown }[];
  };
  const [action, ...more] = Array.isArray(actions) ? actions : [];
  if (type !== 'block_actions' || typeof user?.id !== 'string' || more.length > 0) return null;
  const verdict = (['granted', 'refused'] as const).find(each => buttons[each] === action?.action_id);
  const approval = action?.value;
  return verdict === undefined || typeof approval !== 'string' || !/^apr_[0-9A-Za-z]{1,40}$/.test(approval)
    ? null
    : { user: user.id, approval, verdict, at: `${String(container?.channel_id)} ${String(container?.message_ts)}` };
}

/** So many rejected attempts a minute are recorded, and the others counted: whoever can reach us must not fill the log. */
const mostRejections = 10;

/** Which rejections are recorded. */
export class Rejections {
  readonly #now: () => number;
  #minute = 0;
  #recorded = 0;
  #missed = 0;

  /** `now` in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** How many attempts an entry now would stand for; 0: it is not to be made. */
  next(): number {
    const minute = Math.floor(this.#now() / 60_000);
    if (minute !== this.#minute) this.#recorded = 0;
    this.#minute = minute;
    this.#missed += 1;
    if (this.#recorded >= mostRejections) return 0;
    this.#recorded += 1;
    const attempts = this.#missed;
    this.#missed = 0;
    return attempts;
  }
}
