/** An agent that asks a server for its tools, uses one, and tries one that it was not shown. */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { report } from './report.js';

const client = new Client({ name: 'agent', version: '1.0.0' });
const transport = new StreamableHTTPClientTransport(new URL(process.env.MCP_URL ?? ''));
await client.connect(transport as Transport);
const text = async (name: string, args: Record<string, unknown>): Promise<string> => {
  const { content } = await client.callTool({ name, arguments: args });
  return (content as { text: string }[])[0]!.text;
};
await report(
  async () => {
    const { tools } = await client.listTools();
    return {
      tools: tools.map(({ name }) => name),
      text: await text('create_issue', { project: 'OPS', title: 'Broken' }),
    };
  },
  () => text('delete_project', { project: 'OPS' }),
);
await transport.terminateSession();
await client.close();
