/** One suite that every connector passes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { generated } from '../../bin/proxy/generated.js';
import { exampleHosts, examples } from '../../connectors/examples/index.js';
import { connectors } from '../../connectors/index.js';
import { openCatalog } from '../../src/action/catalog.js';
import { checkExamples, exampleRequest, readExamples } from '../../src/action/examples.js';
import type { Connector, RouteRow } from '../../src/model.js';

const catalog = openCatalog(connectors, { generated, hosts: exampleHosts, whole: true });
const names = [...new Set(connectors.map(({ name }) => name))];
const hostOf = (name: string): string =>
  Object.values(exampleHosts[name] ?? {})[0] ?? connectors.find(connector => connector.name === name)!.hosts[0]!;

/** A request that fits a row and nothing else, made from its template and its `when`. */
function sample(connector: Connector, key: string, row: RouteRow): string {
  const [method, template] = key.split(' ') as [string, string];
  const path = template.replace(/\{(\w+)\+?\}/g, (_, name: string) =>
    /^(id|number|run|job|check)$/.test(name) ? '7' : 'sample',
  );
  const query: string[] = [];
  const body: { [name: string]: unknown } = {};
  for (const [expression, wanted] of Object.entries(row.when ?? {})) {
    const value = Array.isArray(wanted) ? wanted[0] : wanted;
    const [, name = ''] = /^(?:body#\/|query\.|argument\.)(\w+)$/.exec(expression) ?? [];
    if (expression.startsWith('query.')) query.push(`${name}=${value}`);
    else body[name] = value === '*' ? 'sample' : value;
  }
  const target = `https://${connector.hosts[0]}${path}${query.length > 0 ? `?${query.join('&')}` : ''}`;
  const reads = typeof connector.reads === 'function' ? connector.reads(path) : connector.reads;
  const pairs = Object.entries(body).map(([name, value]) => `${name}=${String(value)}`);
  const text = reads === 'form' ? pairs.join('&') : JSON.stringify(body);
  return `${method} ${target}${pairs.length > 0 ? ` ${text}` : ''}`;
}

for (const name of names) {
  test(`${name}: every example is what it says`, () => {
    const list = readExamples(examples[name] ?? '', hostOf(name));
    assert.ok(list.length > 0, 'there are examples');
    assert.deepEqual(checkExamples(catalog, list), []);
  });
}

test('every row is reached by a request of its own, and by its name', () => {
  const seen = new Map<string, string>();
  for (const connector of connectors) {
    for (const [key, route] of Object.entries(connector.routes)) {
      if (typeof route === 'function') continue;
      for (const row of (Array.isArray(route) ? route : [route]) as readonly RouteRow[]) {
        const line = sample(connector, key, row);
        const { action, typed } = catalog.classify(exampleRequest(line, connector.hosts[0]!));
        assert.equal(`${action.name} ${typed}`, `${connector.name}.${row.action} true`, line);
        assert.match(action.name, /^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$/);
        assert.equal(seen.get(line), undefined, `${line} is a sample of two rows`);
        seen.set(line, action.name);
      }
    }
  }
  assert.ok(seen.size > 300);
});

test('every function is reached by an example', () => {
  for (const connector of connectors) {
    const list = readExamples(examples[connector.name]!, hostOf(connector.name));
    for (const [key, route] of Object.entries(connector.routes)) {
      if (typeof route !== 'function') continue;
      const pattern = new RegExp(
        `^${key
          .replace(/[.]/g, '\\.')
          .replace(/\{\w+\}/g, '[^/?]+')
          .replace(/\{\w+\+\}/g, '.+')}$`,
      );
      const reached = list.some(
        ({ request }) =>
          connector.hosts.includes(request.host) &&
          pattern.test(`${request.method} ${request.path}`) &&
          catalog.classify(request).typed,
      );
      assert.ok(reached, `${connector.name}: ${key} has an example`);
    }
  }
});

test('a request that fits no route is unclassified, whatever else is in it', () => {
  const segment = fc.constantFrom(
    'repos',
    'v1',
    'api',
    'zz',
    'charges',
    'issues',
    '7',
    'a%2Fb',
    'x;y',
    '%252e',
    'heads',
    'graphql',
  );
  const hosts = connectors.flatMap(({ hosts }) => hosts);
  fc.assert(
    fc.property(
      fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'FROB'),
      fc.constantFrom(...hosts),
      fc.array(segment, { maxLength: 6 }),
      fc.constantFrom('', ' {"a":1}', ' a=1', ' {"query":"{ a }"}'),
      (method, host, segments, body) => {
        // No route of any connector begins like this, so nothing under it is described.
        const path = `/no-such-place/${segments.join('/')}`;
        const free = ['raw.githubusercontent.com', 'codeload.github.com', 'github.com'];
        const raw = free.includes(host) || catalog.forHost(host)?.read !== undefined;
        const { action, typed, resource } = catalog.classify(
          exampleRequest(`${raw ? 'FROB' : method} https://${host}${path}${body}`, host),
        );
        assert.equal(typed, false);
        assert.match(action.name, /^[a-z]+\.unclassified$/);
        assert.deepEqual(resource, { type: 'host', id: host });
      },
    ),
    { numRuns: 2000 },
  );
});

test('every placeholder says that it is one, and has the shape that SDKs check', () => {
  const shapes: { readonly [name: string]: RegExp } = {
    aws: /^AKIA[A-Za-z0-9]{16}$/,
    github: /^ghp_[A-Za-z0-9]{36}$/,
    stripe: /^sk_test_[A-Za-z0-9]{24,}$/,
    slack: /^xoxb-\d+-\d+-[A-Za-z0-9]{24}$/,
    npm: /^npm_[A-Za-z0-9]{36}$/,
    oci: /^tfplaceholder$/,
    hashivault: /^hvs\.[A-Za-z0-9]{24,}$/,
    kubernetes: /^tfplaceholder$/,
    entra: /^tfplaceholder$/,
    gitlab: /^glpat-[A-Za-z0-9]{20}$/,
    jira: /^ATATT3xFfGF0[A-Za-z0-9]+$/,
    okta: /^00[A-Za-z0-9_-]{40}$/,
    linear: /^lin_api_[A-Za-z0-9]{40}$/,
    mcp: /^tfplaceholder$/,
    openai: /^sk-proj-[A-Za-z0-9_-]{40,}$/,
    anthropic: /^sk-ant-api03-[A-Za-z0-9_-]{93}AA$/,
    cloudflare: /^[A-Za-z0-9_-]{40}$/,
    google: /^ya29\.[A-Za-z0-9_-]{50,}$/,
    notion: /^ntn_[A-Za-z0-9]{46}$/,
    twilio: /^[a-z0-9]{32}$/,
  };
  for (const { name, hosts, credentials } of connectors) {
    // Tollfence's own connector, for the canary, has none, and neither has a server that hands out tokens.
    if (name === 'tollfence' || hosts.includes('auth.docker.io')) continue;
    assert.match(credentials!.placeholder, /tfplaceholder/);
    assert.match(credentials!.placeholder, shapes[name]!);
  }
});
