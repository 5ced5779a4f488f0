/**
 * The connector contract: what we may say of an API, and what classification makes of a request. Only types; part of the
 * vocabulary, and to be imported from `model.ts`.
 */
import type { Access, Action, BodyFacts, Field, Resource, Scheme, Value } from './model.js';

/** What a connector's pure functions may know of a request. Everything in it is attacker-controlled. */
export interface RequestView {
  readonly method: string;
  readonly host: string;
  /** What the operator calls this host (`jira`), where the hosts of a connector are the operator's own; else the host. */
  readonly instance: string;
  readonly path: string;
  /** Query parameters, decoded, in order. */
  readonly query: readonly (readonly [string, string])[];
  readonly body: BodyFacts;
  /** The body as strictly read JSON, lines of it as an array; undefined if it isn't JSON, isn't complete, or is ambiguous. */
  readonly json: Value | undefined;
  /** The body as form fields in order; undefined if it isn't a form, is ambiguous, or holds a file. */
  readonly form: readonly (readonly [string, string])[] | undefined;
  /** The body as text; undefined if it isn't complete or isn't UTF-8. */
  readonly text: string | undefined;
  /** The body's bytes, or its judged prefix if `body.state` is `truncated`; null if there are none to judge. */
  readonly bytes: Uint8Array | null;
  /** The protocol that an upgrade asks for (`websocket`), or null. */
  readonly upgrade: string | null;
  /** The single value of a header field, or undefined when it is absent or repeated. */
  header(name: string): string | undefined;
  /** Whether a header field is there, once or often. `name` in lower case. */
  has(name: string): boolean;
  /** Whether a header field is there whose name begins so. `start` in lower case. */
  hasAny(start: string): boolean;
  /** Hex digest of some bytes: for what an API names by its hash. */
  digest(algorithm: 'sha1' | 'sha256', bytes: Uint8Array): string;
  /**
   * The zlib stream (RFC 1950) that begins at byte `at` of the body: what is in it, and how many bytes it takes; null if it
   * is broken, not all there, or holds more than `limit` bytes.
   */
  inflate(at: number, limit: number): { readonly content: Uint8Array; readonly length: number } | null;
}

/** What can't be undone by the same API: `destructive` it destroys something; `irreversible` nothing brings it back. */
export type Hint = 'destructive' | 'irreversible';

/**
 * Money that a request spends: names of its parameters, of which the first that is there counts. The amount is an integer
 * in the currency's minor unit: ISO 4217's, unless `decimals` says that the API counts a currency otherwise.
 */
export interface MoneyCost {
  readonly amount: string | readonly string[];
  readonly currency: string | readonly string[];
  /** Currency in lower case → decimals. */
  readonly decimals?: { readonly [currency: string]: number };
}

/** Tokens of a language model that a request spends: bounds, as they can be told before it is sent. */
export interface TokenCost {
  /** Null: not known. */
  readonly model: string | null;
  /** At most so many tokens of input; null: the request doesn't bound them. */
  readonly input: number | null;
  /** At most so many tokens of output for each choice; null: as many as the model can. */
  readonly output: number | null;
  /** How often it answers; null: not known. */
  readonly choices: number | null;
  /** Whether it may cost more than its tokens: tools that the provider runs, a dearer tier. */
  readonly fees: boolean;
  /** Members of the request that the connector doesn't know: what they cost is not known. */
  readonly strange: readonly string[];
}

/** What a request spends. */
export type Cost = 'nothing' | MoneyCost | TokenCost;

/** What a row, or a function in its place, says of one request. Names are without the connector's prefix. */
export interface Meaning {
  readonly action: string;
  /** Other names of the same action, that permissions may use as well. */
  readonly aliases?: readonly string[];
  readonly access?: Access;
  readonly hints?: readonly Hint[];
  /** `type` or `type:id`. */
  readonly resource?: string;
  readonly parameters?: { readonly [name: string]: Value };
  /** Names of parameters that could not be determined; `resource` if that is not certain either. */
  readonly unknown?: readonly string[];
  /** As in {@link RouteRow}, with the path filled in. */
  readonly lookup?: LookupRow;
  readonly cost?: Cost;
}

/** One row of a connector's table. */
export interface RouteRow {
  /** Without the connector's prefix: `pr.merge`. */
  readonly action: string;
  /** Other names of the same action, without the prefix, that permissions may use as well. */
  readonly aliases?: readonly string[];
  /** Default from the method: GET and HEAD read, DELETE delete, all else write. */
  readonly access?: Access;
  readonly hints?: readonly Hint[];
  /** `type:id` with path parameters in braces: `repo:{owner}/{repo}`. */
  readonly resource?: string;
  /**
   * Parameter → where it is: an OpenAPI runtime expression without `$request.` (`body#/base`, `query.state`,
   * `path.number`, `header.x-y`), or `argument.channel` for an API that takes arguments in the query or in the body
   * alike; optionally ` as integer|number|boolean|string|strings` (another type makes the parameter unknown), or
   * ` as absent`: true if there is nothing.
   */
  readonly parameters?: { readonly [name: string]: string };
  /**
   * This row counts only if each of these expressions has this value, or one of these; `*` is any value at all. A
   * value that no row of the route names makes the request unclassified, and so does a body that can't be read.
   */
  readonly when?: { readonly [expression: string]: Value | readonly Value[] };
  /** Facts that the request lacks, and the request of the same API that has them. Until then they are unknown. */
  readonly lookup?: LookupRow;
  /**
   * What it spends, for budgets. What is read, listed or deleted spends nothing unless it says so here; anything else that
   * says nothing may spend anything, and a permission with a budget doesn't let it pass.
   */
  readonly cost?: 'nothing' | MoneyCost | ((request: RequestView) => TokenCost);
}

/**
 * `{ request: 'GET /pulls/{number}', parameters: { base: '/base/ref' } }`: parameter → what the answer says of it. The path
 * has path parameters in braces, and parameters that are plain ids; a query may follow.
 */
export interface LookupRow {
  readonly request: string;
  readonly parameters: { readonly [name: string]: Fact };
  /** What is asked afterwards; it may name what was found. A parameter of both is known only if both tell it. */
  readonly next?: LookupRow;
}

/** A JSON pointer into the answer, or a pure function of it and of what was found before; undefined: it doesn't tell. */
export type Fact = string | ((answer: Value, found: { readonly [name: string]: Value }) => Value | undefined);

/**
 * What a function says of a request: a meaning; several, if the request would do several things at once (a batch), of which
 * each is decided and the strictest decision counts; null: not described. `data` is that of the generated file.
 */
export type Reader = (
  request: RequestView,
  path: { readonly [name: string]: string },
  data: Value,
) => Meaning | readonly Meaning[] | null;

/** A row, several rows of which the first whose `when` fits counts, or a pure function. */
export type Route = RouteRow | readonly RouteRow[] | Reader;

/** Where a generated file comes from. */
export interface Source {
  /** Package of the npm registry, and its version. */
  readonly package: string;
  readonly version: string;
  /** SPDX identifier. */
  readonly licence: string;
  /** File in the package, and its hex SHA-256. */
  readonly file: string;
  readonly sha256: string;
}

/** `connectors/generated/NAME.json`: an API's own description as rows. `scripts/generate.mjs` makes it; nobody edits it. */
export interface Generated {
  readonly sources: readonly Source[];
  readonly routes?: { readonly [methodAndTemplate: string]: RouteRow };
  /** What the connector's functions need besides. */
  readonly data?: Value;
}

/** One of the APIs of a connector that serves many, with routes of its own. */
export interface Part {
  /** The same for all hosts of this API: its table is put together once. */
  readonly name: string;
  readonly routes: () => Connector['routes'];
}

/**
 * What we know about one API: data and pure functions; no Node, no network, no secret. Several may share a name: parts
 * of one API on other hosts, with other credentials (GitHub's REST API and its git hosts).
 */
export interface Connector {
  readonly name: string;
  /** Exact host names, or patterns: `*.example.com` for one or more labels in front, `a.*.example.com` for just one. */
  readonly hosts: readonly string[];
  /** True if its hosts are (also) the operator's own, named under `connectors` in config.yaml; then `hosts` may be empty. */
  readonly configurable?: boolean;
  /** `env` names variables that SDKs read their key from; `placeholder` is a value their format checks accept. */
  readonly credentials?: {
    readonly scheme: Scheme;
    readonly placeholder: string;
    readonly env?: readonly string[];
    /** `user` part when the scheme is basic and the secret is only a password. */
    readonly user?: string;
    /** Word in front of the secret, where the field of a header scheme wants one (`SSWS`). */
    readonly prefix?: string;
  };
  /** Name of the file in connectors/generated that `routes` is laid over. */
  readonly generated?: string;
  /** In place of all routes, for an API whose paths say nothing. */
  readonly read?: Reader;
  /** In place of all routes, for many APIs of one kind (services of AWS): which one is at a host; null: none that we know. */
  readonly part?: (host: string, data: Value) => Part | Reader | null;
  /** With `part`: what all of them do, for people to look for; how it is asked for, and what it is. */
  readonly shown?: (data: Value) => readonly (readonly [route: string, row: RouteRow])[];
  /** True if what is sent is for a language model to read: nobody looks for instructions in it. */
  readonly prompts?: boolean;
  /** True if its routes describe requests that ask for an upgrade, too. */
  readonly upgrades?: boolean;
  /** OpenAPI path templates: `GET /repos/{owner}/{repo}`; `{rest+}` takes several segments; literals beat templates. */
  readonly routes: { readonly [methodAndTemplate: string]: Route };
  /** How the API reads a body (below a path): as JSON or as a form whatever its media type says. Absent: by the media type. */
  readonly reads?: 'json' | 'form' | ((path: string) => 'json' | 'form');
  /** Answers that list what else may be done, of which the agent sees only what it may perhaps do. */
  readonly offers?: Offers;
  /** The one spelling of a path parameter for what the API takes to be the same (case, suffixes); null: not described. */
  readonly canonical?: (parameter: string, value: string) => string | null;
  /** Path parameters in which the API takes `%2F` for a part of the value, and never for a separator (`group%2Fproject`). */
  readonly encoded?: readonly string[];
  /**
   * Names with which a request acts for somebody else than the owner of its credential (`sudo`), as a header field, in the
   * query or in the body: with one of them, or where that can't be told, it is unclassified.
   */
  readonly impersonation?: readonly string[];
  /**
   * Changes to a refusal so that this API's own clients show the reason: members that are added to its JSON or replace
   * one, header fields, and (only for a client that can't be told otherwise) another status. `agent` is the User-Agent.
   */
  readonly refusal?: (
    problem: RefusedProblem,
    agent?: string,
  ) => {
    readonly status?: number;
    readonly body?: { readonly [name: string]: Value };
    readonly fields?: readonly Field[];
    /** In place of the JSON, for a client that shows nothing but its own protocol's form. */
    readonly instead?: { readonly media_type: string; readonly text: string };
  };
}

/** What an answer offers: an action for each entry of a list in it. */
export interface Offered {
  /** Null: it can't be told what it is, and it is not shown. */
  readonly entries: readonly (Meaning | null)[];
  /** The same message with only the entries whose place in `shown` is true. */
  readonly only: (shown: readonly boolean[]) => Value;
}

/**
 * For an action (without the connector's prefix) whose answers list what else may be done: what one JSON message of such an
 * answer offers, or null if it offers nothing. Null for any other action. `hash` is SHA-256 in hex.
 */
export type Offers = (action: string) => ((message: Value, hash: (text: string) => string) => Offered | null) | null;

/** What a connector may know of a refusal that it shapes. `action` is what was refused, without the connector's prefix. */
export interface RefusedProblem {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly next?: string;
  readonly action?: string;
  /** Seconds after which it may be sent again, if that is longer than a client should wait by itself. */
  readonly long_wait?: number;
}

/** What classification makes of a request: it can't fail. */
export interface Classified {
  readonly action: Action;
  readonly resource: Resource;
  /** Name of the connector that serves the host, or null for the generic one. */
  readonly connector: Connector | null;
  /** False when no route described it: no credential, unless a permission names the action exactly. */
  readonly typed: boolean;
  /** What else the request would do; each is decided, and the strictest decision counts. */
  readonly also?: readonly Classified[];
  /** The request of the same API that has facts this one lacks. */
  readonly lookup?: LookupRow;
  /** What it spends; absent: nobody says. */
  readonly cost?: Cost;
}
