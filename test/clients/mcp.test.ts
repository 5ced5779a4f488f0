/** MCP's own SDK behind a gateway, unmodified: the server's tools that the policy denies are neither shown nor called. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { z } from 'zod';
import type { World } from '../world.js';
import { agent, behind, decided, has, openPlace } from './place.js';

const reason = 'Projects are deleted by people.';
const secret = 'mcp-canary-0123456789abcdef';
const called: string[] = [];
const seen: { readonly method: string; readonly authorization: string | undefined }[] = [];
const sessions = new Map<string, StreamableHTTPServerTransport>();
let world: World;

/** A server of issues, as the SDK's own documentation writes one. */
function issues(): McpServer {
  const server = new McpServer({ name: 'issues', version: '1.0.0' });
  const arguments_ = { project: z.string(), title: z.string().optional() };
  for (const name of ['create_issue', 'delete_project', 'find_issues', 'exportAll'])
    server.registerTool(name, { description: `The tool ${name}.`, inputSchema: arguments_ }, ({ project }) => {
      called.push(name);
      return { content: [{ type: 'text', text: `${name} in ${project}` }] };
    });
  return server;
}

/** A list of tools as a server without sessions may send it. */
function sendList(response: ServerResponse): void {
  const tools = ['create_issue', 'delete_project'].map(name => ({ name, inputSchema: { type: 'object' } }));
  const body = gzipSync(JSON.stringify({ jsonrpc: '2.0', id: 1, result: { tools, nextCursor: secret } }));
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-encoding': 'gzip',
    'content-length': body.length,
    etag: '"1"',
  });
  response.end(body);
}

/** Serves `/events/mcp` with event streams, `/documents/mcp` with JSON, and a list on `/list/mcp`. */
function serve(request: IncomingMessage, response: ServerResponse): boolean {
  seen.push({ method: request.method ?? '', authorization: request.headers.authorization });
  if (request.url === '/list/mcp') {
    sendList(response);
    return true;
  }
  const known = sessions.get(String(request.headers['mcp-session-id']));
  if (known !== undefined) {
    void known.handleRequest(request, response);
    return true;
  }
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    enableJsonResponse: request.url === '/documents/mcp',
    onsessioninitialized: id => void sessions.set(id, transport),
  });
  void issues()
    .connect(transport as Transport)
    .then(() => transport.handleRequest(request, response));
  return true;
}

before(async () => {
  const allow = ['mcp.jira.create_issue', 'mcp.jira.rpc.*'];
  const settings = [{ place: ['--connector', 'mcp'], secret, allow }, { deny: { 'mcp.jira.delete_project': reason } }];
  const config = 'connectors:\n  mcp:\n    hosts:\n      jira: mcp.example.com\n';
  world = await openPlace(settings, { hosts: ['mcp.example.com'], intercept: serve, config });
  await world.ok([
    ...['permissions', 'set', '--gateway', 'client-agent', '--action', 'mcp.jira.find_issues', '--effect', 'allow'],
    ...['--where', 'project == "OPS"'],
  ]);
});
after(() => world.close());

for (const path of ['events', 'documents']) {
  test(`an MCP client sees the tools that it may perhaps call, and calls none that is denied (${path})`, async () => {
    called.length = 0;
    seen.length = 0;
    const asked = await decided(world, 'mcp.jira.delete_project');
    const ran = await behind(world, agent('mcp'), { MCP_URL: `https://mcp.example.com/${path}/mcp` });
    assert.equal(ran.code, 0, ran.stderr);
    const { answer, refusal } = JSON.parse(ran.stdout) as { answer: unknown; refusal: string | null };
    assert.deepEqual(answer, { tools: ['create_issue', 'find_issues'], text: 'create_issue in OPS' });
    assert.ok(refusal?.includes(reason), refusal ?? 'it took the refusal for a success');
    assert.deepEqual(called, ['create_issue']);
    assert.equal((await decided(world, 'mcp.jira.delete_project')) - asked, 1);
    assert.ok(seen.some(({ method }) => method === 'DELETE'));
    assert.ok(seen.every(({ authorization }) => authorization === `Bearer ${secret}`));
  });
}

for (const version of ['--http1.1', '--http2']) {
  test(`a list that comes compressed is filtered as well, and holds no secret (curl ${version})`, async t => {
    if (!has(t, 'curl', '--version')) return;
    const list = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
    const target = 'https://mcp.example.com/list/mcp';
    const ran = await behind(world, [...['curl', '-sS', '-i', version, '--compressed', '--json', list], target]);
    assert.equal(ran.code, 0, ran.stderr);
    const [head = '', body = ''] = ran.stdout.split('\r\n\r\n').slice(-2);
    assert.ok(head.startsWith(version === '--http2' ? 'HTTP/2 200' : 'HTTP/1.1 200'), head);
    assert.doesNotMatch(head, /^(etag|content-encoding):/im);
    const { result } = JSON.parse(body) as { result: { tools: { name: string }[]; nextCursor: string } };
    assert.deepEqual(
      result.tools.map(({ name }) => name),
      ['create_issue'],
    );
    assert.equal(result.nextCursor, '*'.repeat(secret.length));
  });
}
