/**
 * The vocabulary of Tollfence: the words of the product as types. Only types; imports nothing, so that
 * every room, and every connector, may import it.
 */

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
  /** The connector that named it; `http` for the generic one. */
  readonly connector: string;
  readonly access: Access;
  readonly parameters: { readonly [name: string]: Value };
  /** Names of parameters that the decision may need and that could not be determined. */
  readonly unknown: readonly string[];
}

/** What the action is about; written `type:id`. */
export interface Resource {
  readonly type: string;
  readonly id: string;
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
  readonly user: { readonly sub: string };
  readonly workload: { readonly [name: string]: Value };
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

/** Everything around the request that a decision may depend on. */
export interface Context {
  /** RFC 3339, UTC, milliseconds. */
  readonly time: string;
  readonly weekday: string;
  readonly hour: number;
  readonly minute: number;
  readonly timezone: string;
  readonly counters: { readonly [name: string]: number };
  readonly flags: readonly string[];
  readonly confidence: number;
}

/** The policy's question (interface §4), the OPA `input`. */
export interface Question {
  readonly v: 1;
  readonly subject: Subject;
  readonly grant: null;
  readonly action: Action;
  readonly resource: Resource;
  readonly request: RequestFacts;
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
}

/** How a secret becomes credentials on the wire (RFC 9110 §11). `header:X` and `query:k` name their place. */
export type Scheme = 'bearer' | 'basic' | `header:${string}` | `query:${string}`;

// ── connectors ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** What a connector's pure functions may know of a request. Everything in it is attacker-controlled. */
export interface RequestView {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  /** Query parameters, decoded, in order. */
  readonly query: readonly (readonly [string, string])[];
  readonly body: BodyFacts;
  /** The body as strictly read JSON; undefined if it isn't JSON, isn't complete, or is ambiguous. */
  readonly json: Value | undefined;
  /** The body as form fields in order; undefined if it isn't a form. */
  readonly form: readonly (readonly [string, string])[] | undefined;
  /** The body as text; undefined if it isn't complete or isn't UTF-8. */
  readonly text: string | undefined;
  /** The body's bytes, or its judged prefix if `body.state` is `truncated`; null if there are none to judge. */
  readonly bytes: Uint8Array | null;
  /** The single value of a header field, or undefined when it is absent or repeated. */
  header(name: string): string | undefined;
}

/** What a row, or a function in its place, says of one request. Names are without the connector's prefix. */
export interface Meaning {
  readonly action: string;
  readonly access?: Access;
  /** `type` or `type:id`. */
  readonly resource?: string;
  readonly parameters?: { readonly [name: string]: Value };
  readonly unknown?: readonly string[];
}

/** One row of a connector's table. */
export interface RouteRow {
  /** Without the connector's prefix: `pr.merge`. */
  readonly action: string;
  /** Default from the method: GET and HEAD read, DELETE delete, all else write. */
  readonly access?: Access;
  /** `type:id` with path parameters in braces: `repo:{owner}/{repo}`. */
  readonly resource?: string;
  /**
   * Parameter → where it is: an OpenAPI runtime expression without `$request.` (`body#/base`, `query.state`,
   * `path.number`, `header.x-y`), or `argument.channel` for an API that takes arguments in the query or in the body
   * alike; optionally ` as integer|number|boolean|string|strings` (another type makes the parameter unknown).
   */
  readonly parameters?: { readonly [name: string]: string };
  /**
   * This row counts only if each of these expressions has this value, or one of these; `*` is any value at all. A
   * value that no row of the route names makes the request unclassified, and so does a body that can't be read.
   */
  readonly when?: { readonly [expression: string]: Value | readonly Value[] };
  /** Facts that the request lacks, and the request of the same API that has them. Until then they are unknown. */
  readonly lookup?: LookupRow;
}

/** `{ request: 'GET /pulls/{number}', parameters: { base: '/base/ref' } }`: parameter → JSON pointer into the answer. */
export interface LookupRow {
  readonly request: string;
  readonly parameters: { readonly [name: string]: string };
}

/** A row, several rows of which the first whose `when` fits counts, or a pure function; null: not described. */
export type Route =
  | RouteRow
  | readonly RouteRow[]
  | ((request: RequestView, path: { readonly [name: string]: string }) => Meaning | null);

/**
 * What we know about one API: data and pure functions; no Node, no network, no secret. Several may share a name: parts
 * of one API on other hosts, with other credentials (GitHub's REST API and its git hosts).
 */
export interface Connector {
  readonly name: string;
  /** Exact host names, or `*.example.com` for one or more labels in front. */
  readonly hosts: readonly string[];
  /** `env` names variables that SDKs read their key from; `placeholder` is a value their format checks accept. */
  readonly credentials?: {
    readonly scheme: Scheme;
    readonly placeholder: string;
    readonly env?: readonly string[];
    /** `user` part when the scheme is basic and the secret is only a password. */
    readonly user?: string;
  };
  /** OpenAPI path templates: `GET /repos/{owner}/{repo}`; `{rest+}` takes several segments; literals beat templates. */
  readonly routes: { readonly [methodAndTemplate: string]: Route };
  /** How the API reads a body: as JSON or as a form whatever its media type says. Absent: by the media type. */
  readonly reads?: 'json' | 'form';
  /** The one spelling of a path parameter for what the API takes to be the same (case, suffixes); null: not described. */
  readonly canonical?: (parameter: string, value: string) => string | null;
  /**
   * Changes to a refusal so that this API's own clients show the reason: members that are added to its JSON or replace
   * one, header fields, and (only for a client that can't be told otherwise) another status. `agent` is the User-Agent.
   */
  readonly refusal?: (problem: RefusedProblem, agent?: string) => {
    readonly status?: number;
    readonly body?: { readonly [name: string]: Value };
    readonly fields?: readonly Field[];
    /** In place of the JSON, for a client that shows nothing but its own protocol's form. */
    readonly instead?: { readonly media_type: string; readonly text: string };
  };
}

/** What a connector may know of a refusal that it shapes. `action` is what was refused, without the connector's prefix. */
export interface RefusedProblem {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly next?: string;
  readonly action?: string;
}

/** What classification makes of a request: it can't fail. */
export interface Classified {
  readonly action: Action;
  readonly resource: Resource;
  /** Name of the connector that serves the host, or null for the generic one. */
  readonly connector: Connector | null;
  /** False when no route described it: no credential, unless a permission names the action exactly. */
  readonly typed: boolean;
  /** The request of the same API that has facts this one lacks: a canonical path, and parameter → JSON pointer. */
  readonly lookup?: { readonly path: string; readonly parameters: { readonly [name: string]: string } };
}

// ── identity ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A named agent identity. */
export interface Gateway {
  readonly name: string;
  readonly description: string;
  readonly environment: string;
  readonly labels: { readonly [name: string]: string };
  readonly created_at: string;
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
  readonly created_at: string;
}

/** The scope of a kill switch. */
export type KillScope =
  | { readonly kind: 'all' }
  | { readonly kind: 'gateway' | 'connector' | 'run'; readonly name: string };

/** An active kill switch. */
export interface Kill {
  readonly scope: KillScope;
  readonly reason: string;
  readonly since: string;
  readonly by: string;
}

// ── the log ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Types of log entries (interface §5). */
export type EntryType =
  | 'run.started' | 'run.ended'
  | 'action.decided' | 'action.completed'
  | 'credential.leased' | 'credential.set' | 'credential.rotated' | 'credential.removed'
  | 'approval.requested' | 'approval.granted' | 'approval.refused' | 'approval.expired' | 'approval.redeemed'
  | 'defer.scheduled' | 'defer.executed' | 'defer.cancelled'
  | 'kill.activated' | 'kill.deactivated'
  | 'grant.issued' | 'grant.revoked' | 'grant.expired'
  | 'gateway.created' | 'gateway.updated' | 'gateway.removed' | 'gateway.reinstated' | 'gateway.purged'
  | 'permission.set' | 'permission.removed'
  | 'policy.activated' | 'policy.rejected' | 'policy.proposed'
  | 'permit.rejected' | 'auth.rejected'
  | 'proxy.started' | 'proxy.stopped' | 'log.created' | 'log.recovered';

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
