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
  };
  /** Name of the file in connectors/generated that `routes` is laid over. */
  readonly generated?: string;
  /** In place of all routes, for an API whose paths say nothing. */
  readonly read?: Reader;
  /** True if its routes describe requests that ask for an upgrade, too. */
  readonly upgrades?: boolean;
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
  /** What else the request would do; each is decided, and the strictest decision counts. */
  readonly also?: readonly Classified[];
  /** The request of the same API that has facts this one lacks: a canonical path, and parameter → JSON pointer. */
  readonly lookup?: { readonly path: string; readonly parameters: { readonly [name: string]: string } };
}
