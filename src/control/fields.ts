/** Fields of a call's body, which anybody may have written: what isn't of the kind that is asked for isn't there. */

/** A text, or `fallback`. */
export const text = (value: unknown, fallback = ''): string => (typeof value === 'string' ? value : fallback);

/** The texts of a list; none if it is no list. */
export const list = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter(item => typeof item === 'string') : [];
