/** What requests to an Okta organisation are, called \`main\` here. */
export default `
# https://developer.okta.com/docs/api/openapi/okta-management/management/tag/User/
GET /api/v1/users?limit=20
  okta.user.list  list  user
POST /api/v1/users?activate=false {"profile":{"login":"ada@acme.dev"}}
  okta.user.create  write  user  activate=false
POST /api/v1/users {"profile":{"login":"ada@acme.dev"},"groupIds":["g1"]}
  okta.user.create  permissions  user  groups=["g1"]
GET /api/v1/users/ada%40acme.dev
  okta.user.get  read  user:ada@acme.dev
POST /api/v1/users/00u1 {"profile":{"title":"x"}}
  okta.user.update  write  user:00u1
POST /api/v1/users/00u1 {"credentials":{"password":{"value":"x"}}}
  okta.user.set_credentials  permissions  user:00u1
DELETE /api/v1/users/00u1?sendEmail=true
  okta.user.delete  delete  user:00u1  send_email=true
POST /api/v1/users/00u1/lifecycle/deactivate?sendEmail=false
  okta.user.deactivate  permissions  user:00u1  send_email=false
POST /api/v1/users/00u1/lifecycle/suspend
  okta.user.suspend  permissions  user:00u1
POST /api/v1/users/00u1/lifecycle/reset_factors
  okta.user.factor.reset  permissions  user:00u1
DELETE /api/v1/users/00u1/sessions?oauthTokens=true
  okta.user.revoke_sessions  permissions  user:00u1  oauth_tokens=true
POST /api/v1/users/00u1/roles {"type":"SUPER_ADMIN"}
  okta.user.role.add  permissions  user:00u1  role=SUPER_ADMIN
PUT /api/v1/groups/00g1/users/00u1
  okta.group.member.add  permissions  group:00g1  user="00u1"
DELETE /api/v1/groups/00g1
  okta.group.delete  delete  group:00g1
POST /api/v1/apps/0oa1/lifecycle/deactivate
  okta.app.deactivate  permissions  app:0oa1
GET /api/v1/logs?since=2026-01-01
  okta.log.list  list  log
# By the name that was generated.
GET /api/v1/policies/00p1/rules
  okta.list_policy_rules  list  policy:00p1
POST /api/v1/users/00u1/lifecycle/frobnicate
  okta.unclassified  write  host:acme.okta.com
`;
