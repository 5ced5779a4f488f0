/** Deferral: an action that is done later, unless somebody takes it back before. */
import type { StoredRun } from '../identity/state.js';
import type { Action, CanonicalRequest, Question, Resource } from '../model.js';

/** `executed`: it was let through, once; how that ended is its outcome. */
export type DeferralState = 'scheduled' | 'executed' | 'cancelled';

/** One deferred request, as people see it and as it is kept. What is to be sent is sealed, and kept apart. */
export interface Deferral {
  /** `dfr_01J…` */
  readonly id: string;
  readonly state: DeferralState;
  readonly gateway: string;
  readonly run: string;
  /** For whom. */
  readonly user: string;
  /** Ids of the grants that limit it. */
  readonly grants: readonly string[];
  readonly action: Action;
  readonly resource: Resource;
  /** What else the request would do. */
  readonly also?: Question['also'];
  /** Why the policy defers it. */
  readonly why: string;
  readonly request: {
    readonly method: string;
    readonly host: string;
    readonly path: string;
    readonly body_sha256: string | null;
    /** Bytes of the body. */
    readonly bytes: number;
  };
  /** Hex SHA-256 of what an identical request has in common with it. */
  readonly binding: string;
  /** Id of the entry that deferred it. */
  readonly decided: string;
  readonly scheduled_at: string;
  readonly due_at: string;
  /** When it was let through, and the entry of the decision to do so. */
  readonly executed?: { readonly at: string; readonly decided: string };
  /** Status of the upstream's answer, or why there is none (a code; `unknown` after a crash); absent until it has ended. */
  readonly outcome?: { readonly status: number | null; readonly error: string | null };
  readonly cancelled?: { readonly at: string; readonly by: string; readonly reason: string };
}

/** What is sent in the end: everything that was judged. */
export interface Packet {
  /** The run that it came from, which may have ended. */
  readonly run: StoredRun;
  readonly request: Omit<CanonicalRequest, 'content'>;
  /** Hex SHA-256 of the canonical request. */
  readonly hash: string;
  /** The bytes on the wire, base64, or null. */
  readonly body: string | null;
}

/** Everything that it does, each name once. */
export const namesOf = ({ action, also = [] }: Pick<Deferral, 'action' | 'also'>): string =>
  [...new Set([action.name, ...also.map(part => part.action.name)])].join(', ');
