/**
 * JSON-RPC 2.0: the messages of a request, one or a batch. What two servers could read differently is no message.
 * https://www.jsonrpc.org/specification
 */
import type { Value } from '../src/model.js';

/** An object without a prototype, or of JSON. */
export type Members = { readonly [name: string]: Value };

/** A call or a notification; an answer of the client's to a call of the server's has no method. */
export interface Message {
  readonly method: string | null;
  /** Parameters by name; null if they are by position. */
  readonly params: Members | null;
}

export const isRecord = (value: Value | undefined): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const call: readonly string[] = ['jsonrpc', 'id', 'method', 'params'];
const answer: readonly string[] = ['jsonrpc', 'id', 'result', 'error'];

/** Member names in other letter case are the same to some readers (Go's, .NET's), so none but these may be there. */
const only = (value: Members, names: readonly string[]): boolean =>
  Object.keys(value).every(name => names.includes(name));

function readOne(value: Value): Message | null {
  if (!isRecord(value) || value.jsonrpc !== '2.0') return null;
  if (only(value, answer) && ('result' in value || 'error' in value)) return { method: null, params: null };
  const { method, params = {} } = value;
  if (!only(value, call) || typeof method !== 'string' || typeof params !== 'object' || params === null) return null;
  return { method, params: isRecord(params) ? params : null };
}

/** The messages of a body, in order; null if one of them isn't plain, or there is none. */
export function readMessages(json: Value | undefined): readonly Message[] | null {
  if (json === undefined) return null;
  const list = Array.isArray(json) ? (json as readonly Value[]) : [json];
  const messages = list.map(readOne);
  return messages.length > 0 && messages.every(message => message !== null) ? messages : null;
}

/** What some readers take for the same name: in other letter case, `ſ` for `s`, the kelvin sign for `k`. */
export const folded = (name: string): string => name.toUpperCase().toLowerCase();

/** Whether one of an object's members has one of these names in another spelling. */
export const respelled = (value: Members, names: readonly string[]): boolean =>
  Object.keys(value).some(name => !names.includes(name) && names.some(one => folded(one) === folded(name)));
