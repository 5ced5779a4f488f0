/** GraphQL and git: what a request would do, or nothing at all. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCommands } from '../../connectors/git.js';
import { readOperation } from '../../connectors/graphql.js';

const fields = (query: string, name: string | null = null): string => {
  const found = readOperation(query, name);
  return found === null ? 'unreadable' : `${found.type} ${found.fields.join(',')}`;
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

const zero = '0'.repeat(40);
const one = '1'.repeat(40);
const line = (text: string): string => (text.length + 4).toString(16).padStart(4, '0') + text;
const commands = (text: string): unknown => readCommands(Uint8Array.from(text, c => c.charCodeAt(0)));

test('fragments that double at every step cost no more than they are long', () => {
  const fragment = (i: number): string => `fragment f${i} on Query { ...f${i + 1} ...f${i + 1} }`;
  const chain = Array.from({ length: 30 }, (_, i) => fragment(i)).join(' ');
  const found = readOperation(`{ ...f0 } ${chain} fragment f30 on Query { node }`, null);
  assert.deepEqual(found?.fields, ['node']);
  assert.equal(readOperation(`{ ...f0 } ${chain} fragment f30 on Query { ...f7 }`, null), null);
});

test('a push is read up to the pack: what it creates, updates and deletes', () => {
  const push = `${line(`${zero} ${one} refs/heads/a\0report-status agent=git/2`)}${line(`${one} ${zero} refs/heads/b\n`)}${line(`${one} ${one} refs/tags/c`)}0000PACK\u00ff`;
  assert.deepEqual(commands(push), [
    { ref: 'refs/heads/a', kind: 'create' },
    { ref: 'refs/heads/b', kind: 'delete' },
    { ref: 'refs/tags/c', kind: 'update' },
  ]);
});

test('a push whose commands aren’t all there is unknown', () => {
  const first = line(`${zero} ${one} refs/heads/a\0caps`);
  for (const text of [
    '',
    '00',
    first,
    first.slice(0, 50),
    `${first}zzzz`,
    `${line('push-cert\0caps')}0000`,
    `${line(`${zero} ${one} refs/heads/\u00e4\0`)}0000`,
    '0001',
    '00040000',
    `${line(`${one} refs/heads/a`)}0000`,
  ]) {
    assert.equal(commands(text), null, JSON.stringify(text));
  }
});
