/** Difference: what an approver approved before, and what of it is another now. */
import type { Shelf } from '../identity/state.js';
import type { Value } from '../model.js';
import type { Approval, Difference, Part } from './approval.js';

type Facts = { readonly [name: string]: Value };
type Changes = Difference['changes'];

/** What was approved last for one gateway, action and type of resource; `key` says for which. */
interface Approved {
  readonly key: string;
  readonly approval: string;
  readonly at: string;
  readonly parameters: Facts;
  /** What it was about, and what was sent for all parts together. A parameter may have one of these names, too. */
  readonly rest: Facts;
}

const keyOf = (gateway: string, { action, resource }: Part): string =>
  JSON.stringify([gateway, action.name, resource.type]);

const about = ({ resource }: Part): Facts => ({ [resource.type]: resource.id });

function sentFor(request: Approval['request']): Facts {
  if (request === null) return {};
  const { method, scheme, host, port, path, query, body } = request;
  const url = `${scheme}://${host}:${port}${path}${query && `?${query}`}`;
  return { request: `${method} ${url}`, 'body sha256': body.sha256 ?? null };
}

const changesOf = (before: Facts, now: Facts): Changes =>
  [...new Set([...Object.keys(before), ...Object.keys(now)])]
    .filter(name => JSON.stringify(before[name]) !== JSON.stringify(now[name]))
    .map(name => ({ name, before: before[name] ?? null, now: now[name] ?? null }));

/** What was approved, by what it was. */
export class Precedents {
  readonly #shelf: Shelf<Approved>;
  readonly #known = new Map<string, Approved>();

  constructor(shelf: Shelf<Approved>) {
    this.#shelf = shelf;
    for (const approved of shelf.all()) this.#known.set(approved.key, approved);
  }

  /** How it differs from what was approved last, in all its parts, or null if nothing like its first one was. */
  of({ gateway, action, resource, also = [], request }: Pick<Approval, keyof Part | 'gateway' | 'also' | 'request'>) {
    const first = { action, resource };
    const approved = this.#known.get(keyOf(gateway, first));
    if (approved === undefined) return null;
    const changes = [
      ...changesOf(approved.parameters, action.parameters),
      ...changesOf(approved.rest, { ...sentFor(request), ...about(first) }),
      ...also.flatMap(part => this.#changesOf(gateway, part)),
    ];
    return { approval: approved.approval, at: approved.at, changes };
  }

  /** What is another in a part behind the first one; all of it, if nothing like it was approved. */
  #changesOf(gateway: string, part: Part): Changes {
    const { parameters = {}, rest = {} } = this.#known.get(keyOf(gateway, part)) ?? {};
    const before = Object.fromEntries(Object.entries(rest).filter(([name]) => name === part.resource.type));
    return [...changesOf(before, about(part)), ...changesOf(parameters, part.action.parameters)].map(change => ({
      ...change,
      name: `${part.action.name} ${change.name}`,
    }));
  }

  /** Forgets what was approved for a gateway that is no more: one that is made later under its name is another. */
  forget(gateway: string): void {
    for (const key of [...this.#known.keys()]) {
      if ((JSON.parse(key) as string[])[0] !== gateway) continue;
      this.#known.delete(key);
      this.#shelf.remove(key);
    }
  }

  /** Notes what was granted. */
  note({ id, gateway, action, resource, also = [], request }: Approval, at: string): void {
    for (const part of [{ action, resource }, ...also]) {
      const key = keyOf(gateway, part);
      const rest = { ...sentFor(request), ...about(part) };
      const approved = { key, approval: id, at, parameters: part.action.parameters, rest };
      this.#known.set(key, approved);
      this.#shelf.put(key, approved);
    }
  }
}
