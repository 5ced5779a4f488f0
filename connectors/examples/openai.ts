/** What OpenAI's requests are. */
export default String.raw`
# https://platform.openai.com/docs/api-reference/chat/create
POST /v1/chat/completions {"model":"gpt-5","stream":true,"max_completion_tokens":400,"messages":[{"role":"user","content":"never shown to policy"}]}
  openai.chat.create  write  model:gpt-5  model=gpt-5 stream=true max_completion_tokens=400
# Which model it is can't be told, so neither can the resource.
POST /v1/chat/completions {"model":"gpt-5","model":"gpt-5-pro"}
  openai.unclassified  write  host:api.openai.com  ?model
POST /v1/chat/completions {"model":"gpt-5","max_tokens":1e400}
  openai.chat.create  write  model:gpt-5  model=gpt-5 ?max_tokens
POST /v1/responses {"model":"gpt-5","input":"x"}
  openai.response.create  write  model:gpt-5  model=gpt-5
POST /v1/embeddings {"model":"text-embedding-3-small","input":"x"}
  openai.embedding.create  write  model:text-embedding-3-small  model=text-embedding-3-small
POST /v1/files "--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nfine-tune\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jsonl\"\r\nContent-Type: application/jsonl\r\n\r\n{}\r\n--b--\r\n"
  Content-Type: multipart/form-data; boundary=b
  openai.file.create  write  file  purpose=fine-tune
POST /v1/files "--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nfine-tune\r\n--b--\r\n"
  Content-Type: multipart/form-data; boundary=b; boundary=c
  openai.file.create  write  file  ?purpose
DELETE /v1/files/file-1
  openai.file.delete  delete  file:file-1
GET /v1/models
  openai.model.list  list  model
POST /v1/organization/admin_api_keys {"name":"x"}
  openai.api_key.create  permissions  api_key
POST /v1/unheard_of
  openai.unclassified  write  host:api.openai.com
`;
