/**
 * Repeats: the same request again and again is perhaps an agent in a loop. A permission that allows may say how many identical
 * ones are no reason for doubt (`5/min`); beyond them the flag `loop_suspected` is in the question's context.
 */
import { matchesPattern } from '../action/pattern.js';
import type { Context, Question } from '../model.js';
import { mostRepeats } from './counters.js';
import type { PermissionData, PolicyData } from './data.js';

/** The flag of a request that was sent more often than its permission takes without doubt. */
export const loopSuspected = 'loop_suspected';

/** So many identical requests of a run are no loop. */
interface Repeat {
  readonly text: string;
  readonly most: number;
  readonly counter: 'same' | 'same_hour';
}

/** Reads one; a sentence if that can't be done. */
export function parseRepeats(text: string): Repeat | string {
  const [, count, period] = /^([1-9]\d{0,2})\/(min|hour)$/.exec(text) ?? [];
  const most = Number(count);
  // One less than is remembered, so that one more can be told from it.
  if (count === undefined || most >= mostRepeats)
    return `The repeats ${JSON.stringify(text)} are not understood: write a number from 1 to ${mostRepeats - 1}, and /min or /hour, as in 5/min.`;
  return { text, most, counter: period === 'min' ? 'same' : 'same_hour' };
}

/** What the permissions in force say of repeated requests. */
export interface Repeats {
  /** Whether identical requests are counted for a gateway with this chain of parents. */
  counted(chain: readonly string[]): boolean;
  /** Whether there were more than a permission takes by which the gateway, or a parent, may be allowed it. */
  exceeded(
    question: Pick<Question, 'action' | 'resource' | 'also' | 'subject'>,
    counters: Context['counters'],
  ): boolean;
}

/** `always`: the policy is the operator's own, which may look at the counters. */
export function repeatsIn({ tollfence: { permissions } }: PolicyData, always: boolean): Repeats {
  const watching = new Map(Object.entries(permissions).filter(([, list]) => list.some(each => each.repeats)));
  return {
    counted: chain => always || (watching.size > 0 && chain.some(gateway => watching.has(gateway))),
    exceeded: ({ subject, action, resource, also = [] }, counters) =>
      subject.chain.some(gateway =>
        [{ action, resource }, ...also].some(part =>
          candidates(watching.get(gateway) ?? [], part).some(({ repeats }) => {
            const repeat = repeats === undefined ? undefined : parseRepeats(repeats);
            return typeof repeat === 'object' && (counters[repeat.counter] ?? 0) > repeat.most;
          }),
        ),
      ),
  };
}

/** The permissions by which it may be allowed: of those without a condition the most specific ones, and whatever goes before. */
function candidates(
  permissions: readonly PermissionData[],
  { action, resource }: Pick<Question, 'action' | 'resource'>,
): readonly PermissionData[] {
  const certain = !action.unknown.includes('resource');
  const id = resource.id === '' ? resource.type : `${resource.type}:${resource.id}`;
  const names = [action.name, ...(action.aliases ?? [])];
  const fitting = permissions.filter(
    permission =>
      permission.effect === 'allow' &&
      names.some(name => matchesPattern(permission.action, name, '.')) &&
      (permission.resource === null || (certain && matchesPattern(written(permission.resource), id, '/'))),
  );
  const sure = fitting.filter(({ where, hours }) => where.length === 0 && hours === undefined).map(specific);
  return fitting.filter(permission => sure.every(least => specific(permission) >= least));
}

const specific = ({ literals }: PermissionData): number => literals.action * 1000 + literals.resource;

/** A resource pattern as it was written. */
const written = ([type = '', ...rest]: readonly string[]): string =>
  rest.length === 0 ? type : `${type}:${rest.join('/')}`;
