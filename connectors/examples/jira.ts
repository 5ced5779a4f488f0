/** What requests to Jira Cloud are, of a site that is called \`main\` here. */
export default `
# https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/
POST /rest/api/3/issue {"fields":{"project":{"key":"WEB"},"issuetype":{"name":"Bug"},"summary":"x"}}
  jira.issue.create  write  issue  project=WEB issue_type=Bug
GET /rest/api/3/issue/WEB-7
  jira.issue.get  read  issue:WEB-7
GET /rest/api/2/issue/WEB-7
  jira.issue.get  read  issue:WEB-7
PUT /rest/api/3/issue/WEB-7?notifyUsers=false {"fields":{"summary":"x"}}
  jira.issue.update  write  issue:WEB-7  notify_users=false
POST /rest/api/3/issue/WEB-7/transitions {"transition":{"id":"31"}}
  jira.issue.transition  write  issue:WEB-7  transition="31"
DELETE /rest/api/3/issue/WEB-7?deleteSubtasks=true
  jira.issue.delete  delete  issue:WEB-7  delete_subtasks=true
POST /rest/api/3/bulk/issues/delete {"selectedIssueIdsOrKeys":["WEB-7","WEB-8"]}
  jira.issue.bulk_delete  delete  issue  issues=["WEB-7","WEB-8"]
PUT /rest/api/3/issue/WEB-7/assignee {"accountId":"5b10"}
  jira.issue.assign  write  issue:WEB-7  account_id="5b10"
POST /rest/api/3/issue/WEB-7/comment {"body":{}}
  jira.comment.create  write  issue:WEB-7
GET /rest/api/3/search/jql?jql=project%3DWEB
  jira.issue.search  list  issue
DELETE /rest/api/3/project/WEB?enableUndo=true
  jira.project.delete  delete  project:WEB
POST /rest/api/3/project/WEB/role/10002 {"user":["5b10"]}
  jira.project.role.add  permissions  project:WEB  role="10002"
DELETE /rest/api/3/user?accountId=5b10
  jira.user.delete  permissions  user  account_id="5b10"
# By the names that were generated.
POST /rest/api/3/issue/bulkfetch {"issueIdsOrKeys":["WEB-7"]}
  jira.bulk_fetch_issues  read  issue
POST /rest/agile/1.0/sprint {"name":"x","originBoardId":5}
  jira.agile.create_sprint  write  sprint  name=x origin_board_id=5
DELETE /rest/servicedeskapi/organization/1
  jira.service_desk.delete_organization  permissions  organization:1
GET /rest/api/latest/issue/WEB-7
  jira.unclassified  read  host:acme.atlassian.net
DELETE /rest/api/3/issue/WEB-7%2Fcomment%2F1
  jira.unclassified  delete  host:acme.atlassian.net
`;
