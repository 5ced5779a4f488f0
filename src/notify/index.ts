/** Notify: who is told that an approval is wanted, in what words, and how their answer from Slack is known. Sends nothing itself. */
import type { HttpAnswer } from './interaction.js';

export { type Announcer, openAnnouncer } from './announcer.js';
export { delayAfter, retryAfterOf } from './backoff.js';
export { type HttpAnswer, type Press, payloadOf, pressOf, Rejections, SlackRequests } from './interaction.js';
export { mailMessage } from './mail.js';
export type { Link, Notice } from './notice.js';
export { type Outbox, openOutbox, type Parcel, type Tried, Undelivered } from './outbox.js';
export { escaped, slackMessage } from './slack.js';
export { inert } from './text.js';

/** Notifications, as the rest of the house sees them. */
export interface Notify {
  /** What keeps notifications from their receivers, and what to do about it, as sentences. */
  notices(): string[];
  /** How many exchanges with the proxy are its own: they keep no background proxy alive. */
  readonly exchanges: number;
  /** How many notifications are still to be said: these do keep it alive. */
  readonly waiting: number;
  /** Whether a run is one of its own. */
  owns(run: string): boolean;
  /**
   * Answers what came to `/slack/interactions`: field names in lower case, and the body byte by byte. What was pressed has
   * effect after the answer, for which Slack waits three seconds.
   */
  slackInteraction(headers: Readonly<Record<string, string | string[] | undefined>>, body: Uint8Array): HttpAnswer;
}
