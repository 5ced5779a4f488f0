/** Place: a world whose agent may post only with an approval, and people who give one by key or by link. */

import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { type Agent, type RawAnswer, send, startAgent } from '../http/agent.js';
import { openWorld, type Ran, runProgram, type World } from '../world.js';

export interface Place {
  readonly world: World;
  readonly agent: Agent;
  post(path: string): Promise<RawAnswer>;
  /** Sends it, and returns the id of the approval that it waits for. */
  pending(path: string): Promise<string>;
  /** How often a request reached its upstream. */
  reached(path: string): number;
  /** Adds an approver with a key without passphrase. */
  approver(name: string, more?: readonly string[]): Promise<void>;
  link(approval: string, name: string): Promise<string>;
  close(): Promise<void>;
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise(resolve => server.close(resolve));
  return port;
}

/** Opens one. `permission`: more options of the permission that needs an approval. */
export async function openPlace(
  permission: readonly string[] = [],
  dashboard = '127.0.0.1:0',
  config = '',
): Promise<Place> {
  const world = await openWorld({
    config: `approvals: {hold: 200ms, expire: 10m}\ndashboard: ${dashboard}\n${config}`,
  });
  const rule = ['--gateway', 'agent', '--action', 'http.post', '--effect', 'require_approval', ...permission];
  await world.ok(['gateway', 'create', 'agent']);
  await world.ok(['permissions', 'set', ...rule]);
  const agent = await startAgent(world, 'agent');
  const place: Place = {
    world,
    agent,
    post: path =>
      send(agent, `POST ${path} HTTP/1.1\r\nHost: upstream.test\r\nContent-Length: 2\r\n\r\n{}`, {
        connect: 'upstream.test:443',
      }),
    async pending(path) {
      const { body } = await place.post(path);
      const { approval } = JSON.parse(body) as { approval?: { id: string } };
      if (approval === undefined) throw new Error(body);
      return approval.id;
    },
    reached: path => world.received.filter(({ target }) => target === path).length,
    async approver(name, more = []) {
      await world.ok(['approver', 'add', name, '--no-passphrase', ...more]);
    },
    link: async (approval, name) => (await world.ok(['approver', 'link', approval, name])).trim(),
    async close() {
      await agent.end();
      await world.close();
    },
  };
  return place;
}

/** Runs curl; the status is the last line of what it prints. */
export async function curl(args: readonly string[]): Promise<{ status: number; body: string; ran: Ran }> {
  const ran = await runProgram('curl', ['-s', '-w', '\n%{http_code}', '--max-time', '20', ...args]);
  const at = ran.stdout.lastIndexOf('\n');
  return { status: Number(ran.stdout.slice(at + 1)), body: ran.stdout.slice(0, at), ran };
}
