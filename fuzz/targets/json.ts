/** Fuzz: JSON. What is read is what JSON.parse reads, in all places but those that are unclear. */
import assert from 'node:assert/strict';
import {
  decodeText,
  type Json,
  maxDepth,
  readJson,
  readJsonLines,
  readJsonSequence,
  unclear,
} from '../../src/action/json.js';
import type { Target } from '../target.js';

/** Both agree, except where ours is unclear; returns the depth. */
function agree(ours: Json, theirs: unknown): number {
  if (ours === unclear) return 0;
  if (typeof ours !== 'object' || ours === null) {
    assert.equal(ours, Object.is(theirs, -0) ? 0 : theirs);
    return 0;
  }
  assert.deepEqual(Object.keys(ours), Object.keys(theirs as object));
  const depths = Object.keys(ours).map(
    key => agree((ours as { [key: string]: Json })[key]!, (theirs as { [key: string]: unknown })[key]) + 1,
  );
  return Math.max(0, ...depths);
}

export const json: Target = {
  name: 'json',
  seeds: [
    '{"amount":4200,"to":["a","b"],"x":{"y":null,"z":[true,false]}}',
    '[1,-0,1.5e3,9007199254740993,1e400,0.1]',
    '"\\u0041\\n\\ud83d\\ude00\\u0000é"',
    '{"a":1}\n{"b":2}\n',
    '\u001e{"a":1}\n\u001e2\n',
    ' \t{ "" : [ ] , "__proto__" : { } }\r\n',
  ],
  tokens: [
    ...[
      '{',
      '}',
      '[',
      ']',
      ':',
      ',',
      '"',
      '\\',
      '\\u',
      '\\ud800',
      '\\udc00',
      '\\u0000',
      'true',
      'false',
      'null',
      '-',
      '0',
    ],
    ...[
      '1e',
      'E+',
      '.',
      '00',
      '\n',
      '\u001e',
      '\ufeff',
      '"a":1',
      '"a"',
      '"A"',
      '/*',
      'NaN',
      '9'.repeat(20),
      '[[[[[[[[',
      '\0',
    ],
  ],
  run(input) {
    const text = decodeText(input);
    if (text === undefined) return 'no text';
    const lines = readJsonLines(text);
    if (lines !== undefined)
      agree(
        lines,
        text
          .replace(/\n$/, '')
          .split('\n')
          .map(line => JSON.parse(line) as unknown),
      );
    const sequence = readJsonSequence(text);
    if (sequence !== undefined)
      agree(
        sequence,
        text
          .split('\u001e')
          .slice(1)
          .map(each => JSON.parse(each) as unknown),
      );
    const read = readJson(text);
    if (read === undefined) return `none ${lines?.length} ${sequence?.length}`;
    const depth = agree(read, JSON.parse(text));
    assert.ok(depth <= maxDepth + 1);
    return `${typeof read} ${depth}`;
  },
};
