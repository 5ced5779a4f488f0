/** Family: a run that was started from inside another one, and both gateways. */
import { type Agent, startAgent } from '../http/agent.js';
import { tfProgram, type World } from '../world.js';

/** Makes the gateways `parent` and `child`: both may do everything at `upstream.test`, and the one may start the other. */
export async function twoGateways(world: World): Promise<void> {
  for (const gateway of ['parent', 'child']) {
    await world.ok(['gateway', 'create', gateway]);
    await allow(world, gateway, 'http.*');
  }
  await allow(world, 'parent', 'gateway.spawn', '--resource', 'gateway:child');
}

export const allow = (world: World, gateway: string, action: string, ...more: string[]): Promise<string> =>
  world.ok(['permissions', 'set', '--gateway', gateway, '--action', action, '--effect', 'allow', ...more]);

/** A waiting run of `child` inside of one of `parent`: what it was given is the child's. */
export const startChild = (world: World, child = 'child'): Promise<Agent> =>
  startAgent(world, 'parent', ['--', process.execPath, tfProgram, 'run', '--name', child]);

/** A run as `tf status --json` shows it. */
export interface Shown {
  readonly id: string;
  readonly gateway: string;
  readonly chain: readonly string[];
  readonly runs: readonly string[];
}

export const runsOf = async (world: World): Promise<readonly Shown[]> =>
  (JSON.parse(await world.ok(['status', '--json'])) as { runs: Shown[] }).runs;
