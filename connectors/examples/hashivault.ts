/** What requests to HashiCorp Vault or OpenBao are. Its hosts are the operator's own: `vault.example.com` here. */
export default `
# https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2
GET /v1/secret/data/team/db?version=2
  hashivault.kv.get  read  secret:main/secret/team/db  mount=secret secret=team/db
POST /v1/secret/data/team/db {"data":{"a":"b"}}
  hashivault.kv.put  write  secret:main/secret/team/db  mount=secret secret=team/db
PATCH /v1/secret/data/team/db {"data":{"a":"b"}}
  Content-Type: application/merge-patch+json
  hashivault.kv.patch  write  secret:main/secret/team/db  mount=secret secret=team/db
DELETE /v1/secret/data/team/db
  hashivault.kv.delete  delete  secret:main/secret/team/db  mount=secret secret=team/db
POST /v1/secret/delete/team/db {"versions":[1,2]}
  hashivault.kv.delete  delete  secret:main/secret/team/db  mount=secret secret=team/db versions=[1,2]
POST /v1/secret/undelete/team/db {"versions":[1]}
  hashivault.kv.undelete  write  secret:main/secret/team/db  mount=secret secret=team/db versions=[1]
PUT /v1/secret/destroy/team/db {"versions":[1]}
  hashivault.kv.destroy  delete  secret:main/secret/team/db  mount=secret secret=team/db versions=[1]
PUT /v1/secret/destroy/team/db {"versions":"1"}
  hashivault.kv.destroy  delete  secret:main/secret/team/db  mount=secret secret=team/db ?versions
GET /v1/secret/metadata/team/db
  hashivault.kv.metadata.get  read  secret:main/secret/team/db  mount=secret secret=team/db
DELETE /v1/secret/metadata/team/db
  hashivault.kv.metadata.delete  delete  secret:main/secret/team/db  mount=secret secret=team/db
LIST /v1/secret/metadata/team
  hashivault.kv.list  list  secret:main/secret/team  mount=secret secret=team
GET /v1/secret/metadata/?list=true
  hashivault.kv.list  list  secret:main/secret  mount=secret
GET /v1/secret/subkeys/team/db
  hashivault.kv.subkeys  read  secret:main/secret/team/db  mount=secret secret=team/db
# A mount may have several segments.
GET /v1/teams/web/data/db
  hashivault.kv.get  read  secret:main/teams/web/db  mount=teams/web secret=db
# Or the words of the engine in its name: both readings are decided.
DELETE /v1/teams/data/metadata/db
  hashivault.kv.delete  delete  secret:main/teams/metadata/db  mount=teams secret=metadata/db
GET /v1/secret/data/db
  X-Vault-Namespace: acme/web/
  hashivault.kv.get  read  secret:main/acme/web/secret/db  mount=secret secret=db namespace=acme/web
GET /v1/secret/data/db
  X-Vault-Wrap-TTL: 60s
  hashivault.kv.get  read  secret:main/secret/db  mount=secret secret=db wrapped=true

# https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v1
GET /v1/kv/db
  hashivault.kv.get  read  secret:main/kv/db  mount=kv secret=db
DELETE /v1/kv/db
  hashivault.kv.delete  delete  secret:main/kv/db  mount=kv secret=db
GET /v1/kv/?list=1
  hashivault.kv.list  list  secret:main/kv  mount=kv

# https://developer.hashicorp.com/vault/api-docs/system
GET /v1/sys/health
  hashivault.sys.health.read  read  path:main/sys/health  path=sys/health
GET /v1/sys/internal/ui/mounts/secret
  hashivault.sys.internal.read  read  path:main/sys/internal/ui/mounts/secret  path=sys/internal/ui/mounts/secret
POST /v1/sys/capabilities-self {"paths":["secret/data/db"]}
  hashivault.sys.capabilities_self.write  read  path:main/sys/capabilities-self  path=sys/capabilities-self
PUT /v1/sys/policies/acl/admin {"policy":"path \\"*\\" {}"}
  hashivault.sys.policies.write  permissions  path:main/sys/policies/acl/admin  path=sys/policies/acl/admin
DELETE /v1/sys/mounts/secret
  hashivault.sys.mounts.delete  permissions  path:main/sys/mounts/secret  path=sys/mounts/secret
GET /v1/sys/storage/raft/snapshot
  hashivault.sys.storage.read  permissions  path:main/sys/storage/raft/snapshot  path=sys/storage/raft/snapshot
POST /v1/sys/wrapping/unwrap {}
  hashivault.sys.wrapping.write  permissions  path:main/sys/wrapping/unwrap  path=sys/wrapping/unwrap
# https://developer.hashicorp.com/vault/api-docs/auth/token
GET /v1/auth/token/lookup-self
  hashivault.auth.token.lookup_self.read  read  path:main/auth/token/lookup-self  path=auth/token/lookup-self
POST /v1/auth/token/create {}
  hashivault.auth.token.create.write  permissions  path:main/auth/token/create  path=auth/token/create
POST /v1/auth/userpass/login/ada {"password":"x"}
  hashivault.auth.login.write  permissions  path:main/auth/userpass/login/ada  path=auth/userpass/login/ada
POST /v1/auth/approle/role/data/policies {}
  hashivault.auth.write  permissions  path:main/auth/approle/role/data/policies  path=auth/approle/role/data/policies
# In a namespace that stands in the path.
POST /v1/acme/auth/approle/role/data/policies {}
  hashivault.logical.write  permissions  path:main/acme/auth/approle/role/data/policies  path=acme/auth/approle/role/data/policies
# Other engines may be mounted anywhere, and give out credentials.
GET /v1/database/creds/readonly
  hashivault.logical.read  permissions  path:main/database/creds/readonly  path=database/creds/readonly

GET /v1/secret/data/a%2Fb
  hashivault.unclassified  read  host:vault.example.com
GET /v1/secret/data/a?list=true&list=false
  hashivault.unclassified  read  host:vault.example.com
GET /ui/
  hashivault.unclassified  read  host:vault.example.com
`;
