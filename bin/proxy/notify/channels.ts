/** Channels: where an approval is announced, and how a message is sent to each of these places. */
import type { Approval } from '../../../src/approvals/index.js';
import type { House } from '../../../src/control/index.js';
import { Fault, Refusal } from '../../../src/errors.js';
import {
  type Announcer,
  type Link,
  mailMessage,
  type Parcel,
  slackMessage,
  Undelivered,
} from '../../../src/notify/index.js';
import { sendMail } from './mail.js';
import type { Session } from './session.js';
import type { Slack } from './slack.js';
import { postWebhook } from './webhook.js';

interface Options {
  readonly house: House;
  readonly session: Session;
  readonly slack: Slack;
  readonly origin: () => string;
  readonly announcer: Pick<Announcer, 'posted' | 'placeOf'>;
  /** Whether a button that is pressed at Slack would reach us. */
  pressable(): boolean;
}

export interface Channels {
  /** `slack`, `slack:MEMBER`, `webhook:URL`, `email:ADDRESS`. */
  of(approval: Approval): readonly string[];
  /** Rejects `Undelivered`. */
  send(parcel: Parcel, signal: AbortSignal): Promise<void>;
}

export function openChannels({ house, session, slack, origin, announcer, pressable }: Options): Channels {
  const { approvers, approvals, config, links, now } = house;
  const { slack: toSlack, webhook, email } = config.notify;
  const linked = config.dashboard !== 'off';

  /** Those who may say yes to it. */
  const mayApprove = (approval: Approval): ReturnType<typeof approvers.list> =>
    approvers.list().filter(approver => {
      try {
        approvers.permit(approver, approval, []);
        return true;
      } catch {
        return false;
      }
    });
  /** A link of this approver's own, for this approval; null if he can have none, which isn't a reason to say nothing. */
  async function linkFor(approval: string, approver: string): Promise<Link | null> {
    if (!linked) return null;
    try {
      return { approver, url: await links.make(approval, approver, 'notify') };
    } catch (error) {
      if (error instanceof Fault) return null;
      throw error;
    }
  }
  async function linksFor(id: string): Promise<Link[]> {
    const able = mayApprove(approvals.find(id));
    const made = await Promise.all(able.map(({ name }) => linkFor(id, name)));
    return made.filter(link => link !== null);
  }

  async function toChannel({ channel, id, notice }: Parcel): Promise<void> {
    if (toSlack === 'off') return;
    const message = slackMessage(notice, pressable());
    const place = announcer.placeOf(notice.approval, channel);
    const quiet = { unfurl_links: false, unfurl_media: false, link_names: false, parse: 'none' };
    if (place === undefined) {
      // After a crash it may be there already; the id tells which two are the same.
      const metadata = { event_type: 'tollfence_approval', event_payload: { id } };
      const { channel: at, ts } = await slack.call('chat.postMessage', {
        ...{ channel: toSlack.channel, ...message, ...quiet, metadata },
      });
      if (typeof ts !== 'string') throw new Undelivered('chat.postMessage: it names no message');
      announcer.posted(notice.approval, channel, `${typeof at === 'string' ? at : toSlack.channel} ${ts}`);
    } else {
      const [at, ts] = place.split(' ') as [string, string];
      await slack.call('chat.update', { channel: at, ts, ...message, parse: 'none', link_names: false });
    }
  }

  async function toMember(member: string, { notice }: Parcel): Promise<void> {
    const approver = approvers.list().find(each => each.slack === member);
    if (approver === undefined) throw new Undelivered('no approver has this id at Slack any more', { final: true });
    const open = notice.event === 'requested';
    const link = open ? await linkFor(notice.approval, approver.name) : null;
    if (open && link === null) throw new Undelivered(`there is no link for ${approver.name} any more`, { final: true });
    await slack.call('chat.postMessage', {
      channel: member,
      ...slackMessage(notice, false, link),
      ...{ unfurl_links: false, unfurl_media: false, link_names: false, parse: 'none' },
    });
  }

  async function toHook(url: string, parcel: Parcel): Promise<void> {
    const { host, hostname } = new URL(url);
    const { gateway } = session;
    const bound = house.vault.bindingFor({ gateway, connector: 'http', host: hostname, secret: null });
    if (bound?.scheme !== 'webhook')
      throw new Undelivered(
        `there is no secret to sign for ${host}; set it with: tf secret set NAME --host ${hostname} --scheme webhook --gateway ${gateway}`,
      );
    const open = parcel.notice.event === 'requested';
    const wanted = webhook.find(each => each.url === url)?.links === true && open && linked;
    const made = wanted ? await linksFor(parcel.notice.approval) : null;
    await postWebhook(url, parcel, made, { origin: origin(), token: await session.token(), now: now(), gateway });
  }

  async function toMailbox(address: string, { id, notice }: Parcel, signal: AbortSignal): Promise<void> {
    if (email === 'off') return;
    const approver = approvers.list().find(each => each.email === address);
    const open = notice.event === 'requested';
    const link = open && approver !== undefined ? await linkFor(notice.approval, approver.name) : null;
    const domain = email.from.slice(email.from.indexOf('@') + 1);
    const first = `${notice.approval}_requested@${domain}`;
    const envelope = { from: email.from, to: address, now: now(), id: `${id}@${domain}`, follows: open ? null : first };
    await sendMail(email.command, mailMessage(notice, envelope, link), email.timeout, signal);
  }

  function deliver(parcel: Parcel, signal: AbortSignal): Promise<void> {
    const [, kind, rest = ''] = /^(\w+):?(.*)$/s.exec(parcel.channel) ?? [];
    if (kind === 'slack' && toSlack !== 'off') return rest === '' ? toChannel(parcel) : toMember(rest, parcel);
    if (kind === 'webhook' && webhook.some(({ url }) => url === rest)) return toHook(rest, parcel);
    if (kind === 'email' && email !== 'off') return toMailbox(rest, parcel, signal);
    throw new Undelivered('the configuration has no such channel any more', { final: true });
  }

  return {
    of(approval) {
      const able = mayApprove(approval);
      const mailboxes = email === 'off' ? [] : [...email.to, ...able.flatMap(each => each.email ?? [])];
      const members = toSlack !== 'off' && toSlack.links && linked ? able.flatMap(each => each.slack ?? []) : [];
      return [
        ...(toSlack === 'off' ? [] : ['slack']),
        ...members.map(member => `slack:${member}`),
        ...webhook.map(({ url }) => `webhook:${url}`),
        ...[...new Set(mailboxes)].map(address => `email:${address}`),
      ];
    },
    async send(parcel, signal) {
      try {
        await deliver(parcel, signal);
      } catch (error) {
        // What our own rooms refuse (a vault that is locked) is no fault of the program.
        throw error instanceof Refusal || error instanceof Fault ? new Undelivered(error.message) : error;
      }
    },
  };
}
