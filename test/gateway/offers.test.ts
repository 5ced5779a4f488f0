/** Offers: of a list of tools an agent sees what it may perhaps call, and nothing that is denied for certain. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DataHouse } from '../../bin/proxy/data-path.js';
import { rewriteOf } from '../../bin/proxy/offers.js';
import mcp from '../../connectors/mcp.js';
import { openCatalog } from '../../src/action/catalog.js';
import { exampleRequest } from '../../src/action/examples.js';
import { openTrace } from '../../src/gateway.js';
import type { Effect, Grant, Permission, Question, Subject } from '../../src/model.js';
import { contextAt, question } from '../../src/policy/question.js';

const catalog = openCatalog([mcp], { hosts: { mcp: { jira: 'mcp.example.com' } } });
const call = (method: string): string => `{"jsonrpc":"2.0","id":1,"method":"${method}"}`;
const list = (...names: string[]): string =>
  JSON.stringify({ jsonrpc: '2.0', id: 1, result: { tools: names.map(name => ({ name })) } });

const permission = (action: string, effect: Effect, more: Partial<Permission> = {}): Permission => ({
  ...{ id: 'perm_1', gateway: 'g', resource: null, where: null, reason: '', created_at: '', action, effect },
  ...more,
});

interface Given {
  readonly permissions?: Readonly<Record<string, readonly Permission[]>>;
  /** Of a policy of the operator's own. */
  readonly decide?: (asked: Question) => Effect;
  readonly body?: string;
  readonly chain?: readonly string[];
  readonly grants?: readonly Partial<Grant>[];
}

/** What is left of an answer; undefined: it passes as it is, null: it is refused. */
async function shown(answer: string, given: Given) {
  const { permissions = {}, decide, body = call('tools/list'), chain = ['g'], grants = [] } = given;
  const request = exampleRequest(`POST https://mcp.example.com/mcp ${body}`, '');
  const meaning = catalog.classify(request);
  const subject: Subject = {
    ...{ type: 'agent', id: 'g', environment: '', labels: {}, run: 'run_1', user: { sub: 'u' }, workload: {} },
    chain,
    runs: chain.map(name => `run_${name}`),
  };
  const caller = { subject, grants: grants as Grant[] };
  const house = {
    policy: {
      shipped: decide === undefined,
      decide: async (asked: Question) => ({ effect: decide?.(asked) ?? 'deny' }),
    },
    gateways: { permissions: (name: string) => permissions[name] ?? [], find: () => undefined },
  } as unknown as DataHouse;
  const trace = { ...openTrace(caller), meaning, question: question(caller, request, meaning, contextAt(0, {})) };
  return rewriteOf(house, trace)?.(answer);
}

test('what no permission allows, or one denies whatever its arguments are, is not shown', async () => {
  const permissions = {
    g: [
      permission('mcp.jira.find', 'allow'),
      permission('mcp.jira.close', 'require_approval'),
      permission('mcp.*', 'deny', { resource: 'server:other' }),
      permission('mcp.jira.move', 'allow', { where: 'project == "OPS"' }),
      permission('mcp.jira.find', 'deny', { where: 'project == "HR"' }),
      permission('mcp.jira.drop', 'allow'),
      permission('mcp.jira.drop', 'deny'),
      permission('mcp.jira.nightly', 'allow'),
      permission('mcp.jira.nightly', 'deny', { hours: '09:00-17:00' }),
      permission('mcp.jira.far', 'allow', { resource: 'server:other' }),
    ],
  };
  assert.equal(
    await shown(list('find', 'close', 'move', 'drop', 'nightly', 'far', 'other'), { permissions }),
    list('find', 'close', 'move', 'nightly'),
  );
  assert.equal(await shown(list('drop'), { permissions }), list());
  assert.equal(await shown(list('find'), { permissions }), list('find'));
});

test('a gateway sees no more than each of its parents may do', async () => {
  const all = [permission('mcp.jira.*', 'allow')];
  const permissions = { g: all, parent: [permission('mcp.jira.find', 'allow')] };
  assert.equal(await shown(list('find', 'drop'), { permissions, chain: ['parent', 'g'] }), list('find'));
});

test('what a grant does not cover is not shown, whatever the permissions and a policy of the operator’s own say', async () => {
  const grants = [
    { actions: ['mcp.jira.*'], resources: ['server:jira'] },
    { actions: ['mcp.*.find'], resources: [] },
  ];
  const permissions = { g: [permission('mcp.jira.*', 'allow')] };
  assert.equal(await shown(list('find', 'drop'), { permissions, grants }), list('find'));
  assert.equal(await shown(list('find', 'drop'), { decide: () => 'allow', grants }), list('find'));
  const elsewhere = [{ actions: ['*'], resources: ['server:other'] }];
  assert.equal(await shown(list('find'), { permissions, grants: elsewhere }), list());
});

test('a policy of the operator’s own is asked about each tool, of which only the name is known', async () => {
  const asked: Question[] = [];
  const decide = (one: Question): Effect => {
    asked.push(one);
    return one.action.name === 'mcp.jira.find' ? 'require_approval' : 'deny';
  };
  const body = `[${call('ping')},${call('tools/list')}]`;
  assert.equal(await shown(`[${list('find', 'dropAll')}]`, { decide, body }), `[${list('find')}]`);
  assert.deepEqual(
    asked.map(({ action, resource, also }) => [action.name, action.parameters, action.unknown, resource.id, also]),
    [
      ['mcp.jira.find', { tool: 'find' }, ['*'], 'jira', undefined],
      ['mcp.jira.drop_all__camel', { tool: 'dropAll' }, ['*'], 'jira', undefined],
    ],
  );
});

test('an answer that can be read in two ways is refused, and one to anything else passes', async () => {
  assert.equal(await shown('{"result":{"tools":[]},"result":{}}', {}), null);
  assert.equal(await shown('{"result":', {}), null);
  assert.equal(await shown('anything', { body: call('ping') }), undefined);
});

test('what is left of a list stays as it was written, to the last digit', async () => {
  const permissions = { g: [permission('mcp.jira.find', 'allow')] };
  const schema = '{"maximum":9223372036854775807,"default":1.0,"title":"12345678901234567890 \\" 1.0"}';
  const answer = (tools: string): string =>
    `{"jsonrpc":"2.0","id":12345678901234567890,"result":{"tools":[${tools}],"e":1E400}}`;
  const find = `{"name":"find","inputSchema":${schema}}`;
  assert.equal(await shown(answer(`${find},{"name":"drop"}`), { permissions }), answer(find));
});

test('what only some clients take for a list of tools is none to anybody', async () => {
  const permissions = { g: [permission('mcp.jira.find', 'allow')] };
  const empty = '{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}';
  for (const [name, other] of [
    ['result', 'Result'],
    ['tools', 'Tools'],
    ['tools', 'tool\u017f'],
  ] as const)
    assert.equal(await shown(list('find', 'drop').replace(`"${name}"`, `"${other}"`), { permissions }), empty);
});
