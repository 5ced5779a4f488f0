/** Several workers behind one port: connections are accepted here and handed to the worker that has the fewest. */
import { createServer } from 'node:net';
import type { Config } from '../../src/config.js';
import type { Snapshot } from '../../src/identity/replica.js';
import type { Carrier } from '../proxy/carrier.js';
import { Fleet } from './fleet.js';
import type { PolicyChange, Start, StateChange, Stopped } from './messages.js';
import type { ParentHouse } from './service.js';

/** How to open them. */
export interface WorkersOptions {
  readonly home: string;
  readonly config: Config;
  readonly house: ParentHouse;
  /** Who may do what now. */
  snapshot(): Snapshot;
  /** Digest of the operator's own policy that is stored now, or empty. */
  policy(): string;
}

/** A kill has to act within this, in milliseconds, whatever becomes of a worker. */
const killTime = 500;
/** Any other change … */
const changeTime = 5_000;
/** … and one that loads a policy. */
const loadTime = 15_000;

/** Each worker's share of what is limited for the whole proxy. */
function shareOf(config: Config): Config {
  const { limits, workers } = config;
  const part = <T extends number | undefined>(limit: T): T =>
    (limit === undefined ? undefined : Math.ceil(limit / workers)) as T;
  return {
    ...config,
    limits: {
      ...limits,
      connections: part(limits.connections),
      connections_per_gateway: part(limits.connections_per_gateway),
      unauthenticated: part(limits.unauthenticated),
      unauthenticated_per_peer: part(limits.unauthenticated_per_peer),
      exchanges_per_gateway: part(limits.exchanges_per_gateway),
      bodies: part(limits.bodies),
      bodies_per_gateway: part(limits.bodies_per_gateway),
    },
  };
}

/** Starts `config.workers` processes, and resolves when all are ready. Throws `Fault`. */
export async function openWorkers({ home, config, house, snapshot, policy }: WorkersOptions): Promise<Carrier> {
  const { vault, authority } = house;
  const share = shareOf(config);
  const fleet = new Fleet({
    count: config.workers,
    house,
    start: (): Start => ({
      home,
      config: share,
      snapshot: snapshot(),
      secrets: vault.list(),
      policy: policy(),
      leafKey: authority.leafKey,
    }),
  });
  await fleet.begin();
  const change = async (stop: StateChange['stop'], limit: number): Promise<Stopped> => {
    const answers = (await fleet.share(
      'state',
      { snapshot: snapshot(), stop } satisfies StateChange,
      limit,
    )) as Stopped[];
    return {
      exchanges: answers.reduce((sum, { exchanges }) => sum + exchanges, 0),
      tunnels: answers.reduce((sum, { tunnels }) => sum + tunnels, 0),
    };
  };
  const listener = createServer({ noDelay: true, pauseOnConnect: true }, socket => {
    socket.on('error', () => socket.destroy());
    fleet.hand(socket);
  });
  return {
    listener,
    get exchanges() {
      return fleet.requests;
    },
    get workers() {
      return fleet.status;
    },
    stop(scope) {
      vault.revoke(scope);
      return change(scope, killTime);
    },
    async changed(what) {
      if (what === 'state') await change(null, changeTime);
      else if (what === 'connectors' || what === 'tokens') await fleet.share(what, null, changeTime);
      else await fleet.share('secrets', vault.list(), changeTime);
    },
    async replaced(wasm) {
      await fleet.share('policy', { wasm } satisfies PolicyChange, loadTime);
    },
    drain(limit, hurry) {
      listener.close();
      return fleet.drain(limit, hurry);
    },
  };
}
