/** What Linear's requests are. */
export default String.raw`
# https://linear.app/developers/graphql
POST /graphql {"query":"mutation($input: IssueCreateInput!) { issueCreate(input: $input) { success issue { id } } }","variables":{"input":{"teamId":"9cfb482a","title":"Login fails","description":"never shown","stateId":"s1","priority":2}}}
  linear.issue.create  write  team:9cfb482a  team_id="9cfb482a" state_id=s1 priority=2 field=issueCreate ?title ?description
POST /graphql {"query":"mutation { issueUpdate(id: \"ENG-7\", input: { stateId: \"s2\" }) { success } }"}
  linear.issue.update  write  issue:ENG-7  id=ENG-7 state_id=s2 field=issueUpdate
POST /graphql {"query":"mutation { issueDelete(id: \"ENG-7\", permanentlyDelete: true) { success } }"}
  linear.issue.delete  delete  issue:ENG-7  id=ENG-7 permanently_delete=true field=issueDelete
POST /graphql {"query":"mutation { commentCreate(input: { issueId: \"i1\", body: \"never shown\" }) { success } }"}
  linear.comment.create  write  issue:i1  issue_id=i1 field=commentCreate ?body.value
# It updates a project; what is written about a project's progress is a project_update.
POST /graphql {"query":"mutation { projectUpdate(id: \"p1\", input: { name: \"Q3\" }) { success } }"}
  linear.project.update  write  project:p1  id=p1 name=Q3 field=projectUpdate
POST /graphql {"query":"mutation { userChangeRole(id: \"u1\", role: admin) { success } }"}
  linear.user.change_role  permissions  user:u1  id=u1 role=admin field=userChangeRole
POST /graphql {"query":"{ issues(first: 20) { nodes { id } } }"}
  linear.issue.list  list  graphql:issues  first=20 field=issues ?resource
# From an issue a query goes on to whatever else its token may read.
POST /graphql {"query":"{ issue(id: \"ENG-7\") { team { organization { users { nodes { email } } } } } }"}
  linear.issue.get  read  issue:ENG-7  id=ENG-7 field=issue ?resource
POST /graphql {"query":"{ viewer { id } }"}
  linear.graphql.query.viewer  read  graphql:viewer  field=viewer ?resource
POST /graphql {"query":"{ __schema { types { name } } }"}
  linear.graphql.introspection  read  graphql:__schema  field=__schema
POST /graphql {"query":"subscription { issueCreated { id } }"}
  linear.unclassified  write  host:api.linear.app
`;
