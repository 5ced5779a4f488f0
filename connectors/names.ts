/**
 * Names: what an API calls something, as a word of an action's name. Two names of one API never become one word: whoever
 * allows the one would allow the other.
 */

import type { RequestView } from '../src/model.js';

const snakeCase = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/;
const camelCase = /^[a-z][a-z0-9]*([A-Z][a-z0-9]*)*$/;
const kebabCase = /^[a-z][a-z0-9]*(-[a-z0-9]+)+$/;

/** `mergePullRequest` → `merge_pull_request` */
export const snake = (name: string): string => name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);

/**
 * The word for a name. What is in the API's usual case stays as it reads (`create_issue`, `createIssue` → `create_issue`);
 * another case is said behind it (`create-issue` → `create_issue__kebab`), and what has no case gets the beginning of its hash (SHA-256 in hex of ASCII text).
 */
export function word(name: string, usual: 'camel' | 'snake', hash: (text: string) => string): string {
  const marked = (text: string, style: string): string => (style === usual ? text : `${text}__${style}`);
  // A single word is in every case.
  if (/^[a-z][a-z0-9]*$/.test(name)) return name;
  if (snakeCase.test(name)) return marked(name, 'snake');
  if (camelCase.test(name)) return marked(snake(name), 'camel');
  if (kebabCase.test(name)) return marked(name.replaceAll('-', '_'), 'kebab');
  const readable = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^[_0-9]+|_+$/g, '');
  return `${readable.slice(0, 64) || 'x'}__${hash(encodeURIComponent(name)).slice(0, 16)}`;
}

/** The hash that {@link word} takes, where a request's own digest is at hand. */
export const hashing =
  (request: Pick<RequestView, 'digest'>) =>
  (text: string): string =>
    request.digest(
      'sha256',
      Uint8Array.from(text, letter => letter.charCodeAt(0)),
    );

/** Names that say something of a whole request where they stand among what is unknown, and `__proto__`. */
const taken = /^(body|resource|\*|__.*)$/;

/** A parameter as one that is unknown, of whatever name. Conditions about it, or about members of it, are undecided. */
export const unknownName = (name: string): string => (taken.test(name) ? `${name}.value` : name);
