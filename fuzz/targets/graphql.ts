/** Fuzz: GraphQL. What is read doesn't change with what the language ignores, and never names what isn't in the text. */
import assert from 'node:assert/strict';
import { shownArguments } from '../../connectors/graphql/shown.js';
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
    'mutation($id: ID!, $n: [Int] = [1]) { a(id: $id, n: $n, e: RED, input: {id: "7", deep: {x: $id}}) { b } }',
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
    // Whatever its arguments are, nothing of them is more than the document holds.
    const meanings = found.fields.map(field => shownArguments(field.arguments, undefined));
    for (const { parameters, unknown } of meanings) assert.ok(unknown.every(name => !Object.hasOwn(parameters, name)));
    assert.equal(readOperation(`${text}\n}`, null), null);
    assert.ok(found.fields.length > 0 && found.fields.every(({ name }) => text.includes(name)));
    if (found.type !== 'query') assert.ok(text.includes(found.type));
    return `${found.type} ${found.fields.length} ${found.name !== null}`;
  },
};
