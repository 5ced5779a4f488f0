/**
 * Place: a world in which real clients meet a stand-in for the API that they were made for, with a secret, one thing
 * that they may do and one that they may not.
 */
import { spawnSync } from 'node:child_process';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openWorld, type Ran, type World, type WorldOptions } from '../world.js';

/** The gateway of every test of clients. */
export const gateway = 'client-agent';

/** What is set for a connector or a host before its client runs. */
export interface Setting {
  /** Arguments of `tf secret set` behind the name; none: no secret. */
  readonly place?: readonly string[];
  readonly secret?: string;
  readonly allow?: readonly string[];
  /** Action → the sentence that whoever is refused must read. */
  readonly deny?: Readonly<Record<string, string>>;
}

/** Opens a world and sets these, in turn. Close it when the test is over. */
export async function openPlace(settings: readonly Setting[], options: WorldOptions = {}): Promise<World> {
  const world = await openWorld(options);
  try {
    await furnish(world, settings);
  } catch (error) {
    await world.close();
    throw error;
  }
  return world;
}

async function furnish(world: World, settings: readonly Setting[]): Promise<void> {
  await world.ok(['gateway', 'create', gateway]);
  for (const [i, { place, secret = '', allow = [], deny = {} }] of settings.entries()) {
    if (place !== undefined) await world.ok(['secret', 'set', `secret-${i}`, ...place], { input: secret });
    const set = (action: string, effect: string, ...more: string[]): Promise<string> =>
      world.ok(['permissions', 'set', '--gateway', gateway, '--action', action, '--effect', effect, ...more]);
    for (const action of allow) await set(action, 'allow');
    for (const [action, reason] of Object.entries(deny)) await set(action, 'deny', '--reason', reason);
  }
}

/** Runs a program behind the gateway, with nothing but what `tf run` gives it. */
export const behind = (world: World, command: readonly string[], env: Record<string, string> = {}): Promise<Ran> =>
  world.tf(['run', '--', gateway, ...command], { cwd: world.dir, env });

/** How often an action was decided, as the log tells. */
export async function decided(world: World, action: string): Promise<number> {
  const lines = await world.ok(['logs', '--json', '--gateway', gateway, '--action', action]);
  return lines.split('\n').filter(Boolean).length;
}

/** A program of `test/clients/agents/`, as a command. CLIENT_NODE names another Node.js to try it with. */
export const agent = (name: string): string[] => [
  process.env.CLIENT_NODE || process.execPath,
  fileURLToPath(new URL(`./agents/${name}.js`, import.meta.url)),
];

/** True if the program can be started; otherwise the test is skipped and says so. */
export function has(t: TestContext, program: string, ...version: string[]): boolean {
  const found = spawnSync(program, version, { stdio: 'ignore', env: { PATH: process.env.PATH } }).status === 0;
  if (!found) t.skip(`${[program, ...version].join(' ')} fails, so it is not installed: not run`);
  return found;
}

/** Where git keeps the program that serves repositories over HTTP. */
export const gitExecPath = (): string => spawnSync('git', ['--exec-path'], { encoding: 'utf8' }).stdout.trim();
