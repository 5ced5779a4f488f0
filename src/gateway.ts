/**
 * The line: one request from question to answer. Whoever reads this file knows what Tollfence is. The order of the steps
 * is code, not configuration; each room is one verb, declared here, furnished by whoever starts the proxy.
 */
import type { NeedleSet } from './credentials/index.js';
import { Refusal } from './errors.js';
import type { Exchange } from './http/exchange.js';
import type { Flight } from './http/flights.js';
import type { Watcher } from './http/watch.js';
import type { Belongs } from './identity/kill.js';
import type { Caller, CanonicalRequest, Classified, Decision, Question, ResponseFacts } from './model.js';
import type { Allowed, Permit } from './permit.js';

/** What was set aside of the limits that a request is under. */
export interface Reserved {
  /** Reads from the answer what was used; null: the answer doesn't say. */
  readonly watcher: Watcher | null;
  /** Counts what was spent in the end, and says it for the log; null if nothing is known. `sent`: it was perhaps sent. */
  settle(outcome: Outcome, sent: boolean): Settled | null;
  /** Gives all of it back, unless it was settled. */
  release(): void;
}

/** What a request has spent: `cost`, and of a language model `model`, `input_tokens`, `output_tokens` … */
export type Settled = { readonly [member: string]: unknown };

/** What was learnt of a request so far; what a refusal and its entry are made from. */
export interface Trace {
  caller: Caller | null;
  request: CanonicalRequest | null;
  meaning: Classified | null;
  question: Question | null;
  decision: Decision | null;
  reserved: Reserved | null;
  /** Id of the entry of the decision, once it is on disk. */
  evidence: string | null;
  /** An answer in which secrets can't be looked for, and the rule that decided about it. */
  unscannable: { readonly response: ResponseFacts; readonly rule: string } | null;
  readonly started: number;
}

/** A request that was read, with what is needed to send it. */
export interface Decoded {
  readonly request: CanonicalRequest;
  /** SHA-256 of the canonical request: what the permit is bound to. */
  readonly hash: string;
  /** What goes upstream as body: bytes, a stream that holds the whole body, or nothing. */
  readonly payload: Exchange['source'] | Buffer | null;
  /** Gives back what the body held. */
  release(): void;
}

/** A request with its credentials, and what is to be scrubbed from the answer. */
export interface Outgoing {
  readonly request: CanonicalRequest;
  readonly payload: Decoded['payload'];
  /** Hash of the request as it was judged: what the permit is bound to. */
  readonly hash: string;
  /** Name and version of the secret: connections are not shared between credentials. */
  readonly credential: string;
  /** Id of the entry under which that secret was leased; absent if there is none. */
  readonly leased?: string;
  /** True if no answer can have the secret in it: what is sent was made with it, and says nothing of it. */
  readonly hidden?: boolean;
  /** Whether the agent's own credentials were in that place. */
  readonly replaced: boolean;
  readonly needles: NeedleSet;
}

/** How it ended. */
export interface Outcome {
  readonly status: number | null;
  /** Code of the refusal, when there was no answer from upstream, or it broke off. */
  readonly error: string | null;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly responseSha256: string | null;
  readonly scrubbed: number;
}

/** A decision that is on disk. */
export interface Record {
  /** Id of its entry. */
  readonly evidence: string;
  /** What a permit for this binds, whether there is one yet or not. */
  readonly allowed: Omit<Allowed, 'evidence'>;
  /** Null unless the decision is an allow. */
  readonly permit: Permit | null;
}

/** The rooms that the line goes through. Each throws {@link Refusal} to end it. */
export interface Rooms {
  /** Who sends this, and is it still who it was? 407, 403 binding_void. */
  authenticate(exchange: Exchange, flight: Flight): Promise<Caller> | Caller;
  /** Stops what a kill switch covers. 403 killed. */
  checkKill(to: Belongs): void;
  /** The one canonical form. 400, 421. */
  decode(exchange: Exchange, caller: Caller): Promise<Decoded>;
  /** What does it mean? Can't fail. */
  classify(request: CanonicalRequest): Classified;
  /** Facts that the request lacks; what can't be had is unknown. Can't fail. */
  lookUp(caller: Caller, request: CanonicalRequest, meaning: Classified): Promise<Classified> | Classified;
  /** Refuses what must not leave whatever the policy says: a placeholder outside of its place. 403. */
  inspect(request: CanonicalRequest, meaning: Classified): void;
  /** The question for the policy. */
  ask(caller: Caller, request: CanonicalRequest, meaning: Classified): Promise<Question> | Question;
  /** What the policy says, as far as the grants reach. Can't fail: an error is a denial. */
  decide(question: Question, caller: Caller): Promise<Decision> | Decision;
  /** Counts it by the rates and budgets that it is under. 429 rate_limited, budget_exceeded, 403. */
  reserve(decision: Decision, meaning: Classified): Promise<Reserved | null> | Reserved | null;
  /** Writes the decision to disk; the permit if it is an allow. 503 log_unavailable, 502, 503 vault_locked. */
  record(question: Question, decision: Decision, decoded: Decoded, meaning: Classified): Promise<Record>;
  /** Waits for a human, or for the time until which it can be undone; a permit, or 503 pending, 403, 202. */
  approve(trace: Trace, allowed: Record['allowed'], flight: Flight, decoded: Decoded): Promise<Permit>;
  /** Takes the secret for this permit and puts it in its place. 502, 503. */
  inject(permit: Permit, decoded: Decoded, meaning: Classified): Promise<Outgoing> | Outgoing;
  /** Sends it and carries the answer back. 502, 504; 403 if secrets can't be looked for in it and the policy minds. */
  forward(permit: Permit, outgoing: Outgoing, exchange: Exchange, flight: Flight, trace: Trace): Promise<Outcome>;
  /** Records how it ended. */
  settle(trace: Trace, outcome: Outcome, outgoing: Outgoing | null): void;
  /** Records a refusal that has no entry yet, and answers it. */
  refuse(exchange: Exchange, refusal: Refusal, trace: Trace): Promise<void>;
}

/** Nothing is known yet, but perhaps who asks. */
export const openTrace = (caller: Caller | null): Trace => ({
  caller,
  request: null,
  meaning: null,
  question: null,
  decision: null,
  reserved: null,
  evidence: null,
  unscannable: null,
  started: performance.now(),
});

/** Carries one request through all rooms. Never rejects: whatever goes wrong is an answer, and nothing is sent. */
export async function handle(exchange: Exchange, flight: Flight, rooms: Rooms): Promise<void> {
  const trace = openTrace(null);
  let decoded: Decoded | null = null;
  let outgoing: Outgoing | null = null;
  try {
    const caller = await rooms.authenticate(exchange, flight);
    trace.caller = caller;
    flight.belongTo(caller);
    rooms.checkKill(flight);

    decoded = await rooms.decode(exchange, caller);
    trace.request = decoded.request;

    const meaning = await rooms.lookUp(caller, decoded.request, rooms.classify(decoded.request));
    trace.meaning = meaning;
    flight.connector = meaning.action.connector;
    rooms.checkKill(flight);
    rooms.inspect(decoded.request, meaning);

    const question = await rooms.ask(caller, decoded.request, meaning);
    trace.question = question;
    const decision = await rooms.decide(question, caller);
    trace.decision = decision;
    trace.reserved = await rooms.reserve(decision, meaning);

    const recorded = await rooms.record(question, decision, decoded, meaning);
    trace.evidence = recorded.evidence;
    if (decision.effect === 'deny') throw new Refusal('denied', decision.reason);
    const permit = recorded.permit ?? (await rooms.approve(trace, recorded.allowed, flight, decoded));
    rooms.checkKill(flight);

    outgoing = await rooms.inject(permit, decoded, meaning);
    rooms.checkKill(flight);
    const outcome = await rooms.forward(permit, outgoing, exchange, flight, trace);
    rooms.settle(trace, outcome, outgoing);
  } catch (error) {
    const refusal =
      error instanceof Refusal
        ? error
        : new Refusal('proxy_error', 'Tollfence failed while it handled this request.', { cause: error });
    if (trace.evidence !== null && trace.decision?.effect !== 'deny') rooms.settle(trace, failed(refusal), outgoing);
    await rooms.refuse(exchange, refusal, trace).catch(() => exchange.destroy());
  } finally {
    decoded?.release();
    trace.reserved?.release();
  }
}

const failed = (refusal: Refusal): Outcome => ({
  status: null,
  error: refusal.code,
  bytesSent: 0,
  bytesReceived: 0,
  responseSha256: null,
  scrubbed: 0,
});
