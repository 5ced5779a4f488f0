/** What Anthropic's requests are. */
export default `
# https://docs.anthropic.com/en/api/messages
POST /v1/messages {"model":"claude-sonnet-4-5","max_tokens":1024,"messages":[{"role":"user","content":"never shown to policy"}]}
  anthropic.message.create  write  model:claude-sonnet-4-5  model=claude-sonnet-4-5 max_tokens=1024
POST /v1/messages {"model":"claude-sonnet-4-5","max_tokens":"1024"}
  anthropic.message.create  write  model:claude-sonnet-4-5  model=claude-sonnet-4-5 ?max_tokens
POST /v1/messages {"model":"claude-sonnet-4-5"
  anthropic.unclassified  write  host:api.anthropic.com  ?model
POST /v1/messages/count_tokens {"model":"claude-sonnet-4-5","messages":[]}
  anthropic.message.count_tokens  read  model:claude-sonnet-4-5  model=claude-sonnet-4-5
POST /v1/messages/batches {"requests":[]}
  anthropic.batch.create  write  batch
DELETE /v1/files/file_1
  anthropic.file.delete  delete  file:file_1
GET /v1/models
  anthropic.model.list  list  model
POST /v1/unheard_of
  anthropic.unclassified  write  host:api.anthropic.com
`;
