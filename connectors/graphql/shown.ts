/**
 * GraphQL: what policy and log may see of a field's arguments: numbers, booleans, members of enumerations, ids, and names of
 * what is named. Text that somebody wrote, secrets and files are never shown; what isn't shown is unknown, not absent.
 */
import type { Value } from '../../src/model.js';
import { snake, unknownName } from '../names.js';
import { isEnum, isMap, type Resolved, unclear } from './values.js';

/** Arguments as parameters, and the names of those that can't be told or may not be shown. */
export interface Shown {
  readonly parameters: { readonly [name: string]: Value };
  readonly unknown: readonly string[];
}

/** Names of arguments that hold no prose, for a schema that isn't known. */
export const naming =
  /^(ids?|\w*(Ids?|IDs?)|oid|\w*O(id|ID)|sha|\w*Sha|ref|\w*Ref(Name)?|base|head|branch|\w*Branch|owner|name|login|slug|number|state|status|role|visibility)$/;

const maxText = 256;
const maxItems = 100;
const maxArguments = 50;
/** Of all arguments of a field together, about as characters: one variable may stand in a thousand places. */
const maxShown = 8_192;

/** How much may still be shown. */
interface Room {
  left: number;
}

function shown(value: Resolved, named: boolean, room: Room): Value | undefined {
  room.left -= typeof value === 'string' ? value.length : isEnum(value) ? value.enum.length : 8;
  if (room.left < 0) return undefined;
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return value;
  if (isEnum(value)) return value.enum.length <= maxText ? value.enum : undefined;
  if (typeof value === 'string')
    return named && value.length <= maxText && !/[\u0000-\u001f\u007f-\u009f]/.test(value) ? value : undefined;
  if (value === unclear || isMap(value)) return undefined;
  const items: Value[] = [];
  for (const item of value as readonly Resolved[]) {
    const one = items.length < maxItems ? shown(item, named, room) : undefined;
    if (one === undefined) return undefined;
    items.push(one);
  }
  return items;
}

/**
 * The arguments of a field; members of `input` count as its own. `listed` names those that the schema knows to hold no prose;
 * undefined: the schema isn't known.
 */
export function shownArguments(given: ReadonlyMap<string, Resolved>, listed: ReadonlySet<string> | undefined): Shown {
  const parameters: { [name: string]: Value } = {};
  const unknown = new Set<string>();
  const input = given.get('input');
  // Its members may be anything.
  if (input !== undefined && input !== null && !isMap(input)) return { parameters: {}, unknown: ['*'] };
  const flat = [...given].filter(([name]) => name !== 'input' || !isMap(input));
  // What Relay's clients know their own answers by changes nothing.
  const all = [...flat, ...(isMap(input) ? input : [])].filter(([name]) => name !== 'clientMutationId');
  if (all.length > maxArguments || all.some(([name]) => name.length > maxText)) return { parameters, unknown: ['*'] };
  const room: Room = { left: maxShown };
  for (const [argument, value] of all) {
    const name = snake(argument);
    const visible = name.startsWith('__')
      ? undefined
      : shown(value, listed?.has(argument) ?? naming.test(argument), room);
    // What is there twice has no one value.
    if (visible === undefined || Object.hasOwn(parameters, name) || unknown.has(name)) {
      delete parameters[name];
      unknown.add(name);
    } else parameters[name] = visible;
  }
  return { parameters, unknown: [...unknown].map(unknownName) };
}
