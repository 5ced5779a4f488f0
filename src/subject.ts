/** Who asks, for whom, and for which task: and what an operator lets them do: the part of the vocabulary that is about authority. Only types. */
import type { Effect, Value } from './model.js';

/** For whom an agent acts: an account of the operating system, or whoever a token of an identity provider names. */
export interface User {
  /** Name of the account, or the token's `sub`. */
  readonly sub: string;
  /** The provider that said so; absent for an account of the operating system. */
  readonly issuer?: string;
  readonly email?: string;
  readonly groups?: readonly string[];
  /** What the configuration makes of the groups. */
  readonly roles?: readonly string[];
  /** When the token ends, and with it this user's run; RFC 3339. */
  readonly expires_at?: string;
}

/** Which program asks. */
export interface Agent {
  readonly name: string;
  readonly version?: string;
  /** Hex SHA-256 of the program's file, and of the script that an interpreter was given. */
  readonly executable_sha256?: string;
  readonly script_sha256?: string;
}

/** Who asks: a gateway, in a run, for a user. */
export interface Subject {
  readonly type: 'agent';
  /** Name of the gateway. */
  readonly id: string;
  readonly environment: string;
  readonly labels: { readonly [name: string]: string };
  /** Id of the run, `run_01J…`. */
  readonly run: string;
  /** Gateways from the outermost parent to this one. */
  readonly chain: readonly string[];
  /** Runs of the gateways in `chain`, in the same order; the last one is `run`. */
  readonly runs: readonly string[];
  readonly user: User;
  readonly agent?: Agent;
  readonly workload: { readonly [name: string]: Value };
  /** The proxy's signature over all of this but itself. */
  readonly signature?: { readonly key: string; readonly value: string };
}

/** Short-lived authority for one task. It only ever takes away: what it doesn't name is denied. */
export interface Grant {
  /** `gr_01J…`; the `jti` of its token. */
  readonly id: string;
  readonly gateway: string;
  /** The run that it was issued in and ends with, or null. */
  readonly run: string | null;
  readonly task: string;
  /** Patterns of actions; at least one. */
  readonly actions: readonly string[];
  /** Patterns of resources; empty for any. */
  readonly resources: readonly string[];
  /** The grant that it was issued under, which limits it too, or null. */
  readonly parent: string | null;
  readonly issued_at: string;
  readonly expires_at: string;
}

/** Whoever a token stands for, and the grants that limit it, the outermost first. */
export interface Caller {
  readonly subject: Subject;
  readonly grants: readonly Grant[];
  /** Id of the deferral that the proxy itself executes for it; absent for whoever sends by himself. */
  readonly deferral?: string;
}

// ── what an operator sets ───────────────────────────────────────────────────────────────────────────────────────────

/** A named agent identity. */
export interface Gateway {
  readonly name: string;
  readonly description: string;
  readonly environment: string;
  readonly labels: { readonly [name: string]: string };
  readonly created_at: string;
  /** `required`: nothing is allowed without a grant. Absent: grants may be used. */
  readonly grants?: 'required';
  /** When it was removed; from then on it may do nothing, and some minutes later it is purged. */
  readonly removed_at?: string;
}

/** What an operator lets (or does not let) a gateway do. */
export interface Permission {
  /** `perm_7` */
  readonly id: string;
  readonly gateway: string;
  /** Action pattern, by segments of `.`. */
  readonly action: string;
  readonly effect: Effect;
  /** Resource pattern, by segments of `/`, or null for any. */
  readonly resource: string | null;
  /** The `--where` text as it was given, or null. */
  readonly where: string | null;
  /** A sentence for people, shown in refusals; may be empty. */
  readonly reason: string;
  /** How often it may be used (`10/min`), and what it may spend (`usd 20/day`); absent if there is no such limit. */
  readonly rate?: readonly string[];
  readonly budget?: readonly string[];
  /** When it applies (`mon-fri 09:00-17:00 Europe/Berlin`); absent for always. */
  readonly hours?: string;
  /** Beyond so many identical requests in a while (`5/min`) it needs an approval; absent if it never does for that. */
  readonly repeats?: string;
  /** Who may approve what needs an approval by it, and how many of them it takes; absent: any one approver. */
  readonly approvers?: readonly string[];
  readonly approvals?: number;
  readonly created_at: string;
}

/** A stretch of time in which an operator wants nothing changed. */
export interface Freeze {
  /** `freeze_3` */
  readonly id: string;
  /** As it was given (ISO 8601), and the time zone in which that was read. */
  readonly interval: string;
  readonly timezone: string;
  /** Its first moment, and the first one that is over; RFC 3339, UTC, milliseconds. */
  readonly from: string;
  readonly until: string;
  /** The only gateway that is frozen, with its children; null for all. */
  readonly gateway: string | null;
  /** The pattern of what is frozen; null for everything. */
  readonly action: string | null;
  readonly reason: string;
  readonly by: string;
  readonly created_at: string;
}

/** The scope of a kill switch; `grant`, which no switch has, is that of what ends with a grant. */
export type KillScope =
  | { readonly kind: 'all' }
  | { readonly kind: 'gateway' | 'connector' | 'run' | 'grant'; readonly name: string };

/** An active kill switch. */
export interface Kill {
  readonly scope: KillScope;
  readonly reason: string;
  readonly since: string;
  readonly by: string;
}
