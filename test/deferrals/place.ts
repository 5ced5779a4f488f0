/** Place: a world in which what a gateway deletes is deferred, with a secret for the API, and what the proxy says of it. */
import type { Deferral } from '../../src/deferrals/index.js';
import { until } from '../faults/waiting.js';
import { type Agent, type RawAnswer, send } from '../http/agent.js';
import { openWorld, type Ran, runProgram, type World, type WorldOptions } from '../world.js';

export const secret = 'sk_test_0123456789abcdefghij';
/** Stands in bodies alone: no action says it. */
export const mark = 'only-the-body-has-this-2f6c';

/** Opens it: `agent` may do everything at `upstream.test`, and its DELETEs wait for `window`. */
export async function openPlace(window: string, options: WorldOptions = {}): Promise<World> {
  const world = await openWorld({ ...options, config: `defer: {window: ${window}}\n${options.config ?? ''}` });
  try {
    await allow(world, 'agent');
    await world.ok(['secret', 'set', 'token', '--scheme', 'bearer', '--host', 'upstream.test', '--gateway', 'agent'], {
      input: secret,
    });
  } catch (error) {
    await world.close();
    throw error;
  }
  return world;
}

/** Makes a gateway that may do everything, and whose DELETEs are deferred. */
export async function allow(world: World, gateway: string): Promise<void> {
  await world.ok(['gateway', 'create', gateway]);
  for (const [action, effect] of [
    ['http.*', 'allow'],
    ['http.get', 'allow'],
    ['http.delete', 'defer'],
    ['http.put', 'defer'],
  ] as const)
    await world.ok(['permissions', 'set', '--gateway', gateway, '--action', action, '--effect', effect]);
}

export const upstream = { connect: 'upstream.test:443' };

/** Asks for a DELETE with a body. */
export function ask(agent: Agent, path: string, body = `{"m":"${mark}"}`, lines: string[] = []): Promise<RawAnswer> {
  const head = [`DELETE ${path} HTTP/1.1`, 'Host: upstream.test', 'Content-Type: application/json', ...lines];
  return send(agent, `${head.join('\r\n')}\r\nContent-Length: ${body.length}\r\n\r\n${body}`, upstream);
}

/** Asks, and returns the id that is told; throws unless it is deferred. */
export async function deferred(agent: Agent, path: string): Promise<string> {
  const answer = await ask(agent, path);
  if (answer.status !== 202) throw new Error(`${answer.status} ${answer.body}`);
  return (JSON.parse(answer.body) as { defer: { id: string } }).defer.id;
}

export const show = async (world: World, id: string): Promise<Deferral> =>
  JSON.parse(await world.ok(['defer', 'show', id, '--json'])) as Deferral;

/** Waits until it has ended, one way or the other. */
export async function ended(world: World, id: string): Promise<Deferral> {
  let deferral = await show(world, id);
  await until(async () => {
    deferral = await show(world, id);
    return deferral.state === 'cancelled' || deferral.outcome !== undefined;
  });
  return deferral;
}

/** What reached the upstream at this path. */
export const at = (world: World, path: string) => world.received.filter(({ target }) => target === path);

/** Kills the background proxy, and waits until it is no more. */
export async function kill9(world: World): Promise<void> {
  const { proxy } = JSON.parse(await world.ok(['status', '--json'])) as { proxy: { pid: number } };
  process.kill(proxy.pid, 'SIGKILL');
  await until(async () => (await world.tf(['status'])).code === 5);
}

/** A real curl behind an agent's proxy. */
export const curl = (agent: Agent, args: readonly string[]): Promise<Ran> =>
  runProgram('curl', ['-sS', '-D', '-', ...args], {
    env: Object.fromEntries(
      ['HTTPS_PROXY', 'CURL_CA_BUNDLE', 'SSL_CERT_FILE'].map(name => [name, agent.env[name] ?? '']),
    ),
  });
