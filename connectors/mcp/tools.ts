/** MCP: a tool as an action, in a call and in the list that a server gives of its tools. */
import type { Meaning, Offers, Value } from '../../src/model.js';
import { isRecord, respelled } from '../json-rpc.js';
import { word } from '../names.js';

/** What a call of this tool is called. */
export function toolAction(server: string, name: string, hash: (text: string) => string): Meaning {
  const own = word(name, 'snake', hash);
  return {
    // `rpc` is the rest of the protocol.
    action: `${server}.${own === 'rpc' ? 'rpc__tool' : own}`,
    access: /(^|[^a-z])(delete|remove|destroy|drop|purge)/i.test(name) ? 'delete' : 'write',
    resource: `server:${server}`,
  };
}

/**
 * The tools in a message: of an answer to `tools/list`, and of any message of the stream on which a server sends an answer once
 * more.
 */
export const shownTools: Offers = action => {
  const [, server] = /^([a-z0-9_]+)\.rpc\.(tools\.list|stream)$/.exec(action) ?? [];
  if (server === undefined) return null;
  return (message, hash) => {
    if (!isRecord(message)) return null;
    const { id = null, result = {} } = message;
    // For some clients it is a list as well: nobody gets it.
    if (respelled(message, ['result']) || (isRecord(result) && respelled(result, ['tools'])))
      return { entries: [null], only: () => ({ jsonrpc: '2.0', id, result: { tools: [] } }) };
    if (!isRecord(result) || !Array.isArray(result.tools)) return null;
    const tools = result.tools as readonly Value[];
    const named = tools.map(tool => (isRecord(tool) && typeof tool.name === 'string' ? tool.name : null));
    return {
      entries: named.map(name =>
        name === null ? null : { ...toolAction(server, name, hash), parameters: { tool: name }, unknown: ['*'] },
      ),
      only: shown => ({ ...message, result: { ...result, tools: tools.filter((_, i) => shown[i] === true) } }),
    };
  };
};
