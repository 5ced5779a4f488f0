/** GraphQL: what a request would do, or nothing at all. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readOperation } from '../../connectors/graphql.js';

const fields = (query: string, name: string | null = null): string => {
  const found = readOperation(query, name);
  return found === null ? 'unreadable' : `${found.type} ${found.fields.map(({ name }) => name).join(',')}`;
};

test('root fields are found by their own names, behind aliases and fragments', () => {
  assert.equal(fields('{ a }'), 'query a');
  assert.equal(
    fields(
      'mutation M($x: [Int!]! = [1, {b: "}"}]) @d(a: 1) { alias: real(in: {x: $x, y: "\\"}"}) @skip(if: true) { deep { er } } two }',
    ),
    'mutation real,two',
  );
  assert.equal(
    fields(
      'mutation { ...F ... on Mutation { c } ... @include(if: false) { d } } fragment F on Mutation { a ...G } fragment G on Mutation { b }',
    ),
    'mutation a,b,c,d',
  );
  assert.equal(fields('# mutation { x }\n{ a(text: """ } mutation { x } \\""" """) , b }'), 'query a,b');
  assert.equal(fields('query A { a } mutation B { b }', 'B'), 'mutation b');
  assert.equal(fields('{ query: mutation }'), 'query mutation');
  assert.equal(fields('{ a(s: "", n: -1.5e3, e: ENUM, l: []) }'), 'query a');
});

test('a document that can’t be told for certain is unreadable', () => {
  const unreadable = [
    '',
    '{',
    '{ }',
    '{ a } }',
    '{ a } { b }',
    'query A { a } query A { b }',
    '{ a } query B { b }',
    '{ ...F }',
    '{ ...F } fragment F on Q { ...F }',
    '{ ...F } fragment F on Q { a } fragment F on Q { b }',
    'type Query { a: Int }',
    'mutation { a(x: (]) }',
    '{ a(s: "open }',
    '{ a ; b }',
    'subscription',
    '{ a: }',
    '{ 1a }',
    `${'{ ... '.repeat(50)}{ a }${'}'.repeat(50)}`,
  ];
  for (const query of unreadable) assert.equal(fields(query), 'unreadable', query);
  assert.equal(fields('query A { a } mutation B { b }'), 'unreadable');
  assert.equal(fields('query A { a }', 'B'), 'unreadable');
});

test('fragments that double at every step cost no more than they are long', () => {
  const fragment = (i: number): string => `fragment f${i} on Query { ...f${i + 1} ...f${i + 1} }`;
  const chain = Array.from({ length: 30 }, (_, i) => fragment(i)).join(' ');
  const found = readOperation(`{ ...f0 } ${chain} fragment f30 on Query { node }`, null);
  assert.deepEqual(
    found?.fields.map(({ name }) => name),
    ['node'],
  );
  assert.equal(readOperation(`{ ...f0 } ${chain} fragment f30 on Query { ...f7 }`, null), null);
});
