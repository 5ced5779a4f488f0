/**
 * Counters: how many requests of a gateway were decided in the running minute and hour (fixed in UTC), and how often a run has
 * sent one and the same lately. One for the whole proxy; each request is counted and told its number in one step.
 */
import { createHash } from 'node:crypto';
import type { CanonicalRequest, Classified, Context } from '../model.js';

/** Requests that were decided before the proxy started: of each gateway, how many in a minute (counted from 1970). */
export type Past = () => Iterable<{ readonly gateway: string; readonly minute: number; readonly count: number }>;

/** What is counted. */
export interface Counters {
  /**
   * Counts one more request of this gateway and says how many there were, this one included; of the same one (`same`, from
   * {@link sameness}) in the last minute and hour, unless that is null.
   */
  count(gateway: string, same: string | null, now: number): Context['counters'];
  /**
   * Adds what was decided before the proxy started, the first time it is called. Only an operator's own Rego and people look
   * at minutes and hours: without either nothing is read.
   */
  recall(now: number): void;
  /** How many there were, without one more; `whole`: what was before the proxy started is among them. */
  read(gateway: string, now: number): { readonly minute: number; readonly hour: number; readonly whole: boolean };
}

interface Count {
  minute: number;
  hour: number;
  minutes: number;
  hours: number;
}

/** Of one request that is repeated, so many times are kept: no limit is larger. */
export const mostRepeats = 100;

/** Of so many requests; those that were not repeated for longest are forgotten first. */
const mostRequests = 50_000;

const minuteMs = 60_000;
const hourMs = 3_600_000;

/** Opens them; `began`: when the proxy started, in ms. */
export function openCounters(began: number, past: Past = () => []): Counters {
  const counts = new Map<string, Count>();
  const repeated = new Map<string, number[]>();
  let recalled = false;

  /** The count of a gateway; what is over is nought. A clock that goes back takes nothing from it. */
  const current = (gateway: string, now: number): Count => {
    const minute = Math.floor(now / minuteMs);
    const hour = Math.floor(now / hourMs);
    const count = counts.get(gateway) ?? { minute, hour, minutes: 0, hours: 0 };
    counts.set(gateway, count);
    if (count.minute < minute) Object.assign(count, { minute, minutes: 0 });
    if (count.hour < hour) Object.assign(count, { hour, hours: 0 });
    return count;
  };
  const repeat = (same: string, now: number): Context['counters'] => {
    const times = (repeated.get(same) ?? []).filter(time => time > now - hourMs).slice(-mostRepeats);
    times.push(now);
    // The last in the map is the one that was repeated last.
    repeated.delete(same);
    repeated.set(same, times);
    for (const [oldest, seen] of repeated) {
      if (repeated.size <= mostRequests && seen.at(-1)! > now - hourMs) break;
      repeated.delete(oldest);
    }
    return { same: times.filter(time => time > now - minuteMs).length, same_hour: times.length };
  };

  return {
    count(gateway, same, now) {
      const count = current(gateway, now);
      count.minutes++;
      count.hours++;
      return { minute: count.minutes, hour: count.hours, ...(same !== null && repeat(same, now)) };
    },
    recall(now) {
      if (recalled) return;
      for (const { gateway, minute, count } of past()) {
        const total = current(gateway, now);
        if (minute === total.minute) total.minutes += count;
        if (Math.floor(minute / 60) === total.hour) total.hours += count;
      }
      recalled = true;
    },
    read(gateway, now) {
      const { minutes, hours } = current(gateway, now);
      return { minute: minutes, hour: hours, whole: recalled || Math.floor(began / hourMs) < Math.floor(now / hourMs) };
    },
  };
}

/**
 * What two requests of a run have in common if they are the same: what they do, where, and with which body. Null if the body
 * could not be read to its end: then nobody can tell. `request` null: an agent does it by itself, without one.
 */
export function sameness(
  run: string,
  request: CanonicalRequest | null,
  { action, resource, also }: Pick<Classified, 'action' | 'resource' | 'also'>,
): string | null {
  if (request === null) return digest([run, action, resource]);
  const { method, scheme, host, port, path, query, body } = request;
  if (body.state !== 'none' && body.sha256 === undefined) return null;
  const parts = [run, method, scheme, host, port, path, query, body.sha256 ?? '', action, resource, also ?? []];
  return digest(parts);
}

const digest = (parts: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64');
