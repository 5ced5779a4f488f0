/** What requests to Microsoft Graph about a directory are. */
export default `
# https://learn.microsoft.com/graph/api/user-list
GET /v1.0/users?$filter=accountEnabled%20eq%20true
  entra.user.list  list  user
POST /v1.0/users {"accountEnabled":true,"userPrincipalName":"ada@acme.dev","passwordProfile":{"password":"x"}}
  entra.user.create  write  user
GET /v1.0/users/Ada%40acme.dev
  entra.user.get  read  user:ada@acme.dev
GET /v1.0/users('ada@acme.dev')/memberOf/microsoft.graph.group
  entra.user.memberof  list  user:ada@acme.dev
PATCH /v1.0/users/u1 {"jobTitle":"x","department":"y"}
  entra.user.update  write  user:u1  fields=["jobtitle","department"]
PATCH /v1.0/users/u1 {"accountEnabled":false}
  entra.user.disable  permissions  user:u1
PATCH /beta/users/u1 {"AccountEnabled":true}
  entra.user.enable  permissions  user:u1
# Two things at once: each is decided.
PATCH /v1.0/users/u1 {"accountEnabled":false,"jobTitle":"x"}
  entra.user.disable  permissions  user:u1
PATCH /v1.0/users/u1 {"passwordProfile":{"password":"x"}}
  entra.user.reset_password  permissions  user:u1
PATCH /v1.0/users/u1 {"userPrincipalName":"eve@acme.dev"}
  entra.user.sign_in.set  permissions  user:u1
DELETE /v1.0/users/u1
  entra.user.delete  delete  user:u1
POST /v1.0/users/u1/revokeSignInSessions
  entra.user.revoke_sessions  permissions  user:u1
POST /v1.0/users/u1/microsoft.graph.getMemberGroups {"securityEnabledOnly":true}
  entra.user.memberships  read  user:u1
GET /v1.0/me
  entra.user.get  read  user:me  ?resource

# https://learn.microsoft.com/graph/api/group-post-members
POST /v1.0/groups/g1/members/$ref {"@odata.id":"https://graph.microsoft.com/v1.0/directoryObjects/U1"}
  entra.group.member.add  permissions  group:g1  member=u1
DELETE /v1.0/groups/g1/members/u1/$ref
  entra.group.member.remove  permissions  group:g1  id=u1
PATCH /v1.0/groups/g1 {"members@odata.bind":["https://graph.microsoft.com/v1.0/directoryObjects/u1"]}
  entra.group.member.add  permissions  group:g1
PATCH /v1.0/groups/g1 {"membershipRule":"user.department -eq 1"}
  entra.group.membership_rule.set  permissions  group:g1
# Without $ref it would delete the user.
DELETE /v1.0/groups/g1/members/u1
  entra.unclassified  delete  host:graph.microsoft.com
DELETE /v1.0/groups/g1
  entra.group.delete  delete  group:g1
PATCH /v1.0/devices/d1 {"accountEnabled":false}
  entra.device.disable  permissions  device:d1
POST /v1.0/applications/a1/addPassword {"passwordCredential":{"displayName":"x"}}
  entra.application.add_password  permissions  application:a1
POST /v1.0/servicePrincipals/s1/appRoleAssignedTo {}
  entra.service_principal.assigned.create  permissions  service_principal:s1
DELETE /v1.0/directory/deletedItems/u1
  entra.deleted_item.delete  delete  directory  id=u1
POST /v1.0/roleManagement/directory/roleAssignments {"principalId":"u1"}
  entra.role_assignment.create  permissions  directory

# https://learn.microsoft.com/graph/json-batching
POST /v1.0/$batch {"requests":[{"id":"1","method":"GET","url":"/users/u1"},{"id":"2","method":"DELETE","url":"users/u2"}]}
  entra.user.delete  delete  user:u2
POST /v1.0/$batch {"requests":[{"id":"1","method":"GET","url":"/users/u1"},{"id":"2","method":"GET","url":"/drives/x"}]}
  entra.unclassified  permissions  host:graph.microsoft.com  ?batch
POST /v1.0/$batch {"requests":[]}
  entra.unclassified  write  host:graph.microsoft.com
PATCH /v1.0/users/u1 {"accountEnabled":"false"}
  entra.unclassified  write  host:graph.microsoft.com
GET /v1.0/users(userPrincipalName='ada@acme.dev')
  entra.unclassified  read  host:graph.microsoft.com
GET /v1.0/drives/x
  entra.unclassified  read  host:graph.microsoft.com
`;
