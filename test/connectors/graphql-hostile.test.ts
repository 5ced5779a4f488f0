/** GraphQL that is written so that one server executes what another takes for a comment or a text: it is not described. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { generated } from '../../bin/proxy/generated.js';
import { graphql, readOperation } from '../../connectors/graphql.js';
import { connectors } from '../../connectors/index.js';
import { openCatalog } from '../../src/action/catalog.js';
import { exampleRequest } from '../../src/action/examples.js';
import { matchesPattern } from '../../src/action/pattern.js';
import type { Classified, Value } from '../../src/model.js';

const own = { name: 'own', hosts: ['own.test'], routes: { 'POST /graphql': graphql() } };
const catalog = openCatalog([...connectors, own], { generated });
const post = (document: Value, host = 'own.test'): Classified =>
  catalog.classify(exampleRequest(`POST https://${host}/graphql ${JSON.stringify(document)}`, host));

test('a comment that ends elsewhere for some servers makes the document unreadable', () => {
  // Grammars for ANTLR end a comment at U+2028, and go on with what stands behind it.
  for (const end of ['\u2028', '\u2029', '\u0085', '\v', '\f', '\r', '\0'])
    assert.equal(readOperation(`mutation { a #${end} deleteUser\n }`, null), null, JSON.stringify(end));
  assert.equal(readOperation('mutation { a(x: #\u2028 """\n 1) deleteUser(y: #\u2028 """\n 2) }', null), null);
  const usual = readOperation('mutation { a # } \u00e9\r\n b # x', null);
  assert.equal(usual, null);
  assert.deepEqual(
    readOperation('mutation { a # } \u00e9\r\n\tb # x\n }', null)?.fields.map(({ name }) => name),
    ['a', 'b'],
  );
});

test('a block string that ends elsewhere for some servers makes the document unreadable', () => {
  // graphql-ruby takes two more quotes into the text, and the sixth for the start of another one.
  const six = 'mutation { a(x: ["""a"""""" "]) deleteUser b(x: ["..."""]) }';
  const backslashes = 'mutation { a(x: """\\\\""") deleteUser b(x: """c""") }';
  for (const query of [six, backslashes, '{ a(x: """b"""") }', '{ a(x: """\\"""") }'])
    assert.equal(readOperation(query, null), null, query);
  for (const text of ['', 'a', 'a "b" ""c""', '\\', 'C:\\dir\\\\x', '\\"b', 'a \\""" b', ' } \n {'])
    assert.equal(readOperation(`{ a(x: """ ${text} """) }`, null)?.fields.length, 1, text);
});

test('white space that GraphQL does not know, and control characters, are in no document', () => {
  for (const odd of ['\u00a0', '\u2028', '\u3000', '\v', '\f', '\r', '\0', '\x1b']) {
    assert.equal(readOperation(`mutation${odd}{ a }`, null), null, JSON.stringify(odd));
    assert.equal(readOperation(`mutation {${odd}a }`, null), null, JSON.stringify(odd));
  }
  assert.equal(readOperation('{ a(x: "\0") }', null), null);
});

test('a query that an extension names by an id is not the one that is there', () => {
  const persistedQuery = { version: 1, sha256Hash: 'x' };
  for (const extensions of [
    { persistedquery: persistedQuery },
    { persisted_query: 'x' },
    { documentId: 'x' },
    { queryId: 'x' },
    { id: 'x' },
    { hash: 'x' },
    [],
    'x',
  ])
    assert.equal(post({ query: '{ a }', extensions }).typed, false, JSON.stringify(extensions));
  const client = { clientLibrary: { name: '@apollo/client', version: '4.0.0' } };
  for (const extensions of [null, {}, client]) assert.equal(post({ query: '{ a }', extensions }).typed, true);
});

test('what a mutation reads besides is stopped by a denial of all queries', () => {
  const { also = [] } = post({ query: 'mutation { a { thing { owner { email } } } }' });
  const [{ action }] = also as [Classified];
  assert.ok(matchesPattern('own.graphql.query.*', action.name, '.'));
  assert.deepEqual(action.aliases, ['own.graphql.query']);
  assert.notEqual(post({ query: '{ any__field }' }).action.name, action.name);
  // PostGraphile's payloads have the whole query type in them.
  assert.equal(post({ query: 'mutation { a { query { secret } } }' }).also?.[0]?.action.name, action.name);
});

test('a commit on a branch that is named and has an id as well may be on any branch of any repository', () => {
  const commit = (branch: Value): Classified =>
    post(
      {
        query:
          'mutation($input: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $input) { clientMutationId } }',
        variables: { input: { branch, fileChanges: { additions: [{ path: 'a', contents: 'eA==' }] } } },
      },
      'api.github.com',
    );
  const named = { repositoryNameWithOwner: 'Acme/site', branchName: 'dev' };
  assert.equal(commit(named).resource.id, 'acme/site');
  const { action, resource } = commit({ ...named, id: 'REF_1' });
  assert.equal(resource.id, 'createCommitOnBranch');
  for (const name of ['resource', 'branch']) assert.ok(action.unknown.includes(name), name);
});

test('a variable that stands in thousands of places is shown in few, so that no entry of the log is a flood', () => {
  const list = Array.from({ length: 100 }, () => Array.from({ length: 30 }, () => 'x'.repeat(250)));
  const names = Array.from({ length: 49 }, (_, i) => `a${'b'.repeat(i)}Id`);
  const field = (i: number): string => `f${i}(n: ${i} ${names.map(name => `${name}: $v`).join(' ')})`;
  const query = `mutation($v: Any) { ${Array.from({ length: 50 }, (_, i) => field(i)).join(' ')} }`;
  const flooded = post({ query, variables: { v: list } });
  assert.equal(flooded.also?.length, 49);
  assert.ok(JSON.stringify([flooded.action, flooded.also?.map(({ action }) => action)]).length < 300_000);
  assert.ok(flooded.action.unknown.includes('a_id'));
  const few = post({ query: 'mutation($v: [ID!]) { a(otherId: $v, n: 1) }', variables: { v: ['x', 'y'] } });
  assert.deepEqual(few.action.parameters.other_id, ['x', 'y']);
  const long = 'n'.repeat(300);
  for (const document of [`mutation ${long} { a }`, `{ ${long} }`, `{ a(x: ${long}) }`])
    assert.equal(readOperation(document, null), null);
  const input = { [long]: 1 };
  assert.deepEqual(post({ query: 'mutation($i: I) { a(input: $i) }', variables: { i: input } }).action.unknown[0], '*');
});

test('fifty comments are fifty actions, also where nobody may see what is different in them', () => {
  const comment = (text: number): string =>
    `c${text}: addComment(input: {subjectId: "I_1", body: "${text}"}) { clientMutationId }`;
  const many = (count: number): Classified =>
    post({ query: `mutation { ${Array.from({ length: count }, (_, i) => comment(i)).join(' ')} }` }, 'api.github.com');
  assert.equal(many(50).also?.length, 49);
  assert.equal(many(51).typed, false);
  assert.equal(post({ query: '{ viewer { login } v: viewer { login } }' }, 'api.github.com').also, undefined);
});

test('whatever is sent as a document, it is read or it is not, and nothing is thrown', () => {
  const pieces = fc.constantFrom(
    '{',
    '}',
    '(',
    ')',
    '[',
    ']',
    ':',
    '$',
    '@',
    '...',
    '"',
    '"""',
    '#',
    '\n',
    '=',
    '!',
    ' a',
    ' on ',
    'fragment ',
    'query ',
    'mutation ',
    '\\',
    '1',
    '-',
    '\u0000',
    '\ud800',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(pieces, fc.string()), { maxLength: 40 }), parts => {
      const meaning = post({ query: parts.join('') });
      assert.match(meaning.action.name, /^own\.(unclassified|graphql\.)/);
    }),
    { numRuns: 1000 },
  );
});
