/** Place: a world with a gateway, whoever shows a token to its proxy, and what is said of them afterwards. */
import { decodeJwt } from 'jose';
import { type Agent, send, startAgent } from '../http/agent.js';
import type { World } from '../world.js';

/** What `tf grant issue --json` prints. */
export interface Issued {
  readonly token: string;
  readonly exp: number;
  readonly jti: string;
  readonly grant: {
    readonly id: string;
    readonly expires_at: string;
    readonly acts_in: string;
    readonly run: string | null;
  };
}

/** Issues a grant for `agent` with these words behind `tf grant issue`; `env` is that of whoever issues it. */
export const issue = async (
  world: World,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Issued> =>
  JSON.parse(await world.ok(['grant', 'issue', '--gateway', 'agent', '--json', ...words], { env })) as Issued;

/** Whoever shows this token to the proxy that `agent` knows, under the name of `gateway`. */
export const bearer = (agent: Agent, token: string, gateway = 'agent'): Agent => ({
  ...agent,
  token,
  authorization: `Basic ${Buffer.from(`${gateway}:${token}`).toString('base64')}`,
});

/** Sends one request to `upstream.test` through a tunnel of its own. */
export const ask = (agent: Agent, method: string, path = '/') =>
  send(agent, `${method} ${path} HTTP/1.1\r\nHost: upstream.test\r\nContent-Length: 0\r\n\r\n`, {
    connect: 'upstream.test:443',
  });

/** The status of such a request, also when the tunnel is refused. */
export const status = async (agent: Agent, method: string, path = '/'): Promise<number> => {
  try {
    return (await ask(agent, method, path)).status;
  } catch (error) {
    return Number(/HTTP\/1\.1 (\d+)/.exec((error as Error).message)?.[1] ?? 0);
  }
};

/** A gateway `agent` that may do everything at `upstream.test`, and a run under it. */
export async function prepare(world: World): Promise<Agent> {
  await world.ok(['gateway', 'create', 'agent']);
  await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', 'http.*', '--effect', 'allow']);
  return startAgent(world, 'agent');
}

/** When a token says that it ends, in ms since the epoch. */
export const endOf = (token: string): number => decodeJwt(token).exp! * 1000;
