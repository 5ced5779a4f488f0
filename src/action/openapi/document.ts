/** A parsed document that may be anything: its members by name, and its references followed. Pure; never throws. */

/** An object of the document. */
export interface Node {
  readonly [name: string]: unknown;
}

const nothing: Node = {};

/** The object that a value is; an empty one if it is none. */
export const node = (value: unknown): Node =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Node) : nothing;

/** The items of a list; none if it isn't one. */
export const items = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** A text; empty if it isn't one. */
export const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** An own member. */
export const own = (value: Node, name: string): unknown => (Object.hasOwn(value, name) ? value[name] : undefined);

/** Follows the references of one document. */
export class References {
  readonly #document: Node;
  readonly #fault: (sentence: string) => void;
  readonly #told = new Set<string>();

  constructor(document: Node, fault: (sentence: string) => void) {
    this.#document = document;
    this.#fault = fault;
  }

  /** The object itself, or the one that its `$ref` leads to; empty, and told once, if that leads nowhere. */
  follow(value: unknown): Node {
    let at = node(value);
    const seen = new Set<string>();
    while (typeof own(at, '$ref') === 'string') {
      const reference = at.$ref as string;
      if (seen.has(reference)) return this.#nowhere(reference, 'leads back to itself');
      seen.add(reference);
      if (!reference.startsWith('#')) return this.#nowhere(reference, 'is in another file, which is not read');
      const found = this.#at(reference.slice(1));
      if (found === undefined) return this.#nowhere(reference, 'leads nowhere');
      at = node(found);
    }
    return at;
  }

  #at(pointer: string): unknown {
    let value: unknown = this.#document;
    for (const token of pointer.split('/').slice(1)) {
      const name = unescaped(token);
      value = Array.isArray(value) ? value[Number(name)] : own(node(value), name);
    }
    return value;
  }

  #nowhere(reference: string, why: string): Node {
    if (!this.#told.has(reference)) this.#fault(`The reference ${reference} ${why}.`);
    this.#told.add(reference);
    return nothing;
  }
}

/** A token of a JSON pointer in a URI fragment (RFC 6901 §6). */
function unescaped(token: string): string {
  let plain = token;
  try {
    plain = decodeURIComponent(token);
  } catch {}
  return plain.replaceAll('~1', '/').replaceAll('~0', '~');
}
