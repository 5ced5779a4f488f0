/**
 * Messages: everything that the parent and a worker say to each other. Only these two can: but a worker faces the agents,
 * so what it says is read strictly, and whoever says something else is ended.
 */
import type { Config } from '../../src/config.js';
import type { AgentCall, AgentCaller } from '../../src/control/index.js';
import type { Wanted as Deferring } from '../../src/deferrals/index.js';
import type { Trace } from '../../src/gateway.js';
import type { Snapshot } from '../../src/identity/replica.js';
import type { Printed } from '../../src/log/index.js';
import type { KillScope } from '../../src/model.js';
import type { Allowed } from '../../src/permit.js';
import type { Amounts, Wanted } from '../../src/spending/index.js';
import type { SecretMeta } from '../../vault/index.js';

// ── from the parent ─────────────────────────────────────────────────────────────────────────────────────────────────

/** `start`: what a worker is furnished with. Answered when it can take connections. */
export interface Start {
  readonly home: string;
  readonly config: Config;
  readonly snapshot: Snapshot;
  readonly secrets: readonly SecretMeta[];
  /** Digest of the operator's own policy that is stored, or empty for the default one. */
  readonly policy: string;
  /** Private key of all leaves (PKCS #8 PEM). */
  readonly leafKey: string;
}

/** `state`: who may do what, from now on; and what is to be stopped. Answered with what was, when all of it holds. */
export interface StateChange {
  readonly snapshot: Snapshot;
  readonly stop: KillScope | null;
}

/** `policy`: another module, or null for the default one. `secrets`: descriptions; every copy is dropped. */
export interface PolicyChange {
  readonly wasm: Uint8Array | null;
}

// `connectors`: the operator's own have changed. `ping` is answered by whoever lives.

/** `drain`: end; answered when the requests in flight have ended, or after `limit` ms. `hurry` (told): now. */
export interface Drain {
  readonly limit: number;
}

/** How many flights were stopped. */
export interface Stopped {
  readonly exchanges: number;
  readonly tunnels: number;
}

// ── from a worker ───────────────────────────────────────────────────────────────────────────────────────────────────

/** An entry for the log: `record` (asked: answered with its id and number) and `note` (told). */
export interface Entry {
  readonly entry: Printed;
  /** For a decision that isn't a denial: whose it is. How it ended is recorded later, by the parent if need be. */
  readonly opens: { readonly run: string | null; readonly gateway: string | null } | null;
  /** For an allow: what its permit binds. */
  readonly allowed: Omit<Allowed, 'evidence'> | null;
  /** Id of the decision that it completes, or null. */
  readonly completes: string | null;
}

/** `lease`: what the permit of this packet names, for the request with this hash. Answered with the lease. */
export interface LeaseWanted {
  readonly evidence: string;
  readonly packet: string;
  readonly hash: string;
  /** What of the request a token may depend on; where it goes is in the allow. */
  readonly target: { readonly method: string; readonly path: string; readonly query: string };
}

/** `approve`: waits for a human. Answered with the packet of the permit. `left` (told): it is over here. */
export interface ApprovalWanted {
  readonly number: number;
  readonly trace: Pick<Trace, 'request' | 'question' | 'decision' | 'evidence'>;
  /** Ids of the grants that limit it. */
  readonly grants: readonly string[];
  readonly allowed: Omit<Allowed, 'evidence'>;
}

/** `defer`: keeps a request for later, or lets the one through that is due. Answered with the packet of the permit. */
export type DeferWanted = Omit<Deferring, 'trace'> & Pick<ApprovalWanted, 'trace'>;

/** `agent`: what a program inside a run asks of the proxy itself. Answered with what it is told. `left` (told): it has gone. */
export interface AgentWanted {
  readonly number: number;
  readonly caller: AgentCaller;
  readonly call: AgentCall;
}

/** `left`: the client of an approval that is waited for has gone, or was stopped. */
export interface Left {
  readonly number: number;
  readonly stopped: boolean;
}

/** `count` (asked: answered with the counters): one more request of a gateway, and what tells it from others, or null. */
export interface Counted {
  readonly gateway: string;
  readonly same: string | null;
}

/** `spent` (told): what a request that had something set aside has spent; null if that isn't known. */
export interface Spending {
  readonly reservation: number;
  readonly amounts: Amounts | null;
}

/** `void`: a run is not what it was. Answered with the id of the entry that says so. */
export interface Voiding {
  readonly run: string;
  readonly reason: string;
}

// Others: `reserve` (asked: answered with its number) has what a request wants of its limits, `unspent` (told) such a number.
// `needles`, `counted` (told) name a gateway, `leaf` a host; `taken` (told): the number of a connection
// that has come; `closed` (told): one has closed; `diagnose` (told): a text for the operator; `refused` (told): the entry
// under which something was leased that an API refuses.

// ── reading what a worker says ──────────────────────────────────────────────────────────────────────────────────────

const wrong = (what: string): never => {
  throw new TypeError(`A message of a worker is not what it should be: ${what}.`);
};

/** Throws `TypeError` unless it is an object. */
function members(value: unknown, what: string): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : wrong(what);
}

/** A text. Throws `TypeError`. */
export const readText = (value: unknown): string => (typeof value === 'string' ? value : wrong('no text'));

/** A number. Throws `TypeError`. */
export const readNumber = (value: unknown): number => (typeof value === 'number' ? value : wrong('no number'));

const readOptional = (value: unknown): string | null => (value === null ? null : readText(value));

function readAllowed(value: unknown): Omit<Allowed, 'evidence'> {
  const { gateway, run, request, host, port, scheme, connector, secret } = members(value, 'allowed');
  if (typeof port !== 'number' || (scheme !== 'http' && scheme !== 'https')) return wrong('allowed');
  return {
    gateway: readText(gateway),
    run: readText(run),
    request: readText(request),
    host: readText(host),
    port,
    scheme,
    connector: readText(connector),
    secret: readOptional(secret),
  };
}

/** Throws `TypeError`. */
export function readEntry(value: unknown): Entry {
  const { entry, opens, allowed, completes } = members(value, 'entry');
  if (!Array.isArray(entry) || entry.length !== 4 || entry.some(part => typeof part !== 'string'))
    return wrong('entry');
  // The log's writer takes entries by lines.
  if (entry.some(part => (part as string).includes('\n'))) return wrong('entry');
  const owner = opens === null ? null : members(opens, 'opens');
  return {
    entry: entry as unknown as Printed,
    opens: owner === null ? null : { run: readOptional(owner.run), gateway: readOptional(owner.gateway) },
    allowed: allowed === null ? null : readAllowed(allowed),
    completes: readOptional(completes),
  };
}

/** Throws `TypeError`. */
export function readLeaseWanted(value: unknown): LeaseWanted {
  const { evidence, packet, hash, target } = members(value, 'lease');
  const { method, path, query } = members(target, 'lease');
  return {
    evidence: readText(evidence),
    packet: readText(packet),
    hash: readText(hash),
    target: { method: readText(method), path: readText(path), query: readText(query) },
  };
}

/** Throws `TypeError`. */
export function readApprovalWanted(value: unknown): ApprovalWanted {
  const { number, trace, grants, allowed } = members(value, 'approve');
  const { request, question, decision, evidence } = members(trace, 'approve');
  if (typeof number !== 'number' || !Array.isArray(grants)) return wrong('approve');
  for (const part of [request, question, decision]) members(part, 'approve');
  readText(evidence);
  return {
    number,
    trace: trace as ApprovalWanted['trace'],
    grants: grants.map(readText),
    allowed: readAllowed(allowed),
  };
}

/** Throws `TypeError`. */
export function readDeferWanted(value: unknown): DeferWanted {
  const { body, executes } = members(value, 'defer');
  const { trace, grants, allowed } = readApprovalWanted(Object.assign({}, value, { number: 0 }));
  if (!(body === null || body === 'unread' || body instanceof Uint8Array)) return wrong('defer');
  return { trace, allowed, grants, body, executes: readOptional(executes) };
}

/** Throws `TypeError`. */
export function readAgentWanted(value: unknown): AgentWanted {
  const { number, caller, call } = members(value, 'agent');
  const { run, grant } = members(caller, 'agent');
  const { route, body } = members(call, 'agent');
  return {
    number: readNumber(number),
    caller: { run: readText(run), grant: readOptional(grant) },
    call: { route: readText(route), body: members(body, 'agent') },
  };
}

/** Throws `TypeError`. */
export function readLeft(value: unknown): Left {
  const { number, stopped } = members(value, 'left');
  return typeof number === 'number' ? { number, stopped: stopped === true } : wrong('left');
}

/** Throws `TypeError`. */
export function readCounted(value: unknown): Counted {
  const { gateway, same } = members(value, 'count');
  return { gateway: readText(gateway), same: readOptional(same) };
}

/** Amounts that count: never less than nothing. Throws `TypeError`. */
function readAmounts(value: unknown): Amounts {
  const amounts = members(value, 'amounts');
  for (const amount of Object.values(amounts))
    if (!Number.isSafeInteger(amount) || (amount as number) < 0) return wrong('amounts');
  return amounts as Amounts;
}

/** Throws `TypeError`. */
export function readWanted(value: unknown): Wanted {
  const { limits, amounts, unknown } = members(value, 'reserve');
  if (!Array.isArray(limits)) return wrong('reserve');
  for (const why of Object.values(members(unknown, 'reserve'))) readText(why);
  return { limits: limits.map(readText), amounts: readAmounts(amounts), unknown: unknown as Wanted['unknown'] };
}

/** Throws `TypeError`. */
export function readVoiding(value: unknown): [run: string, reason: string] {
  const { run, reason } = members(value, 'void');
  return [readText(run), readText(reason)];
}

/** Throws `TypeError`. */
export function readSpending(value: unknown): Spending {
  const { reservation, amounts } = members(value, 'spent');
  return { reservation: readNumber(reservation), amounts: amounts === null ? null : readAmounts(amounts) };
}
