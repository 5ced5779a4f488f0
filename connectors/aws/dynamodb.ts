/** DynamoDB's requests about several tables: batches and transactions, which are permissions of their parts in IAM. */
import type { Access, Meaning, Value } from '../../src/model.js';
import type { Place } from './host.js';
import { meaningsOf } from './meaning.js';
import type { Operation } from './model.js';

type Members = { readonly [name: string]: Value };

const isObject = (value: Value | undefined): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A part of a transaction → what IAM calls it. */
const parts: { readonly [member: string]: readonly [action: string, access: Access] } = {
  Get: ['GetItem', 'read'],
  Put: ['PutItem', 'write'],
  Update: ['UpdateItem', 'write'],
  Delete: ['DeleteItem', 'delete'],
  ConditionCheck: ['ConditionCheckItem', 'read'],
};

/** One meaning for each table; which, isn't certain if there is none. */
function about(place: Place, operation: Operation, tables: readonly string[] | null): readonly Meaning[] {
  const found = tables === null || tables.length === 0 ? null : [...new Set(tables)];
  return meaningsOf(place, { ...operation, about: 'TableName[]', places: [] }, {}, () => found);
}

function batch(place: Place, operation: Operation, items: Value | undefined): readonly Meaning[] {
  if (!isObject(items)) return about(place, operation, null);
  const meanings = about(place, operation, Object.keys(items));
  if (operation.name === 'BatchGetItem') return meanings;
  const puts = Object.values(items)
    .flat()
    .every(item => isObject(item) && Object.keys(item).join() === 'PutRequest');
  return puts ? meanings.map(({ hints: _, ...meaning }) => ({ ...meaning, access: 'write' })) : meanings;
}

function transaction(place: Place, operation: Operation, items: Value | undefined): readonly Meaning[] {
  const tables = new Map<string, string[]>();
  for (const item of Array.isArray(items) ? (items as readonly Value[]) : []) {
    const [[member = '', part] = [], ...more] = isObject(item) ? Object.entries(item) : [];
    const table = isObject(part) ? part.TableName : undefined;
    if (!Object.hasOwn(parts, member) || more.length > 0 || typeof table !== 'string')
      return about(place, operation, null);
    tables.set(member, [...(tables.get(member) ?? []), table]);
  }
  if (tables.size === 0) return about(place, operation, null);
  return [...tables].flatMap(([member, names]) => {
    const [action, access] = parts[member]!;
    return about(place, { ...operation, name: action, access, hints: [] }, names).map(meaning => ({
      ...meaning,
      aliases: [`dynamodb.${operation.name}`],
    }));
  });
}

/** What a request about several tables does; null if it is about one at most. */
export function tablesOf(place: Place, operation: Operation, document: Value | undefined): readonly Meaning[] | null {
  if (operation.service !== 'dynamodb') return null;
  const members = isObject(document) ? document : {};
  if (/^Batch(Get|Write)Item$/.test(operation.name)) return batch(place, operation, members.RequestItems);
  return /^Transact(Get|Write)Items$/.test(operation.name)
    ? transaction(place, operation, members.TransactItems)
    : null;
}
