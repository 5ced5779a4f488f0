/** GraphQL: what a request means, however it is sent, and that nothing in it hides what it would do. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { generated } from '../../bin/proxy/generated.js';
import { deeds } from '../../connectors/github/deeds.js';
import { graphql, readOperation } from '../../connectors/graphql.js';
import { connectors } from '../../connectors/index.js';
import { openCatalog } from '../../src/action/catalog.js';
import { mergedRoutes } from '../../src/action/table.js';
import type { CanonicalRequest, Classified, Connector, Field, RouteRow, Value } from '../../src/model.js';

const own: Connector = {
  name: 'own',
  hosts: ['own.test'],
  routes: { 'POST /graphql': graphql(), 'GET /graphql': graphql() },
};
const catalog = openCatalog([...connectors, own], { generated });

interface Sent {
  readonly method?: string;
  readonly host?: string;
  readonly query?: string;
  readonly type?: string;
  readonly text?: string;
}

function classify({
  method = 'POST',
  host = 'own.test',
  query = '',
  type = 'application/json',
  text = '',
}: Sent): Classified {
  const content = text === '' ? null : new TextEncoder().encode(text);
  const fields: Field[] = content === null ? [] : [['Content-Type', type]];
  const body =
    content === null ? ({ state: 'none', bytes: 0 } as const) : ({ state: 'complete', bytes: content.length } as const);
  const request: CanonicalRequest = {
    scheme: 'https',
    host,
    port: 443,
    method,
    path: '/graphql',
    query,
    fields,
    body,
    content,
    upgrade: null,
  };
  return catalog.classify(request);
}

const post = (document: object, host = 'own.test'): Classified => classify({ host, text: JSON.stringify(document) });
const names = (meaning: Classified): string[] => [meaning, ...(meaning.also ?? [])].map(({ action }) => action.name);

test('every root field is an action of its own, the strictest first', () => {
  const meaning = post({
    query:
      'mutation { a: addUser(id: 1) { id } ...F } fragment F on M { ... @include(if: false) { deleteUser(id: 2) { id } } }',
  });
  assert.deepEqual(names(meaning), ['own.graphql.mutation.delete_user', 'own.graphql.mutation.add_user']);
  assert.deepEqual(meaning.action.aliases, ['own.graphql.mutation']);
});

test('arguments come through variables and their defaults, and what can’t be told is unknown', () => {
  const query =
    'mutation($id: ID!, $n: Int = 3, $on: Boolean, $s: String) { a(id: $id, count: $n, on: $on, list: [1, $n], mode: FAST, note: $s, none: $gone) }';
  const { action } = post({ query, variables: { id: 'x1', on: 'yes', s: 'text that somebody wrote' } });
  assert.deepEqual(action.parameters, { id: 'x1', count: 3, list: [1, 3], mode: 'FAST', field: 'a' });
  assert.deepEqual(action.unknown, ['on', 'note', 'none', 'resource']);
  const object = post({
    query: 'mutation($i: I) { a(input: $i) }',
    variables: { i: { userId: 'u', body: 'secret', password: 'p', state: 'open' } },
  });
  assert.deepEqual(object.action.parameters, { user_id: 'u', state: 'open', field: 'a' });
  assert.deepEqual(object.action.unknown, ['body.value', 'password', 'resource']);
  assert.deepEqual(post({ query: 'mutation($i: I) { a(input: $i) }' }).action.unknown, ['*', 'resource']);
  // Of two arguments that are called the same, neither is told.
  assert.deepEqual(post({ query: 'mutation { a(id: 1, input: {id: 2}) }' }).action.unknown, ['id', 'resource']);
});

test('a mutation in a GET is a mutation', () => {
  const query = (text: string, more = ''): string => `query=${encodeURIComponent(text)}${more}`;
  const get = (text: string): Classified => classify({ method: 'GET', query: text });
  assert.deepEqual(names(get(query('mutation { drop }'))), ['own.graphql.mutation.drop']);
  const variables = `&variables=${encodeURIComponent('{ "id": 7 }')}&operationName=B`;
  const named = get(query('query A { a } query B($id: Int) { b(id: $id) }', variables));
  assert.deepEqual(
    [names(named), named.action.parameters],
    [['own.graphql.query.b'], { id: 7, field: 'b', operation: 'B' }],
  );
  for (const doubtful of ['&variables=%7B%22id%22%3A1%2C%22id%22%3A2%7D', '&variables=x', '&other=1', '&query=%7Bb%7D'])
    assert.equal(get(query('{ a }', doubtful)).typed, false, doubtful);
});

test('a stored query counts only if its text is there and has the hash that is named', () => {
  const query = '{ größe }'.replace('größe', 'size(unit: "ß")');
  const sha256Hash = createHash('sha256').update(query).digest('hex');
  const persistedQuery = { version: 1, sha256Hash };
  assert.deepEqual(names(post({ query, extensions: { persistedQuery } })), ['own.graphql.query.size']);
  assert.equal(post({ query: '{ other }', extensions: { persistedQuery } }).typed, false);
  assert.equal(post({ extensions: { persistedQuery } }).typed, false);
  assert.equal(post({ query, id: 'abc' }).typed, false);
});

test('a document may be the whole body; a form, a file and what can’t be parsed are unclassified', () => {
  const type = 'application/graphql; charset=utf-8';
  assert.deepEqual(names(classify({ type, text: 'mutation { drop }' })), ['own.graphql.mutation.drop']);
  assert.equal(classify({ type, text: 'mutation { drop' }).typed, false);
  assert.equal(classify({ type: 'application/graphql; charset=utf-7', text: '{ a }' }).typed, false);
  assert.equal(classify({ type: 'text/plain', text: '{ a }' }).typed, false);
  assert.equal(classify({ type: 'application/x-www-form-urlencoded', text: 'query=%7Ba%7D' }).typed, false);
  const part = '--b\r\nContent-Disposition: form-data; name="operations"\r\n\r\n{"query":"{ a }"}\r\n--b--\r\n';
  assert.equal(classify({ type: 'multipart/form-data; boundary=b', text: part }).typed, false);
});

test('a batch is all that is in it, and more than anybody can judge is unclassified', () => {
  const batch = post([{ query: '{ a }' }, { query: 'mutation { removeMember(id: 1) }' }, { query: '{ a }' }]);
  assert.deepEqual(names(batch), ['own.graphql.mutation.remove_member', 'own.graphql.query.a']);
  assert.equal(batch.action.access, 'permissions');
  const many = (count: number): string =>
    `mutation { ${Array.from({ length: count }, (_, i) => `m${i}(id: ${i})`).join(' ')} }`;
  assert.equal(post({ query: many(50) }).also?.length, 49);
  assert.equal(post({ query: many(51) }).typed, false);
  assert.equal(post([{ query: '{ a }' }, { query: 'query' }]).typed, false);
});

test('introspection reads, and a mutation that asks for more than its result reads as well', () => {
  assert.deepEqual(names(post({ query: '{ __schema { types { name } } __typename }' })), [
    'own.graphql.introspection',
    'own.graphql.introspection',
  ]);
  assert.deepEqual(names(post({ query: 'mutation { a { thing { id } } }' })), ['own.graphql.mutation.a']);
  assert.deepEqual(names(post({ query: 'mutation { a { ...F } } fragment F on A { thing { owner { email } } }' })), [
    'own.graphql.mutation.a',
    'own.graphql.query.any__field',
  ]);
});

test('a query stays in the repository that it names only if nothing in it leads out', () => {
  const ask = (inner: string): boolean =>
    post(
      { query: `{ repository(owner: "acme", name: "site") { ${inner} } }` },
      'api.github.com',
    ).action.unknown.includes('resource');
  assert.equal(
    ask('issues(first: 9) { nodes { title author { login } comments(first: 1) { nodes { body } } } }'),
    false,
  );
  for (const out of [
    'owner { repositories(first: 9) { nodes { name } } }',
    'issues(first: 9) { nodes { author { ... on User { pullRequests(first: 1) { nodes { title } } } } } }',
    'forks(first: 9) { nodes { name } }',
    'pullRequest(number: 7) { headRef { target { ... on Commit { tree { entries { name } } } } } }',
    '...Gone',
  ])
    assert.equal(ask(out), true, out);
});

test('mutations of GitHub are what the REST API calls the same deed, by each of its names', () => {
  const github = connectors.find(({ name }) => name === 'github')!;
  const rows = mergedRoutes(github, generated('github')).flatMap(({ route, alias }) =>
    typeof route === 'function'
      ? [{ action: alias ?? '', aliases: [] }]
      : ((Array.isArray(route) ? route : [route]) as readonly RouteRow[]).map(({ action, aliases = [] }) => ({
          action,
          aliases: [...aliases, ...(alias === null ? [] : [alias])],
        })),
  );
  // Only GraphQL can do these two; a function of the REST API names refs.
  const alone = new Set([
    'issue.delete',
    'issue.transfer',
    'branch.delete',
    'branch.update',
    'tag.delete',
    'ref.delete',
    'ref.update',
  ]);
  const mutations = Object.keys(generated('github').data as object).filter(key => key.startsWith('mutation '));
  assert.ok(mutations.length > 200 && Object.keys(deeds).length >= 40);
  for (const [mutation, { actions }] of Object.entries(deeds)) {
    assert.ok(mutations.includes(`mutation ${mutation}`), mutation);
    for (const [action = '', ...others] of actions.map(text => text.split(' '))) {
      const same = rows.filter(row => row.action === action);
      assert.ok(same.length > 0 || alone.has(action), `${mutation}: no route is ${action}`);
      for (const other of others)
        assert.ok(
          rows.some(row => row.action === other || row.aliases.includes(other)),
          `${mutation}: no route is ${other}`,
        );
    }
    const meaning = post({ query: `mutation { ${mutation}(input: {}) { clientMutationId } }` }, 'api.github.com');
    assert.ok(meaning.action.aliases?.includes('github.graphql.mutation'), mutation);
    assert.ok(meaning.action.unknown.includes('resource'), mutation);
  }
});

/** A value that GraphQL can write and JSON can, too. */
const { value } = fc.letrec(tie => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: 'grapheme' }).filter(text => !/\0|\p{Surrogate}/u.test(text)),
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.stringMatching(/^[_A-Za-z]\w{0,5}$/), tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
}));

/** A value as GraphQL writes it. */
function printed(one: unknown): string {
  if (Array.isArray(one)) return `[${one.map(printed).join(' ')}]`;
  if (typeof one !== 'object' || one === null) return JSON.stringify(one);
  return `{ ${Object.entries(one)
    .map(([name, inner]) => `${name}: ${printed(inner)}`)
    .join(', ')} }`;
}

/** What was read, as JSON. */
const asJson = (one: unknown): unknown =>
  one instanceof Map
    ? Object.fromEntries([...one].map(([name, inner]) => [name, asJson(inner)] as const))
    : Array.isArray(one)
      ? one.map(asJson)
      : one;

test('an argument is what was written, in the document, as a variable or as its default', () => {
  fc.assert(
    fc.property(value, one => {
      const sent = one as Value;
      const ways = [
        readOperation(`{ a(x: ${printed(sent)}) }`, null),
        readOperation('query($v: Any) { a(x: $v) }', null, { v: sent }),
        readOperation(`query($v: Any = ${printed(sent)}) { a(x: $v) }`, null),
      ];
      for (const found of ways)
        assert.deepEqual(
          JSON.parse(JSON.stringify(asJson(found?.fields[0]?.arguments.get('x')))),
          JSON.parse(JSON.stringify(sent)),
        );
    }),
    { numRuns: 300 },
  );
});

/** A name, an alias in front of it, and how deep in fragments it is. */
const asked = fc.record({
  field: fc.constantFrom('a', 'deleteRef', 'query', 'on', 'fragment', 'mutation', '_x', 'createIssue'),
  alias: fc.option(fc.constantFrom('b', 'viewer', 'query', '__typename'), { nil: null }),
  depth: fc.nat(3),
  spread: fc.boolean(),
  noise: fc.constantFrom(' ', ' ,', '\n# } {\n', '\ufeff'),
  value: fc.oneof(
    fc.string().map(text => JSON.stringify(text)),
    fc.constantFrom('"""} deleteAll { \\""" """', '[{a: "}"}]', '$v', 'ENUM', '-1.5e3', 'null'),
  ),
});

test('neither an alias nor a fragment, a comment or a text hides a root field', () => {
  fc.assert(
    fc.property(fc.array(asked, { minLength: 1, maxLength: 8 }), fields => {
      const fragments: string[] = [];
      const selections = fields.map(({ field, alias, depth, spread, noise, value }, i) => {
        let text = `${alias === null ? '' : `${alias}${noise}:`}${noise}${field}(x:${noise}${value}) @include(if: false)${noise}{ inner }`;
        for (let d = 0; d < depth; d++) {
          if (!spread) text = `... on M @skip(if: true) {${noise}${text} }`;
          else {
            fragments.push(`fragment f${i}_${d} on M {${noise}${text} }`);
            text = `...f${i}_${d}`;
          }
        }
        return text;
      });
      const document = `mutation($v: Int) { ${selections.join(' ')} } ${fragments.join('\n')}`;
      const found = readOperation(document, null)?.fields.map(({ name }) => name);
      assert.deepEqual(
        found,
        fields.map(({ field }) => field),
      );
    }),
    { numRuns: 300 },
  );
});
