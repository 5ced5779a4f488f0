/** House: the rooms as the operator's API sees them. `bin/` furnishes it. */
import type { Vault } from '../../vault/index.js';
import type { Approvals } from '../approvals/index.js';
import type { Approvers, Links } from '../approvers/index.js';
import type { Config } from '../config.js';
import type { Deferrals } from '../deferrals/index.js';
import type { Refusal } from '../errors.js';
import type { Scanner } from '../flags/index.js';
import type { Reserved } from '../gateway.js';
import type { Gateways } from '../identity/gateways.js';
import type { Grants } from '../identity/grants.js';
import type { Keys } from '../identity/keys.js';
import type { KillSwitch } from '../identity/kill.js';
import type { Oidc } from '../identity/oidc/index.js';
import type { Digests } from '../identity/program.js';
import type { Runs } from '../identity/runs.js';
import type { State } from '../identity/state.js';
import type { Log } from '../log/index.js';
import type { Action, CanonicalRequest, Classified, Connector, Context, Decision, KillScope } from '../model.js';
import type { Notify } from '../notify/index.js';
import type { Freezes, Policy } from '../policy/index.js';
import type { Ledger } from '../spending/index.js';
import type { MakeVoid } from './voiding.js';

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
  /** Runs of processes; `find` and `byToken` know those of grants' own as well. */
  readonly runs: Runs;
  /** Makes a run void: it is not what it was. */
  readonly voided: MakeVoid;
  /** Digests of the programs that runs are started with. */
  readonly digests: Digests;
  /** Id of this start of the system; null where there is none. */
  readonly boot: string | null;
  readonly oidc: Oidc;
  readonly grants: Grants;
  readonly kill: KillSwitch;
  readonly freezes: Freezes;
  readonly flights: { readonly exchanges: number };
  readonly scanner: Scanner;
  readonly log: Log;
  readonly policy: Policy;
  readonly vault: Vault;
  readonly approvals: Approvals;
  readonly approvers: Approvers;
  readonly links: Links;
  readonly deferrals: Deferrals;
  readonly notify: Notify;
  readonly ledger: Pick<Ledger, 'state' | 'forget'>;
  readonly connectors: readonly Connector[];
  /** Reads the operator's own connectors again; resolves when they hold. Throws a `Fault`; then all stays as it was. */
  reloadConnectors(): Promise<void>;
  /** Paths of the files that a child process reads to trust our CA. */
  readonly trustFiles: Readonly<Record<string, string>>;
  /** Every host pattern that the connector of this name serves. */
  hostsOf(connector: string): readonly string[];
  classify(request: CanonicalRequest): Classified;
  /** Requests of a gateway in the running minute and hour; `whole`: also those from before the proxy started. */
  counted(gateway: string): { readonly minute: number; readonly hour: number; readonly whole: boolean };
  /** Counts one more request of a gateway, and what it is told of those before; `same` as the line has it. */
  count(gateway: string, same: string | null): Context['counters'];
  /** Sets aside what a decision's limits count, as the line does. Throws, or rejects with, `Refusal`. */
  reserve(decision: Decision, meaning: Classified): Promise<Reserved | null> | Reserved | null;
  /** What connectors say of the action with this name, or alias; null if it is none's. Throws `Refusal` where that isn't certain. */
  knownAction(name: string): Omit<Action, 'parameters'> | null;
  /** Why the limits that a decision names would refuse this now, or null if they wouldn't. Sets nothing aside. */
  overLimit(decision: Decision, meaning: Classified): Refusal | null;
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
