/** Challenges: what a server that wants credentials says about them (RFC 9110 §11.6.1, RFC 6750 §3). */
import type { Field } from '../../model.js';

/** One challenge: its scheme and the names of its parameters in lower case. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: { readonly [name: string]: string };
}

const word = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";

/** The challenges in these fields, in order; what can't be read ends the list of its field. */
export function challengesIn(fields: readonly Field[]): Challenge[] {
  const challenges: { scheme: string; parameters: Record<string, string> }[] = [];
  for (const [name, text] of fields) {
    if (name.toLowerCase() !== 'www-authenticate') continue;
    const piece = new RegExp(`[\\s,]*(${word})(?:\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(${word})))?`, 'y');
    for (let found = piece.exec(text); found !== null; found = piece.exec(text)) {
      const [, first = '', quoted, plain] = found;
      if (quoted === undefined && plain === undefined)
        challenges.push({ scheme: first.toLowerCase(), parameters: Object.create(null) as Record<string, string> });
      else {
        const of = challenges.at(-1)?.parameters;
        if (of !== undefined) of[first.toLowerCase()] ??= plain ?? quoted!.replace(/\\(.)/g, '$1');
      }
    }
  }
  return challenges;
}
