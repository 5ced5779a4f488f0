/** Approval: one request that needs people's consent, as they see it and as it is kept; what they answer. Only types. */
import type { Signed } from '../log/index.js';
import type { Action, BodyFacts, Question, Resource, Subject, Value } from '../model.js';

/**
 * `pending` nobody has answered, or not enough people; `granted` it may be used; `redeemed` it has been, as often as it may;
 * `refused` somebody said no, or took it back; `expired` its time was over; `cancelled` its client went away while it was held, or
 * a kill switch covers it.
 */
export type ApprovalState = 'pending' | 'granted' | 'refused' | 'expired' | 'cancelled' | 'redeemed';

/** How far a yes reaches; empty: this exact request, once. */
export interface Scope {
  /** For so many milliseconds from the yes. */
  readonly for_ms?: number;
  /** So many times. */
  readonly count?: number;
  /** Only in the run that asked, while it lives. */
  readonly run?: true;
  /** The same actions on the same resources, whatever else they are sent with. */
  readonly resource?: true;
}

/** What somebody answers. */
export interface Answer {
  readonly verdict: 'granted' | 'refused';
  /** For the log: who, as far as is known. */
  readonly by: string;
  readonly reason: string;
  readonly scope?: Scope;
  readonly signed?: Signed;
}

/** A yes that was given. */
export interface Yes {
  readonly by: string;
  /** Name of the registered approver, or null for the operator. */
  readonly approver: string | null;
  readonly at: string;
  readonly scope: Scope;
}

/** Who must say yes: so many different people of these (names, or `role:NAME`); of anybody if it names nobody. */
export interface Demand {
  readonly approvers: readonly string[];
  readonly approvals: number;
}

/** Somebody who is registered to approve. */
export interface Person {
  readonly name: string;
  /** Since when he is: what somebody of that name said before counts for nothing. */
  readonly added_at: string;
  readonly roles: readonly string[];
}

/** Who is registered to approve (`src/approvers/`). */
export interface People {
  list(): readonly Person[];
  /** True if an operator's word alone isn't enough. */
  required(): boolean;
  /** Whose answer it is. Throws `Fault` (refused) if it isn't a signed statement of exactly this. */
  check(
    signed: Signed,
    approval: Pick<Approval, 'id' | 'binding'>,
    answer: { verdict: Answer['verdict']; scope: Scope },
  ): Person;
  /** Throws `Fault` (refused) if he asks for himself, or is one of those who have said yes before. */
  permit(person: Person, asked: Pick<Approval, 'subject'>, before: readonly string[]): void;
}

/** How this differs from what was approved last for the same gateway, action and type of resource. */
export interface Difference {
  readonly approval: string;
  readonly at: string;
  readonly changes: readonly { readonly name: string; readonly before: Value; readonly now: Value }[];
}

/** One thing that a request does. */
export interface Part {
  readonly action: Action;
  readonly resource: Resource;
}

/** One request for approval, as people see it. */
export interface Approval extends Part {
  readonly id: string;
  readonly state: ApprovalState;
  readonly gateway: string;
  readonly run: string;
  readonly subject: Subject;
  readonly grant: Question['grant'];
  /** Ids of all grants that limit it: it ends with any of them. */
  readonly grants: readonly string[];
  /** What else the request would do: it is approved as a whole. */
  readonly also?: Question['also'];
  readonly flags: readonly string[];
  /** Why the policy asks, and by which rule. */
  readonly why: string;
  readonly rule: string;
  /** The request that will be sent, or null where a question stands for itself (`gateway.spawn`, an SDK's `guard`). */
  readonly request: {
    readonly method: string;
    readonly scheme: 'http' | 'https';
    readonly host: string;
    readonly port: number;
    readonly path: string;
    /** With `…` for values that may be credentials. */
    readonly query: string;
    readonly body: BodyFacts;
  } | null;
  /** Name of the secret that would be sent with it, or null. */
  readonly secret: string | null;
  /** Hex SHA-256 that binds it to the request, and to what `--resource` lets through besides. */
  readonly binding: string;
  readonly resource_binding: string;
  readonly policy_sha256: string;
  /** Id of the entry of the decision that asks for it. */
  readonly decided: string;
  readonly requested_at: string;
  /** When it ends, waiting or standing; null: with its run. */
  readonly expires_at: string | null;
  /** All of these must be met. */
  readonly demands: readonly Demand[];
  readonly yes: readonly Yes[];
  /** Null until it is granted. */
  readonly scope: Scope | null;
  /** How often it was redeemed. */
  readonly used: number;
  /** How it differs from what was approved before, or null if nothing like it was. */
  readonly difference: Difference | null;
  readonly by: string | null;
  readonly reason: string | null;
  /** Whether its agent has heard how it ended: the next such request is a new one. */
  readonly told: boolean;
}
