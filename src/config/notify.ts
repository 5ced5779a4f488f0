/** Notify: the section `notify` of the configuration: who is told that an approval is wanted, and by what means. */
import { z } from 'zod';
import { duration } from './duration.js';

const gateway = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'must be the name of a gateway');
const file = z.string().min(1);

const isHook = (text: string): boolean => {
  if (!/^https:\/\/[^/?#]/i.test(text) || !URL.canParse(text)) return false;
  const { username, password, hash } = new URL(text);
  return username + password + hash === '';
};

/** An address as it may stand in a header: no spaces, brackets or commas, and one `@` (RFC 5321 §4.1.2, without quoting). */
const address = /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+$/;
const mailbox = z.string().max(254).regex(address, 'must be an address such as alice@example.com');

/** Whether mail can be sent to it. */
export const isMailbox = (text: string): boolean => mailbox.safeParse(text).success;
/** Whether it is the id of somebody at Slack: what is sent to a name or a channel, others would read. */
export const isMember = (text: string): boolean => /^[UW][A-Z0-9]{2,20}$/.test(text);

const slack = z
  .strictObject({
    channel: z.string().regex(/^[CGDU][A-Z0-9]{2,20}$/, "must be a channel's id, such as C0123ABCD"),
    socket: z.boolean().default(false),
    app_gateway: gateway.default('notifier-app'),
    signing_secret_file: file.optional(),
    links: z.boolean().default(false),
  })
  .refine(
    ({ socket, signing_secret_file }) => !socket || signing_secret_file === undefined,
    'has both socket and signing_secret_file: buttons come back by one of them',
  );

const email = z.strictObject({
  command: z.array(z.string()).min(1),
  from: mailbox,
  to: z.array(mailbox).max(100).default([]),
  timeout: duration.default(30_000),
});

/** What `notify` may hold. Times in milliseconds, once read. */
export const notify = z
  .strictObject({
    gateway: gateway.default('notifier'),
    slack: z.union([z.literal('off'), slack]).default('off'),
    webhook: z
      .array(
        z.strictObject({
          url: z.string().max(2_000).refine(isHook, 'must be an https URL without user or fragment'),
          links: z.boolean().default(false),
        }),
      )
      .max(16)
      .refine(hooks => new Set(hooks.map(({ url }) => url)).size === hooks.length, 'names a URL twice')
      .default([]),
    email: z.union([z.literal('off'), email]).default('off'),
    attempts: z.int().min(1).max(100).default(10),
    outbox: z.int().min(1).max(100_000).default(1_000),
  })
  .refine(
    ({ gateway: own, slack: to }) => to === 'off' || to.app_gateway !== own,
    'has one gateway for two tokens of Slack: app_gateway must be another one',
  )
  .prefault({});

/** The section, read. */
export type NotifyConfig = z.output<typeof notify>;
