/** Carriage: what carries the requests, this process or several workers, furnished with the rooms of the proxy. */
import type { House } from '../../src/control/index.js';
import type { Snapshot } from '../../src/identity/replica.js';
import type { Runs } from '../../src/identity/runs.js';
import { openWorkers } from '../workers/index.js';
import { alone, type Carrier } from './carrier.js';
import type { LiveCatalog } from './connectors.js';
import { type DataHouse, openDataPath } from './data-path.js';
import type { Exchange } from './exchange/index.js';
import type { CoreRooms } from './rooms.js';

/** What it is furnished with. */
export interface CarriageParts
  extends Pick<DataHouse, 'config' | 'now' | 'prices' | 'voided' | 'agent'>,
    Pick<House, 'count'> {
  readonly home: string;
  readonly rooms: CoreRooms;
  /** Runs, those of the proxy's own among them. */
  readonly runs: Pick<Runs, 'find' | 'byToken'>;
  readonly catalog: LiveCatalog;
  readonly vault: Exchange;
  diagnose(error: unknown): void;
}

/** Everything that workers know of who may do what. */
const snapshotOf = ({ runs, gateways, internals, kill, freezes, grants, keys }: CoreRooms): Snapshot => ({
  runs: runs.list().map(({ stored }) => stored),
  gateways: gateways.list(),
  permissions: gateways.permissions(),
  internals: internals.list(),
  kills: kill.active(),
  freezes: freezes.list(),
  grants: grants.stored(),
  keys: gateways.list().flatMap(({ name }) => {
    // Each has one before its first permit is on its way.
    keys.current(name);
    return keys.list(name);
  }),
});

/** Opens it; its listener isn't listening yet. Throws `Fault`. */
export async function openCarrier(parts: CarriageParts): Promise<Carrier> {
  const { home, config, now, rooms, catalog, prices, vault, count, voided, agent, diagnose } = parts;
  const { state, gateways, keys, kill, ledger, log, policy, authority, grants, approvals, deferrals } = rooms;
  const shared = { log, vault, approvals, deferrals, policy, authority, ledger, grants, count, voided, agent };
  if (config.workers > 1)
    return openWorkers({
      home,
      config,
      house: { ...shared, keys, diagnose },
      snapshot: () => snapshotOf(rooms),
      policy: () => state.get('policy.wasm_sha256') ?? '',
    });
  const runs = { ...parts.runs, list: rooms.runs.list };
  const house: DataHouse = {
    ...shared,
    ...{ config, now, runs, gateways, kill, prices },
    rejected: attempt => log.note(attempt),
  };
  return alone(openDataPath({ house, catalog, diagnose }));
}
