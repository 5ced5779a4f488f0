/** The house: the rooms as the operator's API sees them, furnished from the parts of this process. */
import { join } from 'node:path';
import { type House, scopesBelow, tell } from '../../src/control/index.js';
import { openScanner } from '../../src/flags/index.js';
import { type Counters, toData } from '../../src/policy/index.js';
import type { Prices } from '../../src/spending/index.js';
import { writeTrustFiles } from '../environment/trust-files.js';
import type { Paths } from '../home.js';
import { userName } from '../user.js';
import type { Carrier } from './carrier.js';
import type { LiveCatalog } from './connectors.js';
import type { Exchange } from './exchange/index.js';
import { openKnownActions } from './known-actions.js';
import { type Notifier, quiet } from './notify/index.js';
import { openProviders } from './oidc.js';
import type { ProxyOptions } from './open.js';
import { keepPolicy } from './policy.js';
import type { CoreRooms } from './rooms.js';
import { openLimitCheck, openSpending } from './spending.js';
import { openUpstreams } from './upstreams.js';

/** What it is furnished with. */
export interface HouseParts extends Pick<House, 'now' | 'count' | 'port' | 'shutdown' | 'ending' | 'voided'> {
  readonly options: ProxyOptions;
  readonly at: Paths;
  readonly rooms: CoreRooms;
  readonly catalog: LiveCatalog;
  readonly prices: Prices;
  readonly carrier: Carrier;
  readonly exchange: Exchange;
  readonly counters: Counters;
  /** Who tells people of approvals, once it is there. */
  notifier(): Notifier | null;
  /** Hears that something was stopped: perhaps since a run has ended. */
  stopped(): void;
}

/** Furnishes it. */
export function furnishHouse(parts: HouseParts): House {
  const { options, at, now, rooms, catalog, prices, carrier, exchange, counters, notifier } = parts;
  const { count, port, shutdown, ending, voided } = parts;
  const { config } = options;
  const { state, gateways, kill, freezes, ledger, log, policy, authority, runs, approvals } = rooms;
  return {
    version: options.version,
    home: options.home,
    owner: userName(),
    config,
    get notices() {
      return [...options.notices, ...(notifier()?.notices() ?? [])];
    },
    get notify() {
      return notifier() ?? quiet;
    },
    started: now(),
    now,
    voided,
    ...rooms,
    oidc: openProviders({ config, log, kill, policy, now, upstreams: openUpstreams(config, runs) }),
    scanner: openScanner(),
    flights: carrier,
    get connectors() {
      return catalog.list();
    },
    async reloadConnectors() {
      catalog.reload();
      await carrier.changed('connectors');
    },
    trustFiles: { ...writeTrustFiles(join(at.run, 'trust'), authority) },
    hostsOf: connector => catalog.hosts(connector),
    counted(gateway) {
      if (!policy.shipped) counters.recall(now());
      return counters.read(gateway, now());
    },
    overLimit: openLimitCheck({ ledger, prices }),
    count,
    reserve: openSpending({ ledger, prices }),
    knownAction: openKnownActions(catalog),
    classify: request => catalog.classify(request),
    port,
    refreshPolicy() {
      const around = { timezone: config.timezone, freezes: freezes.list() };
      policy.setData(toData(gateways.permissions(), gateways.list(), around));
      return carrier.changed('state');
    },
    async stop(scope) {
      const below = scopesBelow(runs.list(), scope);
      const stopped = await Promise.all([scope, ...below].map(each => carrier.stop(each)));
      for (const each of [scope, ...below]) approvals.stop(each);
      parts.stopped();
      const sum = (what: 'exchanges' | 'tunnels'): number => stopped.reduce((all, each) => all + each[what], 0);
      return { exchanges: sum('exchanges'), tunnels: sum('tunnels') };
    },
    changed(what) {
      if (what === 'secrets') exchange.keep();
      return carrier.changed(what);
    },
    workers: () => carrier.workers,
    shutdown,
    ending,
    tell,
    async keepPolicy(wasm, source) {
      keepPolicy(at, state, wasm, source);
      await carrier.replaced(wasm);
    },
  };
}
