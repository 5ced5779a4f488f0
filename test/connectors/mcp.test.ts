/** MCP: what a message would do, that no two tools are one action, and what of their arguments anybody sees. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import mcp from '../../connectors/mcp.js';
import { word } from '../../connectors/names.js';
import { openCatalog } from '../../src/action/catalog.js';
import { exampleRequest } from '../../src/action/examples.js';
import type { Classified, Field, Value } from '../../src/model.js';

const hosts = { mcp: { jira: 'mcp.example.com', 'my-wiki': 'wiki.example.com:8443' } };
const catalog = openCatalog([mcp], { hosts });
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const post = (message: Value, host = 'mcp.example.com'): Classified =>
  catalog.classify(exampleRequest(`POST https://${host}/mcp ${JSON.stringify(message)}`, host));
const call = (name: Value, args?: Value): Classified =>
  post({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: args === undefined ? { name } : { name, arguments: args },
  });

test('two tools never share the name of an action', () => {
  const name = fc.oneof(
    fc.stringMatching(/^[A-Za-z0-9_./-]{1,12}$/),
    fc
      .array(fc.constantFrom('a', 'B', '_', '-', '1', 'camel', 'kebab'), { minLength: 1, maxLength: 6 })
      .map(parts => parts.join('')),
  );
  fc.assert(
    fc.property(name, name, fc.constantFrom('camel' as const, 'snake' as const), (a, b, usual) => {
      assert.match(word(a, usual, sha256), /^[a-z][a-z0-9_]*$/);
      assert.equal(word(a, usual, sha256) === word(b, usual, sha256), a === b);
    }),
    { numRuns: 3000 },
  );
  const words = [
    'create_issue',
    'create-issue',
    'createIssue',
    'CreateIssue',
    'create.issue',
    'create__issue',
    'rpc',
  ].map(tool => call(tool).action.name);
  assert.equal(new Set(words).size, 7);
  assert.equal(words[0], 'mcp.jira.create_issue');
  assert.equal(words[6], 'mcp.jira.rpc__tool');
});

test('a tool’s arguments are seen if they are short and say nothing private; all others are unknown', () => {
  const { action, resource } = call('create_issue', {
    project: 'OPS',
    priority: 2,
    urgent: true,
    api_key: 'k',
    Password: 'p',
    description: 'text',
    long: 'x'.repeat(257),
    labels: ['a'],
    nested: { a: 1 },
    body: 'text',
    resource: { a: 1 },
    tool: 'another',
    repo: 'a',
    Repo: 'b',
    is: 'c',
    iſ: 'd',
  });
  assert.deepEqual(action.parameters, { project: 'OPS', priority: 2, urgent: true, tool: 'create_issue' });
  assert.deepEqual(action.unknown, [
    ...[
      'api_key',
      'Password',
      'description',
      'long',
      'labels',
      'nested',
      'body.value',
      'resource.value',
      'repo',
      'Repo',
      'is',
      'iſ',
    ],
  ]);
  assert.deepEqual(resource, { type: 'server', id: 'jira' });
  assert.deepEqual(call('x', Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`a${i}`, i]))).action.unknown, [
    '*',
  ]);
});

test('a server has the name that the operator gives it, on the port that they name', () => {
  const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };
  assert.equal(post(ping, 'wiki.example.com:8443').action.name, 'mcp.my_wiki__kebab.rpc.ping');
  assert.equal(post(ping, 'wiki.example.com').connector, null);
});

test('what two servers could read differently is unclassified, with all that is sent along with it', () => {
  const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };
  for (const message of [
    { ...ping, jsonrpc: '1.0' },
    { ...ping, Params: {} },
    { ...ping, method: '' },
    { ...ping, method: 'a//b' },
    { jsonrpc: '2.0', id: 1 },
    { jsonrpc: '2.0', method: 'tools/call', params: [] },
    { jsonrpc: '2.0', method: 'tools/call', params: { name: 'a', Arguments: {} } },
    { jsonrpc: '2.0', method: 'tools/call', params: { name: 7 } },
    { jsonrpc: '2.0', method: 'resources/read', params: { uri: 'a', URI: 'b' } },
    // Go's JSON takes the long s for an s.
    { jsonrpc: '2.0', method: 'tools/call', params: { name: 'a', argumentſ: {} } },
    ...['Tools/Call', 'tools/call ', 'tools\u2215call', 'tools/\u00adcall', 'tools.list', 'TOOLS/LIST'].map(method => ({
      ...ping,
      method,
      params: { name: 'a' },
    })),
    [],
    [ping, { ...ping, extra: 1 }],
    Array.from({ length: 51 }, (_, id) => ({ ...ping, method: 'tools/call', params: { name: `t${id}` }, id })),
  ])
    assert.equal(post(message).typed, false, JSON.stringify(message).slice(0, 80));
});

test('a head that names another method or tool than the message makes it unclassified', () => {
  const typed = (message: Value, ...fields: readonly Field[]): boolean =>
    catalog.classify(exampleRequest(`POST /mcp ${JSON.stringify(message)}`, 'mcp.example.com', fields)).typed;
  const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'find' } };
  const method: Field = ['Mcp-Method', 'tools/call'];
  assert.equal(typed(call, method, ['Mcp-Name', 'find']), true);
  assert.equal(typed(call, ['Mcp-Name', 'drop']), false);
  assert.equal(typed(call, ['Mcp-Name', 'find'], ['mcp-name', 'drop']), false);
  assert.equal(typed({ jsonrpc: '2.0', id: 1, method: 'ping' }, method), false);
  assert.equal(typed([call], method), true);
  assert.equal(typed([call, call], method), false);
  const reading = { jsonrpc: '2.0', id: 1, method: 'resources/read', params: { uri: 'file:///a' } };
  assert.equal(typed(reading, ['Mcp-Name', 'file:///a']), true);
});

test('a message is one only where a server speaks MCP, for a path of another API says what is done there', () => {
  const typed = (path: string, rest = '', fields: readonly Field[] = [], method = 'POST'): boolean =>
    catalog.classify(exampleRequest(`${method} ${path}${rest}`, 'mcp.example.com', fields)).typed;
  const ping = ' {"jsonrpc":"2.0","id":1,"method":"ping"}';
  const stream: Field[] = [['Accept', 'text/event-stream']];
  const session: Field[] = [['Mcp-Session-Id', '7']];
  const places = ['/', '/mcp', '/mcp/', '/mcp/x/issues', '/v1/mcp', '/sse', '/messages/?session_id=1', '/sse/message'];
  for (const path of places) assert.equal(typed(path, ping), true, path);
  assert.equal(typed('/sse', '', stream, 'GET'), true);
  assert.equal(typed('/mcp', '', session, 'DELETE'), true);
  for (const path of ['/rest/issues/7', '/users/7/deactivate', '/mcpx', '/api/mcp/x']) {
    assert.equal(typed(path, ping), false, path);
    assert.equal(typed(path, '', stream, 'GET'), false, path);
    assert.equal(typed(path, '', session, 'DELETE'), false, path);
  }
});

test('a list of tools is found wherever a server may send it, and what has no name in it is not shown', () => {
  const message = {
    jsonrpc: '2.0',
    id: 1,
    result: { tools: [{ name: 'a' }, { title: 'b' }, { name: 'c-d' }], nextCursor: 'x' },
  };
  for (const action of ['jira.rpc.tools.list', 'jira.rpc.stream']) {
    const offered = mcp.offers(action)?.(message, sha256);
    assert.deepEqual(
      offered?.entries.map(entry => entry?.action ?? null),
      ['jira.a', null, 'jira.c_d__kebab'],
    );
    assert.deepEqual(offered?.only([true, false, false]), {
      ...message,
      result: { tools: [{ name: 'a' }], nextCursor: 'x' },
    });
    assert.equal(mcp.offers(action)?.({ jsonrpc: '2.0', id: 1, result: { content: [] } }, sha256), null);
  }
  assert.equal(mcp.offers('jira.tools'), null);
  assert.equal(mcp.offers('jira.rpc.ping'), null);
});
