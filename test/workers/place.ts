/** Place: a proxy in the foreground with two workers, and connections that are known to be one at each. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { until } from '../faults/waiting.js';
import { type Agent, openTls, type RawAnswer, readAnswer } from '../http/agent.js';
import { openWorld, type World, type WorldOptions } from '../world.js';

/** One worker as `tf status --json` shows it. */
export interface WorkerStatus {
  readonly pid: number;
  readonly connections: number;
  readonly requests: number;
}

export interface Place {
  readonly world: World;
  readonly proxy: ChildProcess;
  workers(): Promise<readonly WorkerStatus[]>;
  /** Ends the proxy, and waits for it. */
  stop(): Promise<void>;
}

/** A world with two workers and a gateway `agent` that may do everything at `upstream.test`; closed whatever happens. */
export async function within(options: WorldOptions, work: (place: Place) => Promise<void>): Promise<void> {
  const world = await openWorld(options);
  try {
    const proxy = world.start(['serve', '--workers', '2']);
    proxy.stderr!.resume();
    const exited = once(proxy, 'exit');
    await until(async () => (await world.tf(['status'])).code === 0);
    await world.ok(['gateway', 'create', 'agent']);
    await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', 'http.*', '--effect', 'allow']);
    await work({
      world,
      proxy,
      async workers() {
        return (JSON.parse(await world.ok(['status', '--json'])) as { workers: WorkerStatus[] }).workers;
      },
      async stop() {
        proxy.kill('SIGTERM');
        await exited;
      },
    });
  } finally {
    await world.close();
  }
}

export const there = { connect: 'upstream.test:443' };

/** Opens as many connections as there are workers, while there are no others: a new one goes to the worker with the fewest. */
export async function oneAtEach({ workers }: Place, agent: Agent, options = there): Promise<Socket[]> {
  await until(async () => {
    const all = await workers();
    return all.length === 2 && all.every(({ connections }) => connections === 0);
  });
  const sockets = [await openTls(agent, options), await openTls(agent, options)];
  if ((await workers()).some(({ connections }) => connections !== 1)) throw new Error('They are not one at each.');
  return sockets;
}

/** Sends one GET and reads its answer. */
export function get(socket: Socket, path: string, host = 'upstream.test'): Promise<RawAnswer> {
  const answer = readAnswer(socket);
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  return answer;
}
