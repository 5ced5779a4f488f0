/** Opens the proxy: furnishes every room, in the order in which one needs the other, and closes them in reverse. */
import { rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import type { Config } from '../../src/config.js';
import {
  endRun,
  type House,
  openAgentApi,
  openCallerCheck,
  openPurges,
  openVoiding,
  operatorCredential,
  routes,
  serveControl,
  supervised,
  tell,
} from '../../src/control/index.js';
import { originOf, reachable } from '../../src/http/front-door.js';
import { grantEntry } from '../../src/identity/grants.js';
import { withInternals } from '../../src/identity/internal.js';
import type { Context } from '../../src/model.js';
import { openCounters } from '../../src/policy/index.js';
import { openPrices } from '../../src/spending/index.js';
import { upstreamTrust } from '../../src/tls/trust.js';
import { paths } from '../home.js';
import type { AnswerAgent } from './agent-calls.js';
import { openCarrier } from './carriage.js';
import { openInstalled } from './connectors.js';
import { openExecutor } from './deferred.js';
import { Exchange } from './exchange/index.js';
import { furnishHouse } from './house.js';
import { listenOn } from './listen.js';
import { type Notifier, openNotifier } from './notify/index.js';
import { pastOf } from './past.js';
import { makePlace, openRooms } from './rooms.js';
import { openUpstreams } from './upstreams.js';
import { openPages } from './web.js';

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
  let web: Awaited<ReturnType<typeof openPages>> = null;
  const { rooms, door } = await openRooms(options, at, listen, now, () => web?.place.base ?? null);
  const { state, gateways, kill, log, vault, policy, authority, runs, grants, approvals, deferrals, internals } = rooms;
  const known = withInternals(runs, internals);
  let ending = false;
  let ask = (): void => {};
  const asked = new Promise<void>(resolve => {
    ask = resolve;
  });
  const began = now();
  const counters = openCounters(began, pastOf(at.ledger, began));
  const count = (gateway: string, same: string | null): Context['counters'] => {
    if (!policy.shipped) counters.recall(now());
    return counters.count(gateway, same, now());
  };
  const { diagnose } = options;
  const exchange = new Exchange({
    ...{ vault, log, kill, policy, runs, now, upstreams: openUpstreams(config, known) },
    rotated: () => state.set('vault.seen', JSON.stringify({ id: vault.id, generation: vault.generation })),
    changed: () => carrier.changed('tokens'),
  });
  const voided = openVoiding({
    ...{ runs, log },
    changed: () => carrier.changed('state'),
    stop: scope => house.stop(scope),
  });
  // The house is furnished with what carries the requests, which asks it in turn.
  const agent: AnswerAgent = (...asked) => agentApi.answer(...asked);
  const carrier = await openCarrier({
    ...{ home, config, now, rooms, runs: known, catalog, prices, vault: exchange, count, voided, agent, diagnose },
  });
  const listener: { address: AddressInfo | null } = { address: null };
  let notifier: Notifier | null = null;
  const house: House = furnishHouse({
    ...{ options, at, now, rooms, catalog, prices, carrier, exchange, counters, count, voided },
    notifier: () => notifier,
    port: () => listener.address?.port ?? 0,
    shutdown: () => ask(),
    ending: () => ending,
    stopped: () => agentApi.sweep(),
  });
  const agentApi = openAgentApi(house);

  listener.address = await listenOn(carrier.listener, listen, at.port, door);
  writeFileSync(at.port, String(listener.address.port), { mode: 0o600 });
  web = await openPages(config, rooms.links, now, (headers, body) => house.notify.slackInteraction(headers, body));
  await log.record({
    type: 'proxy.started',
    run: null,
    version: options.version,
    listen: `${listener.address.address}:${listener.address.port}`,
    policy_sha256: policy.digest,
    vault_generation: vault.generation,
  });
  grants.watch(ended => {
    for (const grant of ended) log.note(grantEntry('grant.expired', grant));
    void house.stop({ kind: 'grant', name: ended[0]!.id });
  });
  const check = openCallerCheck(at.run, operatorCredential(at.operator), () => [
    ...runs.list().map(({ stored }) => stored),
    ...rooms.remains.list(),
  ]);
  const control = await serveControl(at.socket, house, check, routes);

  notifier = openNotifier({
    ...{ house, diagnose, ca: authority.certificatePem },
    origin: () => originOf(listener.address!.address, listener.address!.port),
  });
  const executor = openExecutor({
    ...{ deferrals, gateways, grants: rooms.grants, internals, now, late: config.defer.late, diagnose },
    ready: () => !ending && !vault.locked && log.healthy,
    door: () => ({
      host: reachable(listener.address!.address),
      port: listener.address!.port,
      ca: authority.certificatePem,
    }),
    changed: () => carrier.changed('state'),
    over: run => void (known.find(run) === undefined && carrier.stop({ kind: 'run', name: run })),
  });
  executor.start();
  const purges = openPurges(house, diagnose);

  // A run from before a restart whose supervisor doesn't show itself has lost it: its token ends with it.
  const orphans = setTimeout(() => {
    for (const { stored } of runs.list())
      if (!supervised(stored.id) && !house.notify.owns(stored.id)) void endRun(house, stored.id);
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
      web?.close();
      await purges.close();
      approvals.close();
      await notifier?.close();
      await carrier.drain(drain, hurry);
      agentApi.sweep('all');
      await executor.close();
      await exchange.close();
      grants.close();
      rmSync(at.socket, { force: true });
      control.close();
      control.closeAllConnections();
      await policy.close();
      await log.record({ type: 'proxy.stopped', run: null }).catch(() => {});
      await log.close();
      vault.close();
      rooms.remains.close();
      state.close();
    },
  };
}
