/** Question: what the policy is asked (interface §4), built once per request; also what the entry is made from. */
import type { Caller, CanonicalRequest, Classified, Context, Question, RequestFacts } from '../model.js';

const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

/** Counts decisions per gateway in the running minute and hour. Not kept over a restart. */
export interface Counters {
  /** Counts one more request of this gateway and says how many there were, this one included. */
  count(gateway: string, now: number): { minute: number; hour: number };
}

export function openCounters(): Counters {
  const counts = new Map<string, { minute: number; hour: number; minutes: number; hours: number }>();
  return {
    count(gateway, now) {
      const minute = Math.floor(now / 60_000);
      const hour = Math.floor(now / 3_600_000);
      const known = counts.get(gateway) ?? { minute, hour, minutes: 0, hours: 0 };
      counts.set(gateway, known);
      if (known.minute !== minute) Object.assign(known, { minute, minutes: 0 });
      if (known.hour !== hour) Object.assign(known, { hour, hours: 0 });
      return { minute: ++known.minutes, hour: ++known.hours };
    },
  };
}

/** What policy and log learn of a request. */
export const requestFacts = ({ method, scheme, host, port, path, body }: CanonicalRequest): RequestFacts => ({
  method,
  scheme,
  host,
  port,
  path,
  body,
});

/** The context of a decision at `now` (ms since the epoch), in UTC. */
export function contextAt(now: number, counters: Context['counters'], flags: Context['flags'] = []): Context {
  const time = new Date(now);
  return {
    time: time.toISOString(),
    weekday: weekdays[time.getUTCDay()]!,
    hour: time.getUTCHours(),
    minute: time.getUTCMinutes(),
    timezone: 'UTC',
    counters,
    flags,
    confidence: 1,
  };
}

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
