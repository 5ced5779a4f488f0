/** Fuzz: GraphQL. What is read doesn't change with what the language ignores, and never names what isn't in the text. */
import assert from 'node:assert/strict';
import { readOperation } from '../../connectors/graphql.js';
import type { Target } from '../target.js';

export const graphql: Target = {
  name: 'graphql',
  seeds: [
    '{ viewer { login } }',
    'mutation M($x: [Int!]! = [1, {b: "}"}]) @d(a: 1) { alias: real(in: {x: $x, y: "\\"}"}) @skip(if: true) { deep } two }',
    'query Q { ...F ... on Query { c } } fragment F on Query { a ...G } fragment G on Query { b }',
    '# mutation { x }\n{ a(text: """ } mutation { x } \\""" """) , b }',
    'query A { a } query B { b }',
  ],
  tokens: [
    ...[
      '{',
      '}',
      '(',
      ')',
      '[',
      ']',
      ':',
      '!',
      '$',
      '@',
      '...',
      '"',
      '"""',
      '\\',
      '#',
      '\n',
      ',',
      '\ufeff',
      '|',
      '&',
      '=',
    ],
    ...[
      'query ',
      'mutation ',
      'subscription ',
      'fragment ',
      ' on ',
      '...F ',
      'fragment F on Q { a }',
      '-1.5e3',
      'x: y',
      '__typename',
    ],
  ],
  run(input) {
    const text = input.toString();
    const found = readOperation(text, null);
    if (found === null) return 'unreadable';
    assert.deepEqual(readOperation(`\ufeff,# mutation { x }\n${text}\n# }`, null), found);
    assert.equal(readOperation(`${text}\n}`, null), null);
    assert.ok(found.fields.length > 0 && found.fields.every(field => text.includes(field)));
    if (found.type !== 'query') assert.ok(text.includes(found.type));
    return `${found.type} ${found.fields.length} ${found.name !== null}`;
  },
};
