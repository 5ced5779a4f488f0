/** Kubernetes: what its own client may ask for is what RBAC would call it, and what the server would read otherwise is nothing. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import kubernetes from '../../connectors/kubernetes.js';
import { openCatalog } from '../../src/action/catalog.js';
import { exampleRequest } from '../../src/action/examples.js';
import type { CanonicalRequest, Classified, Field } from '../../src/model.js';

const catalog = openCatalog([kubernetes], { hosts: { kubernetes: { prod: 'k8s.example.test:6443' } }, whole: true });
const classify = (line: string, fields: readonly Field[] = [], more: Partial<CanonicalRequest> = {}): Classified =>
  catalog.classify({
    ...exampleRequest(line, 'k8s.example.test:6443', fields),
    ...more,
    host: 'k8s.example.test',
    port: 6443,
  });

/** Every request that the generated part of the client makes: `METHOD path`. */
function requestsOfClient(): readonly string[] {
  const main = createRequire(import.meta.url).resolve('@kubernetes/client-node');
  const directory = join(dirname(main), 'gen', 'apis');
  return readdirSync(directory)
    .filter(file => file.endsWith('Api.js'))
    .flatMap(file => {
      const text = readFileSync(join(directory, file), 'utf8');
      const found = [...text.matchAll(/localVarPath = '([^']+)'[\s\S]*?HttpMethod\.([A-Z]+)\)/g)];
      assert.equal(found.length, text.match(/makeRequestContext\(/g)?.length ?? 0, file);
      return found.map(([, path, method]) => `${method} ${path}`);
    });
}

test('every request of the Kubernetes client is known, and has the verb, resource and namespace of its path', () => {
  const requests = new Set(requestsOfClient());
  assert.ok(requests.size > 700, String(requests.size));
  let resources = 0;
  for (const request of requests) {
    const [method = '', template = ''] = request.split(' ');
    // Logs of the machine are nobody's business, and what may be of any group has no words of its own.
    if (template.startsWith('/logs/') || template.includes('{group}') || /^OPTIONS|^HEAD/.test(method)) continue;
    const path = template
      .replaceAll('{namespace}', 'web')
      .replace('{path}', 'x')
      .replace(/\{\w+\}/g, 'one');
    const { action, resource, typed } = classify(`${method} ${path}${method === 'POST' ? ' {}' : ''}`);
    assert.ok(typed, request);
    if (action.parameters.resource === undefined) continue;
    resources += 1;
    const verb = action.parameters.verb as string;
    const item = template.includes('{name}');
    const verbs: { readonly [method: string]: string } = {
      GET: /\/watch\//.test(template) ? 'watch' : item ? 'get' : 'list',
      POST: 'create',
      PUT: 'update',
      PATCH: 'patch',
      DELETE: item ? 'delete' : 'deletecollection',
    };
    // These are one action, whatever method they come with; and a namespace has no name of its own in its template.
    const stream = /\/(exec|attach|portforward)$/.test(template);
    assert.equal(verb, stream ? 'create' : verbs[method], request);
    assert.equal(
      action.name,
      ['kubernetes', action.parameters.resource, action.parameters.subresource, verb].filter(Boolean).join('.'),
    );
    const place = template.includes('{namespace}') ? 'namespace:prod/web' : null;
    const whole = /\/namespaces\/\{name\}/.test(template) ? 'namespace:prod/one' : 'cluster:prod';
    assert.equal(`${resource.type}:${resource.id}`, place ?? whole, request);
  }
  assert.ok(resources > 600, String(resources));
});

test('a list of all namespaces is never taken for one of no namespace', () => {
  // A resource that its client asks for in a namespace lies in one.
  const inside = new Set(requestsOfClient().flatMap(line => /\{namespace\}\/([a-z]+)$/.exec(line)?.[1] ?? []));
  const lists = requestsOfClient().filter(line => /^GET \/apis?\/(?!.*\{)(?!.*\/watch\/).*\/[a-z]+$/.test(line));
  let wide = 0;
  for (const line of lists) {
    const { action } = classify(line);
    if (action.parameters.resource === undefined) continue;
    const everywhere = inside.has(action.parameters.resource as string);
    assert.equal(action.unknown.includes('resource'), everywhere, line);
    if (everywhere) wide += 1;
  }
  assert.ok(wide > 20, String(wide));
  assert.deepEqual(classify('GET /apis/acme.dev/v1/widgets').action.unknown, ['resource']);
});

test('what is applied is a patch and a create, and each is decided', () => {
  const line = 'PATCH /apis/apps/v1/namespaces/web/deployments/api {"kind":"Deployment"}';
  const names = ({ action, also = [] }: Classified): string[] =>
    [action.name, ...also.map(one => one.action.name)].sort();
  const both = ['kubernetes.deployments.create', 'kubernetes.deployments.patch'];
  assert.deepEqual(names(classify(line, [['Content-Type', 'application/apply-patch+yaml']])), both);
  assert.deepEqual(names(classify(line, [['Content-Type', 'application/apply-patch+cbor']])), both);
  assert.deepEqual(names(classify(line, [['Content-Type', 'application/merge-patch+json']])), [both[1]]);
  // Which of two the server heeds isn't certain.
  const twice: Field[] = [
    ['Content-Type', 'application/json'],
    ['Content-Type', 'application/apply-patch+yaml'],
  ];
  assert.deepEqual(names(classify(line, twice)), both);
});

test('only what streams may be upgraded, and an upgraded exec is the same action as a plain one', () => {
  const upgrade = { upgrade: 'websocket' };
  const pod = '/api/v1/namespaces/web/pods/api-0';
  for (const method of ['GET', 'POST']) {
    for (const word of ['exec', 'attach', 'portforward']) {
      const { action } = classify(`${method} ${pod}/${word}?command=sh`, [], upgrade);
      assert.deepEqual([action.name, action.access], [`kubernetes.pods.${word}.create`, 'permissions']);
    }
  }
  assert.equal(classify(`GET ${pod}?watch=1`, [], upgrade).typed, false);
  assert.equal(classify('GET /api/v1/namespaces/web/pods?watch=1', [], upgrade).action.name, 'kubernetes.pods.watch');
  assert.equal(classify(`DELETE ${pod}`, [], upgrade).typed, false);
});

test('a Kubernetes path that its server would read otherwise, or as somebody else, is unclassified', () => {
  const pod = '/api/v1/namespaces/web/pods/api-0';
  for (const line of [
    `GET ${pod}%2Fexec`,
    `GET ${pod}%252Fexec`,
    `GET ${pod}%5Cexec`,
    `GET ${pod};a`,
    `DELETE ${pod}/`,
    `GET ${pod}/log/more`,
    'GET /api/v1/namespaces/pods/secrets/proxy/x',
    'GET /api/v1/namespaces/web/services/api/proxy/..%2f..%2fsecrets',
    'GET /api/v1/proxy/nodes/n1',
    'GET /api/v1/Pods',
    'GET /api/v1/namespaces/web/pods?watch=0&watch=1',
    `FROB ${pod}`,
    `POST /api/v1/watch/namespaces/web/pods {}`,
  ])
    assert.equal(classify(line).typed, false, line);
  const twice: Field[] = [
    ['Impersonate-User', 'a'],
    ['Impersonate-User', 'b'],
  ];
  const { action } = classify(`GET ${pod}`, twice);
  assert.deepEqual([action.name, action.access], ['kubernetes.unclassified', 'permissions']);
  assert.equal(classify(`DELETE ${pod} {"dryRun":["All"],"dryRun":[]}`).action.unknown.includes('dry_run'), true);
});
