/** Place: a world with Slack's stand-in, an agent whose posts need an approval, and a notifier that may do its work. */
import { randomBytes } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { openAuthority } from '../../src/tls/authority.js';
import { type Entry, entries } from '../faults/ledger.js';
import { type Agent, send, startAgent } from '../http/agent.js';
import { openWorld, type Received, type World, type WorldOptions } from '../world.js';
import { appToken, botToken, type Called, openStandIn, pressOn, type StandIn } from './slack.js';

export interface Place {
  readonly world: World;
  readonly slack: StandIn;
  /** Sends a request that needs an approval; the approval's id. */
  ask(path: string, body?: string): Promise<string>;
  /** As `ask` sends it. */
  status(path: string, body?: string): Promise<number>;
  entries(type: string): Promise<Entry[]>;
  /** Lets the notifier do what it must. */
  allow(): Promise<void>;
  approver(name: string, more: readonly string[]): Promise<void>;
  /** A press on the message that asks for this approval, once we know that it is there. */
  pressOn(approval: string, user: string, action?: string): Promise<object>;
  /** The agent ends. */
  leave(): Promise<void>;
  close(): Promise<void>;
}

/** Waits until something is so. */
export async function until<T>(what: () => T | Promise<T>, limit = 15_000): Promise<NonNullable<T>> {
  const end = Date.now() + limit;
  for (;;) {
    const found = await what();
    if (found) return found as NonNullable<T>;
    if (Date.now() > end) throw new Error(`It didn't happen: ${what.toString()}`);
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise(resolve => server.close(resolve));
  return port;
}

/** Opens one; `notify`: lines of that section. */
export async function openPlace(
  notify: string,
  more: { readonly config?: string; readonly answer?: WorldOptions['answer']; readonly allow?: false } = {},
): Promise<Place> {
  const slack = await openStandIn();
  const section = `notify:\n${notify}`;
  const hosts = ['slack.com', 'wss-primary.slack.com'].map(host => `    "${host}:443": "127.0.0.1:${slack.port}"\n`);
  const answer = more.answer ?? ((_: Received, response) => void response.end('{}'));
  const world = await openWorld({
    hosts: ['upstream.test', 'hooks.test'],
    answer,
    config: `${hosts.join('')}approvals: {hold: 200ms, expire: 10m}\n${more.config ?? ''}${more.allow === false ? section : ''}`,
  });
  slack.trust(openAuthority({ dir: join(world.dir, 'upstream-ca'), now: Date.now, random: randomBytes }));
  const permit = (gateway: string, action: string, resource: string, effect = 'allow'): Promise<string> => {
    const rule = ['--gateway', gateway, '--action', action, '--effect', effect];
    return world.ok(['permissions', 'set', ...rule, ...(resource === '' ? [] : ['--resource', resource])]);
  };
  const place: Omit<Place, 'ask' | 'status' | 'leave' | 'close'> = {
    world,
    slack,
    entries: async type => (await entries(world)).filter(entry => entry.type === type),
    async allow() {
      const socket = notify.includes('socket: true');
      const names = ['notifier', ...(socket ? ['notifier-app'] : [])];
      await Promise.all(names.map(name => world.tf(['gateway', 'create', name])));
      const messages = ['post', 'update', 'post_ephemeral'].map(what => `slack.message.${what}`);
      const secret = (name: string, gateway: string, input: string): Promise<string> =>
        world.ok(['secret', 'set', name, '--connector', 'slack', '--gateway', gateway], { input });
      await Promise.all([
        ...(notify.includes('links: true') ? [permit('notifier', 'slack.message.post', 'channel:UALICE')] : []),
        ...messages.map(action => permit('notifier', action, 'channel:C0123ABCD')),
        permit('notifier', 'http.post', 'host:hooks.test'),
        secret('slack-bot', 'notifier', botToken),
        ...(socket
          ? [
              permit('notifier-app', 'slack.apps.connections.open', ''),
              permit('notifier-app', 'http.get', 'host:wss-primary.slack.com'),
              secret('slack-app', 'notifier-app', appToken),
            ]
          : []),
      ]);
    },
    async pressOn(approval, user, action) {
      const asks = ({ form }: Called): boolean =>
        form.channel === 'C0123ABCD' && form.blocks?.includes(approval) === true;
      const { ts } = await until(() => slack.of('chat.postMessage').find(asks));
      await until(async () =>
        (await place.entries('notification.sent')).find(
          ({ notification, channel }) => notification === `${approval}_requested` && channel === 'slack',
        ),
      );
      return pressOn(approval, user, action, ts);
    },
    async approver(name, options) {
      await world.ok(['approver', 'add', name, '--no-passphrase', ...options]);
    },
  };
  const close = async (): Promise<void> => {
    await world.close();
    await slack.close();
  };
  let agent: Agent;
  try {
    await world.ok(['gateway', 'create', 'agent']);
    await permit('agent', 'http.post', '', 'require_approval');
    if (more.allow !== false) {
      await place.allow();
      // What it may do is there before it begins.
      await world.ok(['stop']);
      appendFileSync(join(world.home, 'config.yaml'), section);
    }
    agent = await startAgent(world, 'agent');
  } catch (error) {
    await close();
    throw error;
  }
  const post = (path: string, body: string) =>
    send(agent, `POST ${path} HTTP/1.1\r\nHost: upstream.test\r\nContent-Length: ${body.length}\r\n\r\n${body}`, {
      connect: 'upstream.test:443',
    });
  return {
    ...place,
    status: async (path, body = '{}') => (await post(path, body)).status,
    async ask(path, body = '{}') {
      const answered = await post(path, body);
      const { approval } = JSON.parse(answered.body) as { approval?: { id: string } };
      if (approval === undefined) throw new Error(answered.body);
      return approval.id;
    },
    leave: () => agent.end(),
    async close() {
      await agent.end();
      await close();
    },
  };
}
