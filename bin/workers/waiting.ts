/** Waiting: what clients of one worker wait for in the parent: people, a time, an answer of the proxy's own; until they go. */
import type { Approvals } from '../../src/approvals/index.js';
import type { Deferrals } from '../../src/deferrals/index.js';
import { openTrace } from '../../src/gateway.js';
import { Flight } from '../../src/http/flights.js';
import type { Grants } from '../../src/identity/grants.js';
import type { Policy } from '../../src/policy/index.js';
import type { AnswerAgent } from '../proxy/agent-calls.js';
import { confirmed } from '../proxy/confirm.js';
import type { Decisions } from './decisions.js';
import type { AgentWanted, ApprovalWanted, DeferWanted, Left } from './messages.js';

/** The rooms that make somebody wait. */
export interface WaitingHouse {
  readonly approvals: Approvals;
  readonly deferrals: Pick<Deferrals, 'await'>;
  readonly policy: Policy;
  readonly grants: Pick<Grants, 'live' | 'find'>;
  readonly agent: AnswerAgent;
}

const waiter = (): Flight =>
  new Flight(
    'exchange',
    () => {},
    () => {},
  );

export class Waiting {
  readonly #house: WaitingHouse;
  readonly #decisions: Decisions;
  /** By the numbers that the worker has given them. */
  readonly #flights = new Map<number, Flight>();

  constructor(house: WaitingHouse, decisions: Decisions) {
    this.#house = house;
    this.#decisions = decisions;
  }

  /** Waits for people; the packet of the permit. */
  async approve({ number, trace: known, grants: ids, allowed }: ApprovalWanted): Promise<unknown> {
    const { approvals, policy, grants } = this.#house;
    const limits = ids.flatMap(id => grants.find(id) ?? []);
    const trace = { ...openTrace({ subject: known.question!.subject, grants: limits }), ...known };
    const flight = waiter();
    this.#flights.set(number, flight);
    try {
      const permit = await approvals.await(trace, flight, allowed, () => confirmed({ policy, grants }, trace));
      return this.#decisions.grant(known.evidence!, permit);
    } finally {
      this.#flights.delete(number);
    }
  }

  /** Keeps a request for later, which is a refusal; or lets the one through that is due. */
  async defer({ trace: known, ...wanted }: DeferWanted): Promise<string> {
    const trace = { ...openTrace({ subject: known.question!.subject, grants: [] }), ...known };
    return this.#decisions.grant(known.evidence!, await this.#house.deferrals.await({ ...wanted, trace }));
  }

  /** Answers a program inside a run. */
  async agent({ number, caller, call }: AgentWanted): Promise<object> {
    const gone = new AbortController();
    const flight = waiter();
    flight.onStop = () => gone.abort();
    this.#flights.set(number, flight);
    try {
      return await this.#house.agent(caller, call, gone.signal);
    } finally {
      this.#flights.delete(number);
    }
  }

  /** One of them has gone, or was stopped. */
  left({ number, stopped }: Left): void {
    const flight = this.#flights.get(number);
    if (stopped) flight?.stop();
    else flight?.leave();
  }

  /** The worker is no more. */
  leave(): void {
    for (const flight of this.#flights.values()) flight.leave();
  }
}
