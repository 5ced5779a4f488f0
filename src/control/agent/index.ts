/**
 * Agent: what a program inside a run may ask of the proxy besides sending requests: who it is (`bind`), a narrower grant
 * (`issue`), and whether it may do something by itself (`guard`: a decision, and how it ended).
 */
import { exitCode, Fault, Refusal } from '../../errors.js';
import { endOf } from '../../identity/bearers.js';
import type { Run } from '../../identity/runs.js';
import type { Access, Value } from '../../model.js';
import { allow, type Deed } from '../deed.js';
import { issueGrant } from '../granting.js';
import type { House } from '../house.js';
import { Deeds } from './begun.js';

/** Who calls: a run, and the innermost grant that limits it, as its token says. */
export interface AgentCaller {
  readonly run: string;
  readonly grant: string | null;
}

/** One call. */
export interface AgentCall {
  readonly route: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What agents may ask, and who keeps what they have begun. */
export interface AgentApi {
  /** Answers a call. Rejects `Refusal`. `gone`: whoever asked has gone. */
  answer(caller: AgentCaller, call: AgentCall, gone: AbortSignal): Promise<Record<string, unknown>>;
  /** Runs have ended, or all is about to: what they have begun is recorded as ended in nobody knows what way. */
  sweep(all?: 'all'): void;
}

const accesses: readonly unknown[] = ['list', 'read', 'write', 'delete', 'permissions'] satisfies Access[];

const malformed = (message: string): Refusal =>
  new Refusal('malformed_request', message, { next: 'docs/sdk.md says what is asked for.' });

function text(body: AgentCall['body'], name: string, pattern: RegExp): string {
  const value = body[name];
  if (typeof value === 'string' && pattern.test(value)) return value;
  throw malformed(`"${name}" is missing, or isn't what it should be.`);
}

/** Only we do these, when we are asked for something else. */
const reserved: ReadonlySet<string> = new Set(['tollfence', 'gateway', 'credential']);

/** What is to be done. What is no connector's is taken for a change, unless the caller says what it is. */
function deedIn(house: House, { body }: AgentCall): Deed {
  const name = text(body, 'action', /^(?=.{3,200}$)[a-z][a-z0-9_-]*(\.[A-Za-z0-9_-]+)+$/);
  const connector = name.slice(0, name.indexOf('.'));
  if (reserved.has(connector)) throw malformed(`${connector}.* is done by Tollfence alone, and not by agents.`);
  const [, type = '', id = ''] = /^([a-z][a-z0-9_-]*)(?::(.*))?$/s.exec(
    text(body, 'resource', /^[a-z][a-z0-9_-]*(:[^\s\p{Cc}]{1,500})?$/u),
  )!;
  const { parameters = {} } = body;
  if (typeof parameters !== 'object' || parameters === null || Array.isArray(parameters))
    throw malformed('"parameters" is not an object.');
  if (JSON.stringify(parameters).length > 32_768) throw malformed('"parameters" are too long.');
  const { access = 'write' } = body;
  if (!accesses.includes(access)) throw malformed(`"access" is not one of ${accesses.join(', ')}.`);
  const known = house.knownAction(name) ?? { name, connector, access: access as Access, unknown: [] };
  return {
    action: {
      ...known,
      parameters: parameters as { readonly [name: string]: Value },
      // A fact that a request would be judged by, and that nobody has looked up.
      unknown: known.unknown.filter(fact => !Object.hasOwn(parameters, fact)),
    },
    resource: { type, id },
  };
}

/** A fault of the control socket's, as a client of the proxy is told it. */
const refusalOf = ({ exit, message, hint }: Fault): Refusal =>
  new Refusal(exit === exitCode.usage ? 'malformed_request' : 'denied', message, {
    ...(hint !== '' && { next: hint }),
  });

export function openAgentApi(house: House): AgentApi {
  const deeds = new Deeds(house);

  const find = ({ run, grant }: AgentCaller): Run => {
    const known = house.runs.find(run);
    const caller = (known?.grants.at(-1)?.id ?? null) === grant ? known : house.grants.bearer(grant ?? '');
    if (caller === undefined) throw new Refusal('unauthenticated', 'The run that this token belongs to has ended.');
    const end = endOf(caller, house.now());
    if (end !== null) throw new Refusal('unauthenticated', end);
    return caller;
  };

  const routes: Readonly<Record<string, (caller: Run, call: AgentCall, gone: AbortSignal) => Promise<object>>> = {
    async bind({ subject, stored, grants }) {
      const ends = [subject.user.expires_at, ...grants.map(({ expires_at }) => expires_at)].filter(
        end => end !== undefined,
      );
      return {
        principalId: `${subject.id}/${subject.run}`,
        boundAt: stored.started_at,
        expiresAt: ends.sort()[0] ?? null,
      };
    },
    async issue(caller, { body }) {
      const { token, exp, jti } = await issueGrant(house, { caller, fields: body, by: `run:${caller.subject.run}` });
      return { token, exp, jti };
    },
    async decide(caller, call, gone) {
      deeds.checkRoom(caller);
      const allowed = await allow(house, caller, deedIn(house, call), gone);
      deeds.begin(allowed, caller);
      // Whoever never hears of it doesn't do it.
      if (gone.aborted) await deeds.end(allowed.evidence, 'client_closed', false);
      return { evidenceId: allowed.evidence };
    },
    async complete({ subject }, { body }) {
      const evidence = text(body, 'evidenceId', /^ev_[0-9A-Z]{26}$/);
      if (!deeds.has(evidence, subject.run))
        throw malformed(`${evidence} is nothing that this run has begun and not ended.`);
      const { error = null } = body;
      if (error !== null && (typeof error !== 'string' || error.length > 200))
        throw malformed('"error" is not a short text.');
      await deeds.end(evidence, error);
      return { evidenceId: evidence };
    },
  };

  return {
    async answer(caller, call, gone) {
      const handle = Object.hasOwn(routes, call.route) ? routes[call.route] : undefined;
      if (handle === undefined) throw malformed(`There is no "${call.route}".`);
      try {
        return { ...(await handle(find(caller), call, gone)) };
      } catch (error) {
        throw error instanceof Fault ? refusalOf(error) : error;
      }
    },
    sweep: all => deeds.sweep(run => all === 'all' || (house.runs.find(run)?.ended ?? true)),
  };
}
