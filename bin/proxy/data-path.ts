/**
 * The data path: listener, line and upstreams, over the rooms that hold what must be one for the whole proxy. Those rooms
 * are in the same process, or, when there are several workers, in their parent.
 */
import type { Catalog } from '../../src/action/catalog.js';
import type { Approvals } from '../../src/approvals/index.js';
import type { Config } from '../../src/config.js';
import type { Target } from '../../src/credentials/index.js';
import type { Deferrals } from '../../src/deferrals/index.js';
import type { Refusal } from '../../src/errors.js';
import { handle, openTrace } from '../../src/gateway.js';
import { type Guard, openGuard } from '../../src/http/authenticate.js';
import { openConnections } from '../../src/http/connections.js';
import { Flights } from '../../src/http/flights.js';
import { createListener, type Listener } from '../../src/http/listener.js';
import { hostList } from '../../src/http/passthrough.js';
import type { Upstream } from '../../src/http/upstream.js';
import { endOf } from '../../src/identity/bearers.js';
import { type Bindings, openBindings } from '../../src/identity/binding.js';
import type { Gateways } from '../../src/identity/gateways.js';
import type { Grants } from '../../src/identity/grants.js';
import type { KillSwitch } from '../../src/identity/kill.js';
import type { Runs } from '../../src/identity/runs.js';
import type { Log } from '../../src/log/index.js';
import type { Context, Draft, KillScope } from '../../src/model.js';
import type { Permit } from '../../src/permit.js';
import type { Policy } from '../../src/policy/index.js';
import type { Ledger, Prices, Wanted } from '../../src/spending/index.js';
import type { SecureContext } from '../../src/tls/contexts.js';
import type { Vault } from '../../vault/index.js';
import { type AnswerAgent, answerAgentCall, isAgentCall } from './agent-calls.js';
import { connectionLimits, listenerLimits } from './limits.js';
import { openLine } from './line.js';
import { openPeers, type PeerCheck } from './peers.js';
import { openUpstreams } from './upstreams.js';

/** What the data path needs of the house. */
export interface DataHouse {
  readonly config: Config;
  readonly now: () => number;
  readonly runs: Pick<Runs, 'byToken' | 'find' | 'list'>;
  readonly gateways: Pick<Gateways, 'permissions' | 'find'>;
  readonly grants: Pick<Grants, 'live'>;
  readonly kill: Pick<KillSwitch, 'check'>;
  readonly policy: Pick<Policy, 'decide' | 'digest' | 'shipped' | 'repeats'>;
  readonly log: Pick<Log, 'record' | 'note' | 'allow'>;
  readonly vault: Pick<Vault, 'bindingFor' | 'lease' | 'needles' | 'revoke'> & {
    /** Gets what this permit's request needs and isn't here: of a vault in another process, or a token; null if it is all here. */
    fetch?(permit: Permit, requestHash: string, target: Target): Promise<void> | null;
    /** The API refused what was leased: what was made for it under that decision isn't used again. */
    refused?(opened_by: string): void;
  };
  readonly approvals: Pick<Approvals, 'await'>;
  readonly deferrals: Pick<Deferrals, 'await'>;
  /** Records an attempt without a good token; the id of its entry. */
  rejected(attempt: Draft): string | Promise<string>;
  /** Makes a run void, for this reason; the id of the entry that says so. */
  voided(run: string, reason: string): Promise<string>;
  /** Answers a program inside a run that asks something of the proxy itself. */
  readonly agent: AnswerAgent;
  readonly authority: { contextFor(host: string): SecureContext | Promise<SecureContext> };
  /** The limits of permissions, and what is used of them. */
  readonly ledger: Pick<Ledger, 'settle' | 'release'> & {
    /** As {@link Ledger.reserve}; may reject. */
    reserve(wanted: Wanted): Promise<number> | number;
  };
  readonly prices: Prices;
  /** Counts one more request of a gateway, and what `same` tells from others; what the policy is told of them. */
  count(gateway: string, same: string | null): Promise<Context['counters']> | Context['counters'];
}

/** What the line needs. */
export interface Parts {
  readonly house: DataHouse;
  readonly guard: Guard;
  readonly bindings: Bindings;
  readonly peers: PeerCheck;
  readonly catalog: Catalog;
  upstreamFor(run: string): Upstream;
  /** Tells the operator (not the agent) what was caught. */
  diagnose(error: unknown): void;
}

/** How to open it. */
export interface DataPathOptions {
  readonly house: DataHouse;
  readonly catalog: Catalog;
  diagnose(error: unknown): void;
}

/** The data path, open; the listener isn't listening yet. */
export interface DataPath {
  readonly listener: Listener;
  /** How many exchanges are open. */
  readonly exchanges: number;
  /** Ends what a scope covers: flights, leases, upstream connections. */
  stop(scope: KillScope): { exchanges: number; tunnels: number };
  /** Takes no new connections, and lets requests in flight end, for `limit` ms or until `hurry`; then ends the rest. */
  drain(limit: number, hurry: Promise<void>): Promise<void>;
}

/** So that what was written last has left when connections are destroyed, in milliseconds. */
const grace = 100;

/** Opens the data path. Throws `Fault` when a file of roots can't be used. */
export function openDataPath({ house, catalog, diagnose }: DataPathOptions): DataPath {
  const { config, runs, now } = house;
  const flights = new Flights(config.limits.exchanges_per_gateway);
  const guard = openGuard(runs, now, (peer, gateway, attempts, reason) =>
    house.rejected({ type: 'auth.rejected', run: null, at: 'proxy', peer, gateway, attempts, reason }),
  );
  const upstreams = openUpstreams(config, runs);
  const bindings = openBindings(runs, now);
  const stop = (scope: KillScope): { exchanges: number; tunnels: number } => {
    const stopped = flights.stop(scope);
    house.vault.revoke(scope);
    upstreams.stop(scope);
    if (scope.kind === 'run') bindings.forget(scope.name);
    return stopped;
  };

  const line = openLine({
    house,
    guard,
    bindings,
    peers: openPeers(runs),
    catalog,
    upstreamFor: upstreams.for,
    diagnose,
  });
  const listener = createListener({
    flights,
    connections: openConnections(connectionLimits(config.limits)),
    limits: listenerLimits(config.limits),
    contextFor: host => house.authority.contextFor(host),
    authenticate: (credentials, peer) => guard.authenticate(credentials, peer),
    names: new Set(config.names),
    runOf: token => {
      const run = runs.byToken(token);
      return run === undefined || endOf(run, now()) !== null ? undefined : run;
    },
    uninspected: hostList(config.passthrough),
    connectorFor: host => catalog.forHost(host)?.name ?? 'http',
    serve: (exchange, flight) =>
      isAgentCall(exchange) ? answerAgentCall(exchange, flight, line, house.agent) : handle(exchange, flight, line),
    refuse: (exchange, refusal: Refusal, run) => line.refuse(exchange, refusal, openTrace(run)),
  });

  return {
    listener,
    get exchanges() {
      return flights.exchanges;
    },
    stop,
    async drain(limit, hurry) {
      listener.drain();
      let over = false;
      const timer = setTimeout(() => {
        over = true;
      }, limit);
      void hurry.then(() => {
        over = true;
      });
      while (flights.exchanges > 0 && !over) await new Promise(resolve => setTimeout(resolve, 25));
      if (!over) await Promise.race([hurry, new Promise(resolve => setTimeout(resolve, grace))]);
      clearTimeout(timer);
      stop({ kind: 'all' });
    },
  };
}
