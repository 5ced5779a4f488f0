/**
 * The SDK: `import { bind, issue, guard } from 'tollfence'`. For what a program does by itself, where no request through the
 * proxy could be judged. The same policy decides, the same human is asked, and the same entries are in the log.
 * It works inside a run, or wherever `HTTPS_PROXY` holds the token of a grant. docs/sdk.md.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { call, type Gate, gateOf, Refused, under } from './call.js';

export { Refused };

/** Whoever this process acts as. */
export interface Binding {
  /** `GATEWAY/RUN` */
  readonly principalId: string;
  /** When its run began; RFC 3339. */
  readonly boundAt: string;
  /** When it ends at the latest; null: with its run. RFC 3339. */
  readonly expiresAt: string | null;
}

/** Short-lived authority for one task; `exp` in seconds since the epoch, `jti` its id in the log. */
export interface IssuedGrant {
  readonly token: string;
  readonly exp: number;
  readonly jti: string;
}

/** What a grant is to be for: never more than whoever issues it has. */
export interface GrantRequest {
  readonly task: string;
  /** Patterns of actions, such as `github.pr.*`. */
  readonly actions: readonly string[];
  /** Patterns of resources, such as `repo:acme/*`; absent for any. */
  readonly resources?: readonly string[];
  /** `30s`, `5m` (the default), `2h`; at most 24 h. */
  readonly ttl?: string;
}

/** What is about to be done. */
export interface Deed {
  /** As connectors name it (`github.issue.create`), or of one's own (`billing.refund`). */
  readonly action: string;
  /** `type:id`, or a type alone. */
  readonly resource: string;
  /** What the policy may look at: no text for people, and no secrets. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** How much harm an action of one's own can do; `write` if it isn't said. */
  readonly access?: 'list' | 'read' | 'write' | 'delete' | 'permissions';
}

/** How to ask. */
export interface GuardOptions {
  /** For so many milliseconds it is asked again while it waits for people's consent; 0 (the default): once. */
  readonly wait?: number;
  readonly signal?: AbortSignal;
}

/** What was done, and the id of the entry that allowed it. */
export interface Guarded<T> {
  readonly evidenceId: string;
  readonly value: T;
}

/** Says who this process is to the policy. Rejects {@link Refused}; throws an Error outside of a run. */
export async function bind(): Promise<Binding> {
  return (await call(gateOf(), 'bind', {})) as unknown as Binding;
}

/**
 * Issues a grant under what this process has; or under `within`, a grant that it holds. It can only be narrower. Rejects
 * {@link Refused}.
 */
export async function issue(request: GrantRequest, within?: Pick<IssuedGrant, 'token'>): Promise<IssuedGrant> {
  const gate = within === undefined ? gateOf() : under(gateOf(), within.token);
  return (await call(gate, 'issue', request)) as unknown as IssuedGrant;
}

/**
 * Asks whether `deed` may be done under `grant`, calls `fn` if so, and records how that ended. Rejects {@link Refused} without
 * calling `fn` when it may not; rejects what `fn` throws, once that is recorded.
 */
export async function guard<T>(
  grant: Pick<IssuedGrant, 'token'>,
  deed: Deed,
  fn: (evidenceId: string) => T | Promise<T>,
  options?: GuardOptions,
): Promise<Guarded<T>>;
/** The same for a grant that names one action and one resource, neither with a `*`: these are what is done. */
export async function guard<T>(
  grant: Pick<IssuedGrant, 'token'>,
  fn: (evidenceId: string) => T | Promise<T>,
  options?: GuardOptions,
): Promise<Guarded<T>>;
export async function guard<T>(
  grant: Pick<IssuedGrant, 'token'>,
  second: Deed | ((evidenceId: string) => T | Promise<T>),
  third?: ((evidenceId: string) => T | Promise<T>) | GuardOptions,
  fourth?: GuardOptions,
): Promise<Guarded<T>> {
  const named = typeof second !== 'function';
  const deed = named ? second : onlyDeed(grant.token);
  const fn = (named ? third : second) as (evidenceId: string) => T | Promise<T>;
  const options = ((named ? fourth : third) ?? {}) as GuardOptions;
  const gate = under(gateOf(), grant.token);
  const evidenceId = await decided(() => call(gate, 'decide', deed, options.signal), options);
  let value: T;
  try {
    options.signal?.throwIfAborted();
    value = await fn(evidenceId);
  } catch (error) {
    const name = error instanceof Error ? error.name.slice(0, 200) : 'failed';
    // What went wrong here matters more than that it could not be recorded as well.
    await completed(gate, { evidenceId, error: name }).catch(() => {});
    throw error;
  }
  await completed(gate, { evidenceId });
  return { evidenceId, value };
}

/** Says how it ended; as the process itself where the grant didn't live as long as what it was for. */
async function completed(gate: Gate, how: { readonly evidenceId: string; readonly error?: string }): Promise<void> {
  try {
    await call(gate, 'complete', how);
  } catch (error) {
    if (!(error instanceof Refused) || error.code !== 'unauthenticated') throw error;
    await call(gateOf(), 'complete', how);
  }
}

async function decided(
  ask: () => Promise<Readonly<Record<string, unknown>>>,
  { wait = 0, signal }: GuardOptions,
): Promise<string> {
  const until = performance.now() + wait;
  for (;;) {
    try {
      return (await ask()).evidenceId as string;
    } catch (error) {
      if (!(error instanceof Refused) || error.code !== 'approval_pending') throw error;
      const left = until - performance.now();
      if (left <= 0) throw error;
      await pause(Math.min((error.retryAfter ?? 5) * 1_000, left), undefined, { ...(signal && { signal }) });
    }
  }
}

/** What a grant of one action on one resource is for. The proxy, not this, decides whether the token is good. */
function onlyDeed(token: string): Deed {
  const fault = new TypeError('The grant is for more than one action on one resource: say which one is done.');
  let claims: { readonly actions?: readonly string[]; readonly resources?: readonly string[] };
  try {
    claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as typeof claims;
  } catch {
    throw fault;
  }
  const { actions = [], resources = [] } = claims;
  const [action, resource] = [actions[0], resources[0]];
  if (actions.length !== 1 || resources.length !== 1 || action === undefined || resource === undefined) throw fault;
  if (action.includes('*') || resource.includes('*')) throw fault;
  return { action, resource };
}
