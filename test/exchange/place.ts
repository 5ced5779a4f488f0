/** Place: a gateway `agent`, upstreams that check what they get, and what it takes to ask and to read the log. */
import { openWorld, type Received, type World, type WorldOptions } from '../world.js';

export interface Entry {
  readonly id: string;
  readonly type: string;
  readonly [member: string]: unknown;
}

export interface Answered {
  readonly status: number;
  readonly body: string;
}

export interface Place {
  readonly world: World;
  /** One request of the agent's. */
  ask(url: string, ...more: string[]): Promise<Answered>;
  /** Runs curl as the agent; what it printed. */
  curl(...args: string[]): Promise<string>;
  set(name: string, value: unknown, ...options: string[]): Promise<void>;
  entries(): Promise<Entry[]>;
  /** What the stand-ins got at this host, in order. */
  at(host: string): Received[];
}

/** A world with a gateway `agent` that may do these actions. */
export async function openPlace(options: WorldOptions, ...actions: string[]): Promise<Place> {
  const world = await openWorld(options);
  await world.ok(['gateway', 'create', 'agent']);
  for (const action of actions)
    await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', action, '--effect', 'allow']);
  const curl = async (...args: string[]): Promise<string> =>
    (await world.tf(['run', '--', 'agent', 'curl', '-sS', '--http1.1', ...args])).stdout;
  return {
    world,
    curl,
    async ask(url, ...more) {
      const printed = await curl('-w', '\n%{http_code}', ...more, url);
      const end = printed.lastIndexOf('\n');
      return { status: Number(printed.slice(end + 1)), body: printed.slice(0, end) };
    },
    async set(name, value, ...more) {
      await world.ok(['secret', 'set', name, ...more], { input: JSON.stringify(value) });
    },
    async entries() {
      const lines = (await world.ok(['logs', '--json', '--all'])).trim().split('\n');
      return lines.map(line => JSON.parse(line) as Entry);
    },
    at: host => world.received.filter(request => request.host === host),
  };
}

export const problem = ({ body }: Answered): { code: string; detail: string; next: string } =>
  JSON.parse(body) as { code: string; detail: string; next: string };

/** User and password of a Basic header. */
export const basicOf = (header: string | undefined): string =>
  Buffer.from(/^Basic (\S+)$/.exec(header ?? '')?.[1] ?? '', 'base64').toString();
