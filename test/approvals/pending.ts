/** Pending: the approvals of a world as its control socket shows them, sooner than a command could. */
import { request } from 'node:http';
import { join } from 'node:path';
import type { Approval } from '../../src/approvals/index.js';
import { until } from '../faults/waiting.js';
import type { World } from '../world.js';

/** What the control socket answers to this path. */
export const look = (world: World, path: string): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const asked = request({ socketPath: join(world.home, 'control.sock'), path, agent: false }, response => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.once('end', () => resolve(JSON.parse(text)));
    });
    asked.once('error', reject).end();
  });

/** All approvals. */
export const approvals = async (world: World): Promise<Approval[]> => (await look(world, '/approvals')) as Approval[];

/** Resolves with the approval of the request to this path, or for this run, once it is pending. */
export async function pending(world: World, path: string): Promise<Approval> {
  let found: Approval | undefined;
  await until(async () => {
    found = (await approvals(world)).find(({ state, request }) => state === 'pending' && request?.path === path);
    return found !== undefined;
  });
  return found!;
}

/** Resolves once it is in this state. */
export const becomes = (world: World, id: string, state: Approval['state']): Promise<void> =>
  until(async () => (await approvals(world)).some(one => one.id === id && one.state === state));
