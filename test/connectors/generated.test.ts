/** Generated tables: every operation of an API is what its own description calls it, and nothing else is any of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { generated } from '../../bin/proxy/generated.js';
import { connectors } from '../../connectors/index.js';
import { openCatalog } from '../../src/action/catalog.js';
import { exampleRequest } from '../../src/action/examples.js';
import { mergedRoutes } from '../../src/action/table.js';
import type { Classified, Connector, RouteRow } from '../../src/model.js';

const hosts = Object.fromEntries(
  connectors.filter(({ configurable }) => configurable).map(({ name }) => [name, { sample: `${name}.sample.test` }]),
);
const catalog = openCatalog(connectors, { generated, hosts, whole: true });
const tabled = connectors.filter(
  (one, at) =>
    one.generated !== undefined &&
    generated(one.generated).routes !== undefined &&
    connectors.findIndex(({ name, generated }) => name === one.name && generated === one.generated) === at,
);

const hostOf = ({ name, hosts }: Connector): string => hosts[0]?.replaceAll('*', 'x') ?? `${name}.sample.test`;

/** A word that is no literal of any API, and a number. */
const word = 'sample-7q';
const number = '7';

/** Names of path parameters that a row reads as numbers. */
const numbersOf = (row: RouteRow): ReadonlySet<string> =>
  new Set(
    Object.values(row.parameters ?? {}).flatMap(text => /^path\.(\w+) as (?:integer|number)$/.exec(text)?.[1] ?? []),
  );

/** A request that one row is for, its path parameters as `print` writes them. */
function sample(
  connector: Connector,
  key: string,
  row: RouteRow,
  print: (value: string, many: boolean) => string,
): string {
  const [method, template] = key.split(' ') as [string, string];
  const numbers = numbersOf(row);
  const path = template.replace(/\{(\w+)(\+?)\}/g, (_, name: string, plus: string) =>
    print(numbers.has(name) ? number : word, plus === '+'),
  );
  const query: string[] = [];
  const body: [string, unknown][] = [];
  for (const [expression, wanted] of Object.entries(row.when ?? {})) {
    if (expression.endsWith(' as absent')) continue;
    const first = (Array.isArray(wanted) ? wanted[0] : wanted) as unknown;
    const value = first === '*' ? word : first;
    const [, source, name = ''] = /^(body#\/|query\.|argument\.)(\S+?)(?: as \w+)?$/.exec(expression) ?? [];
    if (source === 'query.') query.push(`${name}=${value}`);
    else body.push([name, value]);
  }
  const form = body.map(([name, value]) => `${name}=${value}`).join('&');
  const reads = typeof connector.reads === 'function' ? connector.reads(path) : connector.reads;
  const text = reads === 'form' ? form : JSON.stringify(Object.fromEntries(body));
  return `${method} ${path}${query.length > 0 ? `?${query.join('&')}` : ''}${body.length > 0 ? ` ${text}` : ''}`;
}

const classify = (connector: Connector, line: string): Classified =>
  catalog.classify(exampleRequest(line, hostOf(connector)));

const namesOf = ({ action }: Classified): readonly string[] => [action.name, ...(action.aliases ?? [])];
const isUnclassified = ({ action, typed }: Classified): boolean => !typed && action.name.endsWith('.unclassified');

/** Every byte escaped. */
const escaped = (text: string): string =>
  [...Buffer.from(text)].map(byte => `%${byte.toString(16).padStart(2, '0').toUpperCase()}`).join('');

/** Whether one of the templates is for a path, told by an expression for each of them and by nothing of ours. */
function oracle(keys: readonly string[]): (method: string, path: string) => boolean {
  const byMethod = new Map<string, string[]>();
  for (const key of keys) {
    const [method, template] = key.split(' ') as [string, string];
    const pattern = template
      .split(/(\{\w+\+?\})/)
      .map(part =>
        /^\{\w+\}$/.test(part) ? '[^/]+' : /^\{/.test(part) ? '.+' : part.replace(/[.*+?^$()|[\]\\]/g, '\\$&'),
      )
      .join('');
    byMethod.set(method, [...(byMethod.get(method) ?? []), pattern]);
  }
  const patterns = new Map([...byMethod].map(([method, list]) => [method, new RegExp(`^(?:${list.join('|')})$`)]));
  return (method, path) => patterns.get(method === 'HEAD' ? 'GET' : method)?.test(path) === true;
}

test('there are generated tables, and each says what it comes from', () => {
  assert.ok(tabled.length > 0);
  for (const { generated: name } of connectors) {
    if (name === undefined) continue;
    const { sources } = generated(name);
    assert.ok(sources.length > 0, name);
    for (const source of sources) {
      assert.match(source.sha256, /^[0-9a-f]{64}$/);
      assert.ok(source.package !== '' && source.version !== '' && source.licence !== '' && source.file !== '', name);
    }
  }
});

for (const connector of tabled) {
  const { name } = connector;
  const described = generated(connector.generated!).routes!;
  const routes = mergedRoutes(connector, generated(connector.generated!));
  const keys = routes.map(({ key }) => key);
  const fits = oracle(keys);

  /** Calls `look` with a sample of every row, and the name that its API has for it. */
  const eachSample = (
    print: (value: string, many: boolean) => string,
    look: (line: string, wanted: string, key: string) => void,
  ): void => {
    for (const { key, route, alias } of routes) {
      if (typeof route === 'function') continue;
      for (const row of (Array.isArray(route) ? route : [route]) as readonly RouteRow[])
        look(sample(connector, key, row, print), `${name}.${alias ?? row.action}`, key);
    }
  };

  test(`${name}: every operation of ${connector.generated}.json has the name that its API gives it, as name or alias`, () => {
    const seen = new Set<string>();
    const requests = new Map<string, string>();
    const plain = (value: string, many: boolean): string => (many ? `${value}/a/${value}` : value);
    eachSample(plain, (line, wanted, key) => {
      const found = classify(connector, line);
      assert.ok(found.typed, line);
      assert.ok(namesOf(found).includes(wanted), `${line} is ${namesOf(found)}, and not ${wanted}`);
      assert.equal(requests.get(line) ?? key, key, `${line} is a request of two operations`);
      requests.set(line, key);
      seen.add(wanted);
    });
    // A function in a row's place names what it knows, and is held to it by its examples.
    const read = new Set(
      routes.flatMap(({ route, alias }) => (typeof route === 'function' ? [`${name}.${alias}`] : [])),
    );
    const missing = Object.values(described).filter(
      ({ action }) => !seen.has(`${name}.${action}`) && !read.has(`${name}.${action}`),
    );
    assert.deepEqual(missing, []);
  });

  test(`${name}: an operation is the same however its path is escaped, and none with a slash behind it`, () => {
    const plain = (value: string, many: boolean): string => (many ? `${value}/a` : value);
    eachSample(plain, (line, _, key) => {
      const [method, target = '', ...rest] = line.split(' ');
      const [path = '', query] = target.split('?');
      const spelled = path.split('/').map(escaped).join('/');
      const behind = `${query === undefined ? '' : `?${query}`} ${rest.join(' ')}`.trimEnd();
      const usual = classify(connector, line);
      assert.deepEqual(classify(connector, `${method} ${spelled}${behind}`), usual, line);
      if (!keys.includes(`${key}/`) && !key.endsWith('/'))
        assert.ok(isUnclassified(classify(connector, `${method} ${path}/${behind}`)), `${line} with a slash behind it`);
    });
    eachSample(
      (value, many) => (many ? `${value}%2Fa` : value),
      (line, wanted) => {
        const found = classify(connector, line);
        assert.ok(isUnclassified(found) || namesOf(found).includes(wanted), `${line} is ${namesOf(found)}`);
      },
    );
  });

  test(`${name}: ten thousand requests that fit no template are unclassified`, () => {
    const parts = [...new Set(keys.flatMap(key => key.split(' ')[1]!.slice(1).split('/')))].map(part =>
      part.replace(/\{\w+\+?\}/g, word),
    );
    const scrap = fc.oneof(fc.constantFrom(...parts), fc.constantFrom(word, number, 'a%20b', 'x.json', '-', '~'));
    const near = fc.tuple(fc.constantFrom(...keys), fc.nat(20), fc.nat(2), scrap).map(([key, at, how, part]) => {
      const segments = key
        .split(' ')[1]!
        .slice(1)
        .replace(/\{\w+\+?\}/g, word)
        .split('/');
      segments.splice(at % (segments.length + 1), how === 0 ? 0 : 1, ...(how === 2 ? [] : [part]));
      return `/${segments.join('/')}`;
    });
    const far = fc.array(scrap, { maxLength: 8 }).map(segments => `/${segments.join('/')}`);
    const method = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'LIST', 'FROB');
    const request = fc.tuple(method, fc.oneof({ weight: 3, arbitrary: near }, far));
    // Tables of one API share them.
    const wanted = Math.ceil(10_000 / tabled.filter(one => one.name === name).length);
    let count = 0;
    for (const [method, path] of fc.sample(request, 3 * wanted)) {
      if (count === wanted) break;
      if (fits(method, path)) continue;
      count += 1;
      const found = classify(connector, `${method} ${path}`);
      assert.ok(isUnclassified(found), `${method} ${path} is ${namesOf(found)}`);
    }
    assert.ok(count === wanted, `${count} requests fitted none`);
  });
}
