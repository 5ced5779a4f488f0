import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { type Code, refusalRow } from '../../src/errors.js';
import { entries } from '../faults/ledger.js';
import { openWorld, type World } from '../world.js';
import { type Agent, type RawAnswer, readAnswer, send, startAgent } from './agent.js';

let world: World;
let agent: Agent;

before(async () => {
  world = await openWorld({
    config: 'approvals: {hold: 50ms, pending_status: 409}',
    hosts: ['api.github.com', 'upstream.test', 'api.stripe.com'],
    intercept(request, response) {
      if (request.url === '/reset') request.socket.destroy();
      else if (request.url === '/broken')
        request.socket.end('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx');
      else if (request.url === '/cut') {
        response.writeHead(200, { 'content-length': '100' });
        response.write('half');
        setImmediate(() => request.socket.destroy());
      } else return false;
      return true;
    },
  });
  await world.ok(['gateway', 'create', 'agent']);
  for (const [action, effect] of [
    ['http.*', 'allow'],
    ['http.post', 'require_approval'],
    ['github.branch.delete', 'deny'],
    ['stripe.*', 'allow'],
  ] as const) {
    await world.ok([
      'permissions',
      'set',
      '--gateway',
      'agent',
      '--action',
      action,
      '--effect',
      effect,
      '--reason',
      `said by ${action}`,
    ]);
  }
  // Another name at the same port: the certificate there is made for whatever name is asked for, so only DNS and routing differ.
  agent = await startAgent(world, 'agent', [
    '--connect-to',
    'closed.test:443:127.0.0.1:1',
    '--connect-to',
    `plain.test:443:127.0.0.1:${await plainPort()}`,
  ]);
});
after(async () => {
  await agent?.end();
  plain?.close();
  await world.close();
});

let plain: import('node:net').Server | undefined;
/** A port where somebody talks, but not TLS. */
async function plainPort(): Promise<number> {
  const { createServer } = await import('node:net');
  plain = createServer(socket => {
    socket.on('error', () => {});
    socket.end('SSH-2.0-nothing\r\n');
  });
  await new Promise<void>(resolve => plain!.listen(0, '127.0.0.1', resolve));
  return (plain.address() as { port: number }).port;
}

const request = (host: string, path = '/', method = 'GET', lines: readonly string[] = []) =>
  send(agent, `${method} ${path} HTTP/1.1\r\n${[`Host: ${host}`, ...lines].join('\r\n')}\r\n\r\n`, {
    connect: `${host}:443`,
  });

/** Without credentials, straight at the proxy. */
async function bare(lines: readonly string[]): Promise<RawAnswer> {
  const socket = connect({ host: '127.0.0.1', port: agent.port });
  socket.on('error', () => {});
  const answer = readAnswer(socket);
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  const result = await answer;
  socket.destroy();
  return result;
}

interface Case {
  readonly name: string;
  readonly code: Code;
  readonly status?: number;
  readonly decision: 'deny' | 'pending' | 'error';
  readonly fields?: readonly RegExp[];
  readonly ask: () => Promise<RawAnswer>;
}

const cases: readonly Case[] = [
  {
    name: 'a request without a token',
    code: 'unauthenticated',
    decision: 'error',
    fields: [/\r\nproxy-authenticate: Basic realm="tollfence"/i, /\r\nconnection: close/i],
    ask: () => bare(['GET http://upstream.test/ HTTP/1.1', 'Host: upstream.test']),
  },
  {
    name: 'a tunnel with a wrong token',
    code: 'unauthenticated',
    decision: 'error',
    fields: [/\r\nproxy-authenticate: Basic realm="tollfence"/i],
    ask: () =>
      bare(['CONNECT upstream.test:443 HTTP/1.1', 'Host: upstream.test:443', 'Proxy-Authorization: Bearer nonsense']),
  },
  {
    name: "a token under another gateway's name",
    code: 'unauthenticated',
    decision: 'error',
    ask: () =>
      bare([
        'CONNECT upstream.test:443 HTTP/1.1',
        'Host: upstream.test:443',
        `Proxy-Authorization: Basic ${Buffer.from(`other:${agent.token}`).toString('base64')}`,
      ]),
  },
  {
    name: 'an ambiguous request',
    code: 'malformed_request',
    decision: 'error',
    fields: [/\r\nconnection: close/i],
    ask: () => request('upstream.test', '/a/../b'),
  },
  {
    name: "another Host than the tunnel's",
    code: 'authority_mismatch',
    decision: 'error',
    ask: () => send(agent, 'GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n', { connect: 'upstream.test:443' }),
  },
  {
    name: 'what a permission denies',
    code: 'denied',
    decision: 'deny',
    ask: () => request('api.github.com', '/repos/acme/site/git/refs/heads/main', 'DELETE'),
  },
  {
    name: 'what no permission allows',
    code: 'denied',
    decision: 'deny',
    ask: () => request('api.github.com', '/repos/acme/site/issues'),
  },
  {
    name: 'what waits for approval',
    code: 'approval_pending',
    status: 409,
    decision: 'pending',
    fields: [/\r\nretry-after: \d+/i],
    ask: () => request('upstream.test', '/wait', 'POST', ['Content-Length: 0']),
  },
  { name: 'a private address', code: 'destination_prohibited', decision: 'deny', ask: () => request('127.0.0.1') },
  {
    name: 'a name that does not resolve',
    code: 'upstream_dns',
    decision: 'error',
    ask: () => request('no-such-name.invalid'),
  },
  {
    name: 'a port where nobody listens',
    code: 'upstream_unreachable',
    decision: 'error',
    ask: () => request('closed.test'),
  },
  { name: 'an upstream that speaks no TLS', code: 'upstream_tls', decision: 'error', ask: () => request('plain.test') },
  {
    name: 'an upstream that hangs up',
    code: 'upstream_reset',
    decision: 'error',
    ask: () => request('upstream.test', '/reset'),
  },
  {
    name: 'an upstream with two lengths',
    code: 'upstream_protocol',
    decision: 'error',
    ask: () => request('upstream.test', '/broken'),
  },
];

for (const { name, code, status, decision, fields = [], ask } of cases) {
  test(`${name} is answered with ${code}, in the contract's form`, async () => {
    const { head, body, status: got } = await ask();
    const row = refusalRow(code);
    assert.equal(got, status ?? row.status, `${head}\n${body}`);
    assert.match(head, /\r\ncontent-type: application\/problem\+json; charset=utf-8/i);
    assert.match(head, new RegExp(`\\r\\ntf-decision: ${decision}(\\r|$)`, 'i'));
    assert.match(head, /\r\ntf-evidence-id: ev_/i);
    assert.match(head, new RegExp(`\\r\\nproxy-status: tollfence; error=${row.proxyError}(\\r|$)`, 'i'));
    for (const field of fields) assert.match(head, field);
    const problem = JSON.parse(body) as Record<string, unknown> & { error: Record<string, unknown> };
    for (const member of [
      'type',
      'title',
      'status',
      'code',
      'detail',
      'gateway',
      'action',
      'resource',
      'rule',
      'evidence_id',
      'retryable',
      'next',
      'message',
      'error',
    ])
      assert.ok(member in problem, member);
    assert.equal(problem.type, 'about:blank');
    assert.equal(problem.status, got);
    assert.equal(problem.code, code);
    assert.equal(problem.message, problem.detail);
    assert.equal(problem.retryable, row.retryable);
    assert.deepEqual(problem.error, { type: `tollfence_${code}`, code, message: problem.detail });
    assert.match(String(problem.next), /\w/);
    assert.ok(head.toLowerCase().includes(`tf-evidence-id: ${String(problem.evidence_id).toLowerCase()}`));
  });
}

test('a denial names action, resource, rule and the sentence that the operator gave', async () => {
  const { body } = await request('api.github.com', '/repos/acme/site/git/refs/heads/main', 'DELETE');
  const problem = JSON.parse(body) as Record<string, unknown>;
  assert.equal(problem.action, 'github.branch.delete');
  assert.equal(problem.resource, 'repo:acme/site');
  assert.equal(problem.rule, 'perm_3');
  assert.match(String(problem.detail), /said by github\.branch\.delete/);
});

test('an answer that breaks off in the middle breaks off for the client too, and is recorded so', async () => {
  const { head, body } = await request('upstream.test', '/cut');
  assert.match(head, /^HTTP\/1\.1 200 /);
  assert.equal(body, 'half');
  const all = await entries(world);
  const decided = all.findLast(({ type, request: asked }) => type === 'action.decided' && asked?.path === '/cut')!;
  assert.equal(
    all.find(({ type, decided: of }) => type === 'action.completed' && of === decided.id)?.error,
    'upstream_reset',
  );
});

test('none of this took the proxy down', async () => {
  assert.equal((await entries(world)).filter(({ type }) => type === 'proxy.started').length, 1);
});

test('HEAD is refused with the same fields and no body', async () => {
  const { head, body, status } = await request('upstream.test', '/a/../b', 'HEAD', ['Connection: close']);
  assert.equal(status, 400);
  assert.match(head, /tf-decision: error/i);
  assert.equal(body, '');
});
