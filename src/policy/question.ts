/** Question: what the policy is asked (interface §4), built once per request; also what the entry is made from. */
import type { Caller, CanonicalRequest, Classified, Context, Question, RequestFacts } from '../model.js';
import { wallTime } from './clock.js';
import { loopSuspected } from './repeats.js';

const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

/** What policy and log learn of a request. */
export const requestFacts = ({ method, scheme, host, port, path, body }: CanonicalRequest): RequestFacts => ({
  method,
  scheme,
  host,
  port,
  path,
  body,
});

/** What else the context of a decision says. */
export interface Circumstances {
  /** How far what is known of the request can be trusted, 0 to 1. */
  readonly confidence?: number;
  /** Which rules found what lowers it. */
  readonly found?: Context['found'];
  /** The operator's time zone. */
  readonly timezone?: string;
}

/** The context of a decision at `now` (ms since the epoch): `time` in UTC, day and hour by the operator's own clock. */
export function contextAt(
  now: number,
  counters: Context['counters'],
  flags: Context['flags'] = [],
  { confidence = 1, found, timezone = 'UTC' }: Circumstances = {},
): Context {
  const { weekday, hour, minute } = wallTime(timezone, now);
  return {
    ...{ time: new Date(now).toISOString(), weekday: weekdays[weekday]!, hour, minute, timezone },
    ...{ counters, flags, confidence },
    ...(found && { found }),
  };
}

/** What an entry says of a context in which something is suspicious. */
export const suspicionOf = ({ flags, confidence, found }: Context) =>
  confidence < 1 || found !== undefined || flags.includes(loopSuspected)
    ? { flags, confidence, ...(found && { found }) }
    : {};

/** The same question at another time. */
export const at = (asked: Question, now: number): Question => {
  const { counters, flags, confidence, found, timezone } = asked.context;
  return { ...asked, context: contextAt(now, counters, flags, { confidence, found, timezone }) };
};

/** What question and entry say of the grants that limit a caller: the innermost one. */
export function grantOf({ grants }: Caller): Question['grant'] {
  const grant = grants.at(-1);
  return grant === undefined ? null : { id: grant.id, task: grant.task, expires_at: grant.expires_at };
}

/** The question about one request. */
export const question = (
  caller: Caller,
  request: CanonicalRequest,
  { action, resource, also }: Classified,
  context: Context,
): Question => ({
  v: 1,
  subject: caller.subject,
  grant: grantOf(caller),
  action,
  resource,
  ...(also && { also: also.map(part => ({ action: part.action, resource: part.resource })) }),
  request: requestFacts(request),
  context,
});
