/**
 * The vocabulary of Tollfence: the words of the product as types. Only types; imports nothing, so that
 * every room, and every connector, may import it.
 */
import type { Grant, Subject } from './subject.js';

export type * from './connector.js';
export type * from './subject.js';

/** How much harm an action can do (AWS Service Authorization Reference). */
export type Access = 'list' | 'read' | 'write' | 'delete' | 'permissions';

/** What a decision says. Anything else that a policy answers is a denial. */
export type Effect = 'allow' | 'deny' | 'require_approval' | 'defer';

/** A JSON value as policy and log see it. Numbers are only those that a double holds exactly. */
export type Value = string | number | boolean | null | readonly Value[] | { readonly [key: string]: Value };

/**
 * Whether the body could be read: `none` there is none; `complete` all of it was read and hashed; `truncated` it is
 * longer than the limit for judging; `opaque` it has a coding that we don't read.
 */
export type BodyState = 'none' | 'complete' | 'truncated' | 'opaque';

/** What policy and log learn of a body: never its content. */
export interface BodyFacts {
  readonly state: BodyState;
  /** Bytes known when the decision was made: all of them if `complete`, the judged prefix otherwise. */
  readonly bytes: number;
  /** Hex SHA-256 of the bytes on the wire, if `complete`. */
  readonly sha256?: string;
  /** Lower case, without parameters: `application/json`. */
  readonly media_type?: string;
}

/** One header field as it was spelled on the wire. */
export type Field = readonly [name: string, value: string];

/** An authority: the host in lower case without brackets or trailing dot, and the port. */
export interface Authority {
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly port: number;
}

/**
 * The one canonical request. Immutable; policy input, log entry and the bytes sent upstream are all printed from it,
 * so that the form judged is the form sent. Header fields are end-to-end ones only (no hop-by-hop, no proxy fields).
 */
export interface CanonicalRequest extends Authority {
  readonly method: string;
  /** Percent-encoded path, starting with `/`, in one spelling: no dot segments, no empty segments, no encoded unreserved. */
  readonly path: string;
  /** Without the `?`; empty when there is none. */
  readonly query: string;
  readonly fields: readonly Field[];
  readonly body: BodyFacts;
  /** The decoded bytes that may be judged (content coding removed); null when there is no body or it can't be judged. */
  readonly content: Uint8Array | null;
  /** The WebSocket (or other) protocol that an upgrade asks for, or null. */
  readonly upgrade: string | null;
}

/** What an agent is about to do, in the API's own words. */
export interface Action {
  /** `github.pr.merge`, `github.unclassified`, `http.post`. */
  readonly name: string;
  /** Other names of the same action, which permissions may use as well; absent if there is none. */
  readonly aliases?: readonly string[];
  /** The connector that named it; `http` for the generic one. */
  readonly connector: string;
  readonly access: Access;
  /** `destructive`, `irreversible`; absent if neither is known. */
  readonly hints?: readonly string[];
  readonly parameters: { readonly [name: string]: Value };
  /** Names of parameters that the decision may need and that could not be determined. */
  readonly unknown: readonly string[];
}

/** What the action is about; written `type:id`. */
export interface Resource {
  readonly type: string;
  readonly id: string;
}

/** What policy learns of the request. */
export interface RequestFacts {
  readonly method: string;
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly body: BodyFacts;
}

/** What policy learns of an answer in which the gateway's secrets can't be looked for. */
export interface ResponseFacts {
  readonly scannable: false;
  readonly status: number;
  /** Lower case, without parameters; empty if the answer doesn't say. */
  readonly media_type: string;
  /** Its content codings in the order in which they were applied (`br`, `gzip, br`); empty if it has none. */
  readonly coding: string;
}

/** Everything around the request that a decision may depend on. */
export interface Context {
  /** RFC 3339, UTC, milliseconds. */
  readonly time: string;
  /** These four by the wall of the operator's time zone. */
  readonly weekday: string;
  readonly hour: number;
  readonly minute: number;
  readonly timezone: string;
  /** Of this gateway `minute` and `hour`; of this very request in this run `same` (a minute) and `same_hour`, where it is counted. */
  readonly counters: { readonly [name: string]: number };
  /** Hours of this gateway's permissions, and of its parents', that hold now; absent if none of them has any. */
  readonly within?: readonly string[];
  readonly flags: readonly string[];
  readonly confidence: number;
  /** Which rules, of which version of their file, took the request for an injection; absent if none did. */
  readonly found?: { readonly version: string; readonly rules: readonly string[] } | undefined;
}

/** The policy's question (interface §4), the OPA `input`. */
export interface Question {
  readonly v: 1;
  readonly subject: Subject;
  /** The innermost grant that limits the request, or null. */
  readonly grant: Pick<Grant, 'id' | 'task' | 'expires_at'> | null;
  readonly action: Action;
  readonly resource: Resource;
  /** What else the request would do, if it is more than one thing; each is asked about by itself. */
  readonly also?: readonly { readonly action: Action; readonly resource: Resource }[];
  readonly request: RequestFacts;
  /** Only when the policy is asked a second time: the request was allowed and sent, and its answer can't be searched. */
  readonly response?: ResponseFacts;
  readonly context: Context;
}

/** The policy's answer. */
export interface Decision {
  readonly effect: Effect;
  /** `perm_7`, `default`, `kill:gateway:NAME`, or what an operator's own Rego says. */
  readonly rule: string;
  /** A sentence for a person. */
  readonly reason: string;
  /** Name of the secret to inject, or null for the one bound to this connector or host, if there is one. */
  readonly secret: string | null;
  /** Hex SHA-256 of the WASM and the data that decided. */
  readonly policy_sha256: string;
  /** How long to hold for an approval, in milliseconds; absent for the configured default. */
  readonly hold?: number;
  /** True if the winning permission names the action without a `*`: only then may an unclassified action have a credential. */
  readonly exact?: boolean;
  /**
   * Ids of the permissions whose rates and budgets this request is counted by, each as often as it allows something that the
   * request does; absent if there are none.
   */
  readonly limits?: readonly string[];
  /** Who may approve it (names of approvers, or `role:NAME`); absent if any approver may. */
  readonly approvers?: readonly string[];
  /** How many different approvers it needs; absent for one. */
  readonly approvals?: number;
  /** What each part of the request demands, if they differ: all of them must be met. Absent: the two members above say it. */
  readonly demands?: readonly { readonly approvers: readonly string[]; readonly approvals: number }[];
}

/**
 * How a secret becomes credentials on the wire (RFC 9110 §11). `header:X` and `query:k` name their place; `sigv4` and
 * `webhook` sign with it; `oauth2`, `github-app`, `google` and `registry` exchange it for a bearer token; `vault:SCHEME` fetches the value
 * for SCHEME from HashiCorp Vault.
 */
export type Scheme =
  | 'bearer'
  | 'basic'
  | `header:${string}`
  | `query:${string}`
  | 'sigv4'
  | 'webhook'
  | 'oauth2'
  | 'github-app'
  | 'google'
  | 'registry'
  | `vault:${string}`;

// ── the log ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Types of log entries (interface §5). */
export type EntryType =
  | 'run.started'
  | 'run.ended'
  | 'action.decided'
  | 'action.completed'
  | 'credential.leased'
  | 'credential.set'
  | 'credential.rotated'
  | 'credential.removed'
  | 'approval.requested'
  | 'approval.granted'
  | 'approval.refused'
  | 'approval.expired'
  | 'approval.redeemed'
  | 'approval.cancelled'
  | 'approval.link_made'
  | 'approver.added'
  | 'approver.removed'
  | 'notification.sent'
  | 'notification.failed'
  | 'defer.scheduled'
  | 'defer.executed'
  | 'defer.cancelled'
  | 'kill.activated'
  | 'kill.deactivated'
  | 'grant.issued'
  | 'grant.revoked'
  | 'grant.expired'
  | 'gateway.created'
  | 'gateway.updated'
  | 'gateway.removed'
  | 'gateway.reinstated'
  | 'gateway.purged'
  | 'permission.set'
  | 'permission.removed'
  | 'freeze.added'
  | 'freeze.removed'
  | 'key.created'
  | 'key.rotated'
  | 'connector.reloaded'
  | 'policy.activated'
  | 'policy.rejected'
  | 'policy.proposed'
  | 'permit.rejected'
  | 'auth.rejected'
  | 'proxy.started'
  | 'proxy.stopped'
  | 'log.created'
  | 'log.recovered';

/** An entry before the log gives it `v`, `id`, `time`, `seq` and `prev`. */
export interface Draft {
  readonly type: EntryType;
  /** Run that it belongs to, or null. */
  readonly run: string | null;
  /** Further members, by type: `subject`, `action`, `decision`, `decided` … Values must be JSON. */
  readonly [member: string]: unknown;
}

/** An entry that is on disk. */
export interface Recorded {
  /** `ev_01J…` (ULID) */
  readonly id: string;
  readonly seq: number;
}
