/** House: the rooms as the operator's API sees them. `bin/` furnishes it. */
import type { Vault } from '../../vault/index.js';
import type { Approvals } from '../approvals/index.js';
import type { Config } from '../config.js';
import type { Gateways } from '../identity/gateways.js';
import type { Keys } from '../identity/keys.js';
import type { KillSwitch } from '../identity/kill.js';
import type { Runs } from '../identity/runs.js';
import type { State } from '../identity/state.js';
import type { Log } from '../log/index.js';
import type { CanonicalRequest, Classified, Connector, KillScope } from '../model.js';
import type { Policy } from '../policy/index.js';
import type { Ledger } from '../spending/index.js';

/** Everything that a route may need. */
export interface House {
  readonly version: string;
  readonly home: string;
  /** Name of the user whose proxy this is; the socket is open to nobody else. */
  readonly owner: string;
  readonly config: Config;
  /** What the configuration asks for and this version doesn't do, in sentences. */
  readonly notices: readonly string[];
  readonly started: number;
  readonly now: () => number;
  readonly state: State;
  readonly gateways: Gateways;
  readonly keys: Keys;
  readonly runs: Runs;
  readonly kill: KillSwitch;
  readonly flights: { readonly exchanges: number };
  readonly log: Log;
  readonly policy: Policy;
  readonly vault: Vault;
  readonly approvals: Approvals;
  readonly ledger: Pick<Ledger, 'state' | 'forget'>;
  readonly connectors: readonly Connector[];
  /** Reads the operator's own connectors again; resolves when they hold. Throws a `Fault`; then all stays as it was. */
  reloadConnectors(): Promise<void>;
  /** Paths of the files that a child process reads to trust our CA. */
  readonly trustFiles: Readonly<Record<string, string>>;
  /** Every host pattern that the connector of this name serves. */
  hostsOf(connector: string): readonly string[];
  classify(request: CanonicalRequest): Classified;
  /** Port of the forward proxy. */
  port(): number;
  /** The processes that carry requests, when this one doesn't itself. */
  workers(): readonly { readonly pid: number; readonly connections: number; readonly requests: number }[];
  /** Gives the policy the permissions and gateways as they are now; resolves when they hold. */
  refreshPolicy(): Promise<void>;
  /** Says that the state (runs, kills), the secrets or the connectors have changed; resolves when that holds for every request. */
  changed(what: 'state' | 'secrets' | 'connectors'): Promise<void>;
  /** Ends what a scope covers, flights and their upstream connections; resolves when they are destroyed. */
  stop(scope: KillScope): Promise<{ exchanges: number; tunnels: number }>;
  /** Ends the proxy, after the answer. */
  shutdown(): void;
  /** True once it is ending: connections that close then say nothing about runs. */
  ending(): boolean;
  /** Keeps an operator's policy over restarts; null for the default one. */
  keepPolicy(wasm: Uint8Array | null, source: string): Promise<void>;
  /** Tells the supervisor of a run something (`terminate`); false if it isn't connected. */
  tell(run: string, message: { readonly event: string }): boolean;
}
