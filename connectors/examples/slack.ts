/** What Slack's requests are. */
export default `
# https://docs.slack.dev/reference/methods/chat.postMessage
POST /api/chat.postMessage {"channel":"C1","text":"never shown to policy"}
  slack.message.post  write  channel:C1  channel=C1
POST /api/chat.postMessage channel=C1&text=hello
  slack.message.post  write  channel:C1  channel=C1
GET /api/chat.postMessage?channel=C1&text=hello
  slack.message.post  write  channel:C1  channel=C1
# An argument in two places: nobody knows which channel it is.
POST /api/chat.postMessage?channel=C1 channel=C2&text=hello
  slack.unclassified  write  host:slack.com  ?channel
POST /api/chat.postMessage channel=C1&channel=C2
  slack.unclassified  write  host:slack.com  ?channel
POST /api/chat.postMessage {"channel":["C1"]}
  slack.unclassified  write  host:slack.com  ?channel
POST /api/chat.delete channel=C1&ts=1700000000.000100
  slack.message.delete  delete  channel:C1  channel=C1 ts="1700000000.000100"
GET /api/conversations.history?channel=C1
  slack.channel.history  read  channel:C1  channel=C1
POST /api/conversations.invite {"channel":"C1","users":"U1,U2"}
  slack.channel.invite  permissions  channel:C1  channel=C1 users=U1,U2
POST /api/auth.test
  slack.auth.test  read  host:slack.com
POST /api/admin.users.remove {"team_id":"T1","user_id":"U1"}
  slack.admin.users.remove  permissions  workspace  team_id=T1 user_id=U1
GET /api/admin.conversations.search
  slack.admin.conversations.search  list  workspace
# Administration by a method that is newer than the table.
POST /api/admin.brand.new
  slack.admin.call  permissions  workspace  method=admin.brand.new
GET /api/admin.brand.new
  slack.admin.call  permissions  workspace  method=admin.brand.new
POST /api/canvases.access.set {"canvas_id":"F1","access_level":"write","user_ids":["U1"]}
  slack.canvases.access.set  permissions  canvas:F1  canvas_id=F1 access_level=write
POST /api/brand.new.method
  slack.unclassified  write  host:slack.com
`;
