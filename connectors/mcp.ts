/**
 * MCP over streamable HTTP, at hosts of the operator's own: each call of a tool is an action by the server's and the tool's
 * name (`mcp.jira.create_issue`), with its arguments; what else the protocol has is `mcp.jira.rpc.…`. The resource is the server.
 * https://modelcontextprotocol.io/specification/2025-06-18/basic/transports
 */
import type { Access, Connector, Meaning, RequestView, Value } from '../src/model.js';
import { folded, isRecord, type Members, type Message, readMessages, respelled } from './json-rpc.js';
import { shownTools, toolAction } from './mcp/tools.js';
import { hashing, unknownName, word } from './names.js';

const maxText = 256;
const maxArguments = 50;

const isText = (value: Value | undefined, most: number): value is string =>
  typeof value === 'string' && value.length <= most && !/[\u0000-\u001f\u007f-\u009f]/.test(value);

/** What a tool may be given that is prose, or that nobody else may see. */
const unshown =
  /pass(word|phrase)?|secret|token|credential|private|api_?key|^key$|auth|cookie|content|text|body|message|description|comment|note|prompt|query|code|html|markdown|data$/i;

/**
 * A tool's arguments as parameters: numbers, booleans and short texts, unless their name says that they hold prose or a
 * secret. All else is unknown.
 */
function shownArguments(given: Value | undefined): Pick<Meaning, 'parameters' | 'unknown'> {
  if (given === undefined) return { parameters: {}, unknown: [] };
  if (!isRecord(given)) return { parameters: {}, unknown: ['*'] };
  const names = Object.keys(given).filter(name => name !== 'tool');
  if (names.length > maxArguments || names.some(name => name.length > 64)) return { parameters: {}, unknown: ['*'] };
  const parameters: { [name: string]: Value } = {};
  const unknown: string[] = [];
  for (const name of names) {
    const value = given[name]!;
    const twice = names.some(other => other !== name && folded(other) === folded(name));
    const plain = typeof value === 'number' || typeof value === 'boolean' || isText(value, maxText);
    if (plain && !twice && !unshown.test(name) && !name.startsWith('__')) parameters[name] = value;
    else unknown.push(unknownName(name));
  }
  return { parameters, unknown };
}

/** What changes nothing on the server. */
const reading =
  /^(initialize|ping|(tools|prompts|resources|resources\/templates|tasks)\/list|(prompts|tasks)\/get|resources\/read|completion\/complete|notifications\/.*)$/;

/** What is read as another method than it looks like: white space, letter case or a separator away from one that counts. */
const looksLike = (method: string): boolean =>
  /^tools(call|list)$/.test(folded(method.normalize('NFKC')).replace(/[^a-z]/g, '')) &&
  !/^tools\/(call|list)$/.test(method);

/** A method that isn't a tool's. */
function otherMethod(server: string, method: string, params: Members, hash: (text: string) => string): Meaning | null {
  const parts = method.split('/');
  if (parts.length > 4 || method.length > 128 || parts.includes('') || looksLike(method)) return null;
  const taken: readonly (readonly [parameter: string, member: string, most: number])[] =
    method === 'prompts/get'
      ? [['prompt', 'name', maxText]]
      : /^resources\/(read|(un)?subscribe)$/.test(method)
        ? [['uri', 'uri', 1024]]
        : [];
  if (
    respelled(
      params,
      taken.map(([, member]) => member),
    )
  )
    return null;
  const known = taken.flatMap(([parameter, member, most]) =>
    isText(params[member], most) ? [[parameter, params[member]] as const] : [],
  );
  return {
    action: `${server}.rpc.${parts.map(part => word(part, 'camel', hash)).join('.')}`,
    access: reading.test(method) ? (method.endsWith('/list') ? 'list' : 'read') : 'write',
    resource: `server:${server}`,
    parameters: Object.fromEntries(known),
    unknown: taken.map(([parameter]) => parameter).filter(name => !known.some(([found]) => found === name)),
  };
}

function meaningOf(server: string, { method, params }: Message, hash: (text: string) => string): Meaning | null {
  const resource = `server:${server}`;
  // What the client answers to a call of the server's: a person's input, or what a model has said.
  if (method === null) return { action: `${server}.rpc.response`, access: 'write', resource };
  if (params === null) return null;
  if (method !== 'tools/call') return otherMethod(server, method, params, hash);
  const { name } = params;
  if (!isText(name, 128) || name === '' || respelled(params, ['name', 'arguments'])) return null;
  const { parameters, unknown } = shownArguments(params.arguments);
  return { ...toolAction(server, name, hash), parameters: { ...parameters, tool: name }, ...(unknown && { unknown }) };
}

/**
 * Where a server speaks MCP: at `/`, below `/mcp`, and at a path that ends in `mcp`, `sse` or `message`. The same host may
 * serve much else, of which a path says what is done, and the body nothing.
 */
const endpoint = /^\/(mcp(\/.*)?|(.*\/)?(mcp|sse|messages?)\/?)?$/;

/** Whether what stands in the head of the message as well, for those who look only there, is what the message says. */
const agrees = (request: RequestView, messages: readonly Message[]): boolean =>
  (['mcp-method', 'mcp-name'] as const).every(field => {
    if (!request.has(field)) return true;
    const [message, ...more] = messages;
    const said = field === 'mcp-method' ? message?.method : (message?.params?.name ?? message?.params?.uri);
    return more.length === 0 && request.header(field) === said;
  });

function read(request: RequestView): readonly Meaning[] | null {
  if (!endpoint.test(request.path)) return null;
  const hash = hashing(request);
  const server = word(request.instance, 'snake', hash);
  const resource = `server:${server}`;
  const rpc = (name: string, access: Access): readonly Meaning[] => [
    { action: `${server}.rpc.${name}`, access, resource },
  ];
  const empty = request.body.state === 'none' || request.body.bytes === 0;
  if (request.method === 'GET' && empty)
    return /(^|,)\s*text\/event-stream\s*(;|,|$)/i.test(request.header('accept') ?? '') ? rpc('stream', 'read') : null;
  if (request.method === 'DELETE' && empty)
    return request.header('mcp-session-id') === undefined ? null : rpc('end_session', 'delete');
  const messages = request.method === 'POST' ? readMessages(request.json) : null;
  if (messages === null || !agrees(request, messages)) return null;
  const meanings = messages.map(message => meaningOf(server, message, hash));
  return meanings.every(meaning => meaning !== null) ? meanings : null;
}

/**
 * A refusal as the protocol has it: an HTTP status, and an error without an id, which clients show (Streamable HTTP, "Sending
 * Messages to the Server").
 */
const refusal: NonNullable<Connector['refusal']> = ({ code, detail, next, status }) => ({
  instead: {
    media_type: 'application/json',
    text: `${JSON.stringify({
      jsonrpc: '2.0',
      id: null,
      error: { code: -32001, message: detail, data: { code, status, ...(next !== undefined && { next }) } },
    })}\n`,
  },
});

export default {
  name: 'mcp',
  hosts: [],
  configurable: true,
  credentials: { scheme: 'bearer', placeholder: 'tfplaceholder', env: [] },
  reads: 'json',
  read,
  routes: {},
  offers: shownTools,
  refusal,
} satisfies Connector;
