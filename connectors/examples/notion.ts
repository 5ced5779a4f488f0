/** What Notion's requests are. */
export default `
# https://developers.notion.com/reference/post-page
POST /v1/pages {"parent":{"page_id":"p1"},"properties":{"title":[{"text":{"content":"never shown to policy"}}]}}
  notion.page.create  write  page  page_id=p1
PATCH /v1/pages/p1 {"properties":{}}
  notion.page.update  write  page:p1
# https://developers.notion.com/reference/archive-a-page
PATCH /v1/pages/p1 {"in_trash":true}
  notion.page.trash  delete  page:p1  in_trash=true
PATCH /v1/pages/p1 {"archived":true}
  notion.page.trash  delete  page:p1  archived=true
PATCH /v1/pages/p1 {"in_trash":false}
  notion.page.restore  write  page:p1  in_trash=false
PATCH /v1/pages/p1 {"in_trash":"true"}
  notion.unclassified  write  host:api.notion.com  ?in_trash
PATCH /v1/blocks/b1/children {"children":[]}
  notion.block.append  write  block:b1
DELETE /v1/blocks/b1
  notion.block.delete  delete  block:b1
POST /v1/data_sources/d1/query {"page_size":10}
  notion.data_source.query  list  data_source:d1
POST /v1/oauth/token {"grant_type":"authorization_code","code":"never shown to policy"}
  notion.oauth_token  permissions  oauth  grant_type=authorization_code
POST /v1/unheard_of
  notion.unclassified  write  host:api.notion.com
`;
