/** Fuzz: forms and queries. What is read is what URLSearchParams reads. */
import assert from 'node:assert/strict';
import { nest, readPairs } from '../../src/action/form.js';
import { decodeText } from '../../src/action/json.js';
import type { Target } from '../target.js';

export const form: Target = {
  name: 'form',
  seeds: [
    'a=1&b=2',
    'a[b]=c&a[d][e]=f&g[]=1&g[]=2',
    'a+b=%2B+%c3%a9&x',
    'items[0][price]=5',
    '_charset_=utf-8&=&&a==b',
  ],
  tokens: [
    '&',
    '=',
    '+',
    '%',
    '%20',
    '%00',
    '%c3%a9',
    '%ff',
    ';',
    '[',
    ']',
    '[]',
    '[a]',
    '__proto__',
    '.',
    'a',
    'é',
    '%5B',
    '%5D',
    '\ufeff',
  ],
  run(input) {
    const text = decodeText(input);
    if (text === undefined) return 'no text';
    const pairs = readPairs(text);
    if (pairs === undefined) return 'unknown';
    // A byte order mark in front belongs to the first name for one reader and to none for the other.
    assert.deepEqual(pairs, [...new URLSearchParams(text.startsWith('?') ? `?${text}` : text)]);
    const nested = nest(pairs);
    assert.equal(Object.getPrototypeOf(nested), null);
    return `${pairs.length} ${JSON.stringify(nested)
      .replace(/[^{}[\]]/g, '')
      .slice(0, 40)}`;
  },
};
