/** Opens the proxy: furnishes every room, in the order in which one needs the other, and closes them in reverse. */
import { rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Config } from '../../src/config.js';
import {
  endRun,
  type House,
  openCallerCheck,
  operatorCredential,
  routes,
  serveControl,
  supervised,
  tell,
} from '../../src/control/index.js';
import type { Context, Draft } from '../../src/model.js';
import { toData } from '../../src/policy/index.js';
import { openCounters } from '../../src/policy/question.js';
import { openPrices } from '../../src/spending/index.js';
import { upstreamTrust } from '../../src/tls/trust.js';
import { writeTrustFiles } from '../environment/trust-files.js';
import { paths } from '../home.js';
import { userName } from '../user.js';
import { openWorkers } from '../workers/index.js';
import { alone, type Carrier } from './carrier.js';
import { openInstalled } from './connectors.js';
import { openDataPath } from './data-path.js';
import { Exchange } from './exchange/index.js';
import { listenOn } from './listen.js';
import { keepPolicy } from './policy.js';
import { makePlace, openRooms } from './rooms.js';
import { openUpstreams } from './upstreams.js';

/** How to open. */
export interface ProxyOptions {
  readonly home: string;
  readonly version: string;
  readonly config: Config;
  /** What the configuration asks for and this version doesn't do, in sentences. */
  readonly notices: readonly string[];
  /** Host and port of the forward proxy; overrides the configuration. */
  readonly listen?: string;
  /** Asked while another proxy uses the home: whether that one is about to end. */
  waits(): Promise<boolean>;
  diagnose(error: unknown): void;
}

/** A proxy that serves. */
export interface Proxy {
  readonly house: House;
  readonly listen: AddressInfo;
  /** Resolves when somebody asked it to end. */
  readonly asked: Promise<void>;
  /** Takes no new connections, lets requests in flight end for up to `drain` ms or until `hurry`, then closes everything. */
  close(drain: number, hurry: Promise<void>): Promise<void>;
}

/** How long a run may take to come back to a proxy that was restarted, in milliseconds. */
const reattachment = 30_000;

/** Opens everything and serves. Throws `Fault`; then nothing is left open that another proxy would need. */
export async function openProxy(options: ProxyOptions): Promise<Proxy> {
  const { home, config } = options;
  const now = Date.now;
  const at = paths(home);
  makePlace(at);
  // What the operator wrote is wrong before anything is opened: the log has nothing to say about it.
  upstreamTrust({ extraFiles: config.upstream.ca_file });
  const prices = openPrices(at.prices);
  const catalog = openInstalled(home, config);
  const listen = options.listen ?? config.listen;
  const { rooms, door } = await openRooms(options, at, listen, now);
  const { state, gateways, kill, ledger, log, vault, policy, authority, runs, approvals } = rooms;
  let ending = false;
  let ask = (): void => {};
  const asked = new Promise<void>(resolve => {
    ask = resolve;
  });
  const counters = openCounters();
  const count = (gateway: string): Context['counters'] => counters.count(gateway, now());
  const { diagnose } = options;
  const rejected = (attempt: Draft): string => log.note(attempt);
  const exchange = new Exchange({
    ...{ vault, log, kill, policy, runs, now, upstreams: openUpstreams(config, runs) },
    rotated: () => state.set('vault.seen', JSON.stringify({ id: vault.id, generation: vault.generation })),
    changed: () => carrier.changed('tokens'),
  });
  const carrier: Carrier =
    config.workers > 1
      ? await openWorkers({
          home,
          config,
          house: { log, vault: exchange, approvals, policy, authority, ledger, count, diagnose },
          snapshot: () => ({
            runs: runs.list().map(({ stored }) => stored),
            gateways: gateways.list(),
            permissions: gateways.permissions(),
            kills: kill.active(),
          }),
          policy: () => state.get('policy.wasm_sha256') ?? '',
        })
      : alone(
          openDataPath({
            house: {
              ...{
                config,
                now,
                runs,
                gateways,
                kill,
                policy,
                log,
                approvals,
                authority,
                ledger,
                prices,
                count,
                rejected,
              },
              vault: exchange,
            },
            catalog,
            diagnose,
          }),
        );
  const listener: { address: AddressInfo | null } = { address: null };
  const house: House = {
    version: options.version,
    home,
    owner: userName(),
    config,
    notices: options.notices,
    started: now(),
    now,
    ...rooms,
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
    classify: request => catalog.classify(request),
    port: () => listener.address?.port ?? 0,
    refreshPolicy() {
      policy.setData(toData(gateways.permissions(), gateways.list()));
      return carrier.changed('state');
    },
    stop: scope => carrier.stop(scope),
    changed(what) {
      if (what === 'secrets') exchange.keep();
      return carrier.changed(what);
    },
    workers: () => carrier.workers,
    shutdown: () => ask(),
    ending: () => ending,
    tell,
    async keepPolicy(wasm, source) {
      keepPolicy(at, state, wasm, source);
      await carrier.replaced(wasm);
    },
  };

  listener.address = await listenOn(carrier.listener, listen, at.port, door);
  writeFileSync(at.port, String(listener.address.port), { mode: 0o600 });
  await log.record({
    type: 'proxy.started',
    run: null,
    version: options.version,
    listen: `${listener.address.address}:${listener.address.port}`,
    policy_sha256: policy.digest,
    vault_generation: vault.generation,
  });
  const check = openCallerCheck(at.run, operatorCredential(at.operator), () => runs.list());
  const control = await serveControl(at.socket, house, check, routes);

  // A run from before a restart whose supervisor doesn't show itself has lost it: its token ends with it.
  const orphans = setTimeout(() => {
    for (const { stored } of runs.list()) if (!supervised(stored.id)) void endRun(house, stored.id);
  }, reattachment);
  orphans.unref();

  return {
    house,
    listen: listener.address,
    asked,
    async close(drain, hurry) {
      ending = true;
      // Runs must not start another proxy against the will of whoever stops this one.
      for (const { stored } of runs.list()) tell(stored.id, { event: 'ending' });
      await new Promise(resolve => setImmediate(resolve));
      clearTimeout(orphans);
      await carrier.drain(drain, hurry);
      await exchange.close();
      rmSync(at.socket, { force: true });
      control.close();
      control.closeAllConnections();
      await policy.close();
      await log.record({ type: 'proxy.stopped', run: null }).catch(() => {});
      await log.close();
      vault.close();
      state.close();
    },
  };
}
