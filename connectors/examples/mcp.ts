/** What MCP's requests are. */
export default `
# https://modelcontextprotocol.io/specification/2025-06-18/server/tools
POST /mcp {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"create_issue","arguments":{"project":"OPS","priority":2,"description":"never shown"}}}
  mcp.jira.create_issue  write  server:jira  project=OPS priority=2 tool=create_issue ?description
POST /mcp {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"deleteIssue","arguments":{"key":"OPS-1","labels":["x"]}}}
  mcp.jira.delete_issue__camel  delete  server:jira  tool=deleteIssue ?key ?labels
# Another tool than create_issue.
POST /mcp {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"create-issue"}}
  mcp.jira.create_issue__kebab  write  server:jira  tool=create-issue
POST /mcp {"jsonrpc":"2.0","id":1,"method":"tools/list"}
  mcp.jira.rpc.tools.list  list  server:jira
POST /mcp {"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}
  mcp.jira.rpc.initialize  read  server:jira
POST /mcp {"jsonrpc":"2.0","method":"notifications/initialized"}
  mcp.jira.rpc.notifications.initialized  read  server:jira
POST /mcp {"jsonrpc":"2.0","id":2,"method":"resources/read","params":{"uri":"file:///srv/notes.txt"}}
  mcp.jira.rpc.resources.read  read  server:jira  uri=file:///srv/notes.txt
POST /mcp {"jsonrpc":"2.0","id":2,"method":"prompts/get","params":{"name":"review"}}
  mcp.jira.rpc.prompts.get  read  server:jira  prompt=review
POST /mcp {"jsonrpc":"2.0","id":2,"method":"logging/setLevel","params":{"level":"debug"}}
  mcp.jira.rpc.logging.set_level  write  server:jira
# What the client answers when the server asks it something.
POST /mcp {"jsonrpc":"2.0","id":3,"result":{"role":"assistant"}}
  mcp.jira.rpc.response  write  server:jira
# Of a batch the strictest part comes first.
POST /mcp [{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"drop_table"}}]
  mcp.jira.drop_table  delete  server:jira  tool=drop_table
GET /mcp
  Accept: text/event-stream
  mcp.jira.rpc.stream  read  server:jira
DELETE /mcp
  Mcp-Session-Id: 7
  mcp.jira.rpc.end_session  delete  server:jira

# What can't be read in one way only.
POST /mcp {"jsonrpc":"2.0","id":1,"method":"ping","Method":"tools/call"}
  mcp.unclassified  write  host:mcp.example.com
POST /mcp {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ping","Name":"drop_table"}}
  mcp.unclassified  write  host:mcp.example.com
POST /mcp {"id":1,"method":"tools/call","params":{"name":"ping"}}
  mcp.unclassified  write  host:mcp.example.com
POST /mcp []
  mcp.unclassified  write  host:mcp.example.com
GET /mcp
  mcp.unclassified  read  host:mcp.example.com
`;
