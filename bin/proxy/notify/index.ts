/** Notifications: furnishes the room that knows what to say with runs of the proxy's own, Slack, webhooks and the mail command. */
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { House } from '../../../src/control/index.js';
import {
  delayAfter,
  inert,
  type Notify,
  openAnnouncer,
  openOutbox,
  type Parcel,
  payloadOf,
  pressOf,
  Rejections,
  SlackRequests,
  type Tried,
} from '../../../src/notify/index.js';
import { openAnswers } from './answers.js';
import { openChannels } from './channels.js';
import { lack, openSession } from './session.js';
import { openSlack } from './slack.js';
import { openSocketMode, type SocketMode } from './socket.js';

/** What the notifier needs besides the house. */
export interface NotifierParts {
  readonly house: House;
  /** The address that our proxy is reached by, `http://HOST:PORT`. */
  origin(): string;
  /** PEM of the authority that signs what the proxy shows to agents. */
  readonly ca: string;
  diagnose(error: unknown): void;
}

/** Notifications, under way. */
export interface Notifier extends Notify {
  /** Sends nothing more, and ends its runs: before anybody waits for what is in flight. */
  close(): Promise<void>;
}

/** So many characters of what went wrong are kept. */
const longFault = 500;

/** Before there are any. */
export const quiet: Notify = {
  notices: () => [],
  exchanges: 0,
  waiting: 0,
  owns: () => false,
  slackInteraction: () => ({ status: 404, body: '' }),
};

export function openNotifier({ house, origin, ca, diagnose }: NotifierParts): Notifier {
  const { state, log, now, approvals, config } = house;
  const { slack: toSlack, webhook, email, attempts, outbox: most, gateway } = config.notify;
  if (toSlack === 'off' && webhook.length === 0 && email === 'off') return { ...quiet, close: () => Promise.resolve() };
  const session = openSession(house, gateway);
  const app = toSlack !== 'off' && toSlack.socket ? openSession(house, toSlack.app_gateway) : null;
  const slack = openSlack(session, origin);
  /** By channel, what went wrong last. */
  const faults = new Map<string, string>();
  const requests = new SlackRequests(now);

  const signingSecret = (): string | null => {
    if (toSlack === 'off' || toSlack.signing_secret_file === undefined) return null;
    try {
      const path = resolve(house.home, toSlack.signing_secret_file);
      // Whoever can read it can answer for everybody.
      return (statSync(path).mode & 0o077) === 0 ? readFileSync(path, 'utf8').trim() || null : null;
    } catch {
      return null;
    }
  };
  const pressable = (): boolean =>
    toSlack !== 'off' && (toSlack.socket || (config.dashboard !== 'off' && signingSecret() !== null));
  const rejections = new Rejections(now);
  const rejected = (reason: string, approval?: string): void => {
    const attempts = rejections.next();
    const about = { ...(approval !== undefined && { approval }), attempts, reason };
    if (attempts > 0) log.note({ type: 'auth.rejected', run: null, at: 'slack', ...about });
  };

  const entryOf = ({ id, channel, notice, run }: Pick<Parcel, 'id' | 'channel' | 'notice' | 'run'>) => ({
    ...{ run, gateway: notice.gateway, approval: notice.approval, notification: id, channel },
  });
  const tried = ({ parcel, fault, again }: Tried): void => {
    if (fault === null) {
      faults.delete(parcel.channel);
      return void log.note({ type: 'notification.sent', ...entryOf(parcel), attempts: parcel.attempts });
    }
    const reason = inert(fault, longFault);
    faults.set(parcel.channel, reason);
    const again_at = again === null ? null : new Date(again).toISOString();
    log.note({ type: 'notification.failed', ...entryOf(parcel), attempts: parcel.attempts, reason, again_at });
  };
  const outbox = openOutbox({
    ...{ shelf: state.shelf<Parcel>('outbox'), most, attempts, now, random: Math.random, tried, diagnose },
    send: (parcel, signal) => channels.send(parcel, signal),
  });
  const announcer = openAnnouncer({
    ...{ state, outbox, now },
    own: name => name === gateway || (toSlack !== 'off' && name === toSlack.app_gateway),
    channels: approval => channels.of(approval),
    suspicious: value => house.scanner.value(value).flags.length > 0,
    lost: parcel => tried({ parcel: { ...parcel, attempts: 0 }, fault: 'the outbox is full', again: null }),
  });
  const channels = openChannels({ house, session, slack, origin, announcer, pressable });
  const pressed = openAnswers({
    ...{ house, slack, rejected, diagnose },
    placeOf: approval => announcer.placeOf(approval, 'slack'),
  });

  const look = (): void => {
    try {
      announcer.look(approvals.list());
    } catch (error) {
      diagnose(error);
    }
  };
  // After the request that caused it has gone on.
  let due: NodeJS.Immediate | null = null;
  const soon = (): void => {
    due ??= setImmediate(() => {
      due = null;
      look();
    });
  };
  const stopListening = approvals.onChange(soon);
  let socket: SocketMode | null = null;
  if (app !== null)
    socket = openSocketMode({
      ...{ session: app, origin, ca },
      delay: failures => delayAfter(failures, Math.random()),
      received: payload => pressed(pressOf(payload)),
      state(fault) {
        if (fault === null) faults.delete('slack socket');
        else faults.set('slack socket', inert(fault, longFault));
      },
    });
  look();
  outbox.start();

  return {
    get exchanges() {
      return socket?.connected === true ? 1 : 0;
    },
    get waiting() {
      return outbox.waiting.length;
    },
    owns: run => [session.run, app?.run].includes(run),
    notices() {
      const missing = [gateway, ...(app === null ? [] : [app.gateway])]
        .map(name => lack(name, house.gateways.find(name)))
        .flatMap(lacking => (lacking === null ? [] : [`notify: ${lacking}`]));
      const byHttp = toSlack !== 'off' && toSlack.signing_secret_file !== undefined;
      const unsigned = byHttp && signingSecret() === null;
      const linking = (toSlack !== 'off' && toSlack.links) || webhook.some(({ links }) => links);
      return [
        ...missing,
        ...(config.dashboard === 'off' && (byHttp || linking)
          ? [
              'notify: buttons by HTTP and links need a page; set "dashboard: 127.0.0.1:8443" in config.yaml, then restart it: tf stop',
            ]
          : []),
        ...(unsigned
          ? [
              'notify.slack.signing_secret_file: it must be there, and readable for its owner alone (chmod 600); until then nobody can answer from Slack.',
            ]
          : []),
        ...(missing.length > 0 ? [] : [...faults].map(([channel, fault]) => `notify: ${channel}: ${fault}`)),
      ];
    },
    slackInteraction(headers, body) {
      const secret = signingSecret();
      if (secret === null) return { status: 404, body: '' };
      const objection = requests.objection(headers, body, secret);
      if (objection !== null) {
        rejected(`The request is not Slack's: ${objection}.`);
        return { status: 401, body: '' };
      }
      pressed(pressOf(payloadOf(body)));
      return { status: 200, body: '' };
    },
    async close() {
      stopListening();
      if (due !== null) clearImmediate(due);
      socket?.close();
      const sent = outbox.close();
      await Promise.all([session.end(), app?.end()]);
      await sent;
    },
  };
}
