/** What GitHub's requests are. */
export default String.raw`
# https://docs.github.com/rest/issues/issues
POST /repos/acme/site/issues {"title":"Broken link","labels":["bug"],"body":"never shown to policy"}
  github.issue.create  write  repo:acme/site  title="Broken link" labels=["bug"]
GET /repos/acme/site/issues?state=open
  github.issue.list  list  repo:acme/site  state=open
GET /repos/acme/site/issues?state=open&state=closed
  github.issue.list  list  repo:acme/site  ?state
PATCH /repos/acme/site/issues/7 {"state":"closed","state_reason":"not_planned"}
  github.issue.close  write  repo:acme/site  number=7 reason=not_planned
PATCH /repos/acme/site/issues/7 {"state":"open"}
  github.issue.reopen  write  repo:acme/site  number=7
PATCH /repos/acme/site/issues/7 {"title":"x"}
  github.issue.update  write  repo:acme/site  number=7 title=x
# Neither open nor closed, as far as anybody but GitHub can tell.
PATCH /repos/acme/site/issues/7 {"state":"Closed"}
  github.unclassified  write  host:api.github.com  ?state
PATCH /repos/acme/site/issues/7 {"state":"open","state":"closed"}
  github.unclassified  write  host:api.github.com  ?body
# The query may override the body.
PATCH /repos/acme/site/issues/7?state=closed {"title":"x"}
  github.unclassified  write  host:api.github.com  ?body
POST /repos/acme/site/issues {"title":"x","labels":[{"name":"bug"}]}
  github.issue.create  write  repo:acme/site  title=x ?labels

# https://docs.github.com/rest/pulls/pulls
POST /repos/acme/site/pulls {"title":"x","head":"agent/1","base":"main"}
  github.pr.create  write  repo:acme/site  title=x base=main head=agent/1
# Where a pull request goes to must be looked up.
PUT /repos/acme/site/pulls/7/merge {"merge_method":"squash"}
  github.pr.merge  write  repo:acme/site  number=7 merge_method=squash ?base ?head ?head_sha ?draft ?author ?checks
PUT /repos/acme/site/pulls/7/merge
  github.pr.merge  write  repo:acme/site  number=7 ?base ?head ?head_sha ?draft ?author ?checks
PUT /repos/acme/site/pulls/7/merge {"merge_method":"squash"}
  Content-Type: application/x-www-form-urlencoded
  github.pr.merge  write  repo:acme/site  number=7 merge_method=squash ?base ?head ?head_sha ?draft ?author ?checks
POST /repos/acme/site/pulls/7/reviews {"event":"APPROVE"}
  github.pr.review  write  repo:acme/site  number=7 event=APPROVE

# https://docs.github.com/rest/git/refs
DELETE /repos/acme/site/git/refs/heads/main
  github.branch.delete  delete  repo:acme/site  branch=main
DELETE /repos/acme/site/git/refs/heads/feature/x
  github.branch.delete  delete  repo:acme/site  branch=feature/x
DELETE /repos/acme/site/git/refs/heads/feature%2Fx
  github.branch.delete  delete  repo:acme/site  branch=feature/x
# As octokit writes it, and as curl's users do: GitHub takes both for the same.
DELETE /repos/acme/site/git/refs/heads%2Fmain
  github.branch.delete  delete  repo:acme/site  branch=main
GET /repos/acme/site/git/ref/heads%2Fmain
  github.branch.get  read  repo:acme/site  branch=main
DELETE /repos/acme/site/git/refs/notes%2Fcommits
  github.ref.delete  delete  repo:acme/site  ref=notes/commits
PATCH /repos/acme/site/git/refs/heads%2Fmain {"sha":"abc","force":"yes"}
  github.branch.update  write  repo:acme/site  branch=main sha=abc ?force
PATCH /repos/acme/site/git/refs/heads/main?force=true {"sha":"abc"}
  github.branch.update  write  repo:acme/site  branch=main sha=abc ?force
DELETE /repos/acme/site/git/refs/tags/v1.0
  github.tag.delete  delete  repo:acme/site  tag=v1.0
PATCH /repos/acme/site/git/refs/heads/main {"sha":"abc","force":true}
  github.branch.update  write  repo:acme/site  branch=main force=true sha=abc
POST /repos/acme/site/git/refs {"ref":"refs/heads/agent/1","sha":"abc"}
  github.ref.create  write  repo:acme/site  ref=refs/heads/agent/1 sha=abc
DELETE /repos/acme/site/branches/release/1.0/protection
  github.branch.unprotect  permissions  repo:acme/site  branch=release/1.0

# https://docs.github.com/rest/repos
GET /repos/Acme/Site
  github.repo.get  read  repo:acme/site
HEAD /repos/acme/site
  github.repo.get  read  repo:acme/site
DELETE /repos/acme/site
  github.repo.delete  delete  repo:acme/site
PATCH /repos/acme/site {"archived":true}
  github.repo.archive  write  repo:acme/site  archived=true
PATCH /repos/acme/site {"archived":true,"private":false}
  github.repo.visibility  permissions  repo:acme/site  private=false archived=true
PATCH /repos/acme/site {"description":"x"}
  github.repo.update  write  repo:acme/site
PUT /repos/acme/site/contents/docs/a.md {"branch":"main","message":"x","content":"eA=="}
  github.content.put  write  repo:acme/site  path=docs/a.md branch=main
PUT /repos/acme/site/collaborators/Eve {"permission":"admin"}
  github.collaborator.add  permissions  repo:acme/site  username=eve permission=admin
POST https://uploads.github.com/repos/acme/site/releases/9/assets?name=a.zip "PK"
  github.release.upload_asset  write  repo:acme/site  release=9 name=a.zip
POST /repos/acme/site/actions/workflows/ci.yml/dispatches {"ref":"main"}
  github.workflow.dispatch  write  repo:acme/site  workflow=ci.yml ref=main
PUT /repos/acme/site/actions/secrets/TOKEN {"encrypted_value":"x"}
  github.secret.set  permissions  repo:acme/site  name=TOKEN

# By its number: whose team it is, isn't told.
PATCH /teams/7 {"name":"core"}
  github.team.update  permissions  team:7  ?resource
DELETE /teams/7
  github.team.delete  permissions  team:7  ?resource
PUT /teams/7/members/Eve
  github.team.add_member  permissions  team:7  username=eve ?resource ?role
DELETE /teams/7/members/eve
  github.team.remove_member  permissions  team:7  username=eve ?resource
PUT /teams/7/memberships/eve {"role":"maintainer"}
  github.team.add_member  permissions  team:7  username=eve ?resource ?role
DELETE /teams/7/memberships/eve
  github.team.remove_member  permissions  team:7  username=eve ?resource
PUT /teams/7/repos/acme/site {"permission":"admin"}
  github.team.add_repo  permissions  repo:acme/site  ?team ?permission
DELETE /teams/7/repos/acme/site
  github.team.remove_repo  permissions  repo:acme/site  ?team

# Operations that only GitHub's own description names, and one that merges as soon as it can.
PUT /repos/acme/site/pulls/7/merge-async {"merge_method":"squash"}
  github.pr.merge  write  repo:acme/site  number=7 merge_method=squash ?base ?head ?head_sha ?draft ?author ?checks
POST /repos/acme/site/actions/runs/9/force-cancel
  github.actions.force_cancel_workflow_run  write  repo:acme/site  run_id=9
GET /repos/acme/site/actions/artifacts/9/zip
  github.artifact.download  read  repo:acme/site  artifact=9
POST /orgs/Acme/actions/runners/generate-jitconfig {"name":"r1","runner_group_id":1,"labels":["x"]}
  github.actions.generate_runner_jitconfig_for_org  permissions  org:acme  name=r1 runner_group_id=1

# What no route describes, or describes in two ways.
DELETE /repos/acme/site/
  github.unclassified  delete  host:api.github.com
DELETE /repos/acme/site.git
  github.unclassified  delete  host:api.github.com
DELETE /repos/acme%2Fsite
  github.unclassified  delete  host:api.github.com
DELETE /repos/acme/site;v=1
  github.unclassified  delete  host:api.github.com
POST /repos/acme/site/nothing
  github.unclassified  write  host:api.github.com
GET /repos/acme/site
  X-HTTP-Method-Override: DELETE
  github.unclassified  permissions  host:api.github.com  ?method
POST /repos/acme/site/issues/7/comments?_method=delete {"body":"x"}
  github.unclassified  permissions  host:api.github.com  ?method
GET http://api.github.com/repos/acme/site
  github.unclassified  read  host:api.github.com  ?authority

# https://docs.github.com/graphql
# A query string that can be read in two ways may hold another document.
POST /graphql?query=mutation{a};b {"query":"{ viewer { login } }"}
  github.unclassified  write  host:api.github.com  ?query
POST /graphql {"query":"query Me { viewer { login } }"}
  github.graphql.query.viewer  read  graphql:viewer  field=viewer operation=Me ?resource
# A repository that is named, as long as nothing leads out of it.
POST /graphql {"query":"query($o: String!) { repository(owner: $o, name: \"Site\") { pullRequest(number: 7) { title author { login } } } }","variables":{"o":"Acme"}}
  github.graphql.query.repository  read  repo:acme/site  owner=Acme name=Site field=repository
POST /graphql {"query":"{ repository(owner: \"acme\", name: \"site\") { owner { repositories(first: 9) { nodes { name } } } } }"}
  github.graphql.query.repository  read  repo:acme/site  owner=acme name=site field=repository ?resource
# The same deed as the REST action; what its node id stands for only GitHub knows.
POST /graphql {"query":"mutation { createIssue(input: {repositoryId: \"R_1\", title: \"x\", body: \"never shown\"}) { issue { url } } }"}
  github.issue.create  write  graphql:createIssue  repository_id=R_1 field=createIssue title=x ?body.value ?resource ?labels ?assignees
POST /graphql {"query":"query A { viewer { login } } mutation B { ...f } fragment f on Mutation { mergePullRequest(input: {pullRequestId: \"PR_1\", mergeMethod: SQUASH}) { a } }","operationName":"B"}
  github.pr.merge  write  graphql:mergePullRequest  pull_request_id=PR_1 field=mergePullRequest operation=B merge_method=squash ?resource ?number ?base ?head ?head_sha ?draft ?author ?checks
# It may be a branch, a tag or another ref: each is decided.
POST /graphql {"query":"mutation { viewer: deleteRef(input: {refId: \"x\"}) { clientMutationId } }"}
  github.branch.delete  delete  graphql:deleteRef  ref_id=x field=deleteRef ?resource ?ref ?branch ?tag
POST /graphql {"query":"mutation($i: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $i) { commit { oid } } }","variables":{"i":{"branch":{"repositoryNameWithOwner":"Acme/Site","branchName":"main"},"expectedHeadOid":"abc","message":{"headline":"x"},"fileChanges":{"additions":[{"path":"a.md","contents":"eA=="}]}}}}
  github.content.put  write  repo:acme/site  expected_head_oid=abc field=createCommitOnBranch branch=main path=a.md ?message ?file_changes
POST /graphql {"query":"mutation { updateEnterpriseProfile(input: {enterpriseId: \"E_1\", name: \"x\"}) { message } }"}
  github.graphql.mutation.update_enterprise_profile  write  graphql:updateEnterpriseProfile  enterprise_id=E_1 name=x field=updateEnterpriseProfile ?resource
POST /graphql {"query":"query A { viewer { login } } mutation B { a }"}
  github.unclassified  write  host:api.github.com
POST /graphql [{"query":"{ viewer { login } }"},{"query":"mutation { closeIssue(input: {}) { a } }"}]
  github.issue.close  write  graphql:closeIssue  field=closeIssue ?resource ?number
POST /graphql "{ viewer { login } }"
  Content-Type: application/graphql
  github.graphql.query.viewer  read  graphql:viewer  field=viewer ?resource
POST /graphql {"query":"{ viewer { login } }","extensions":{"persistedQuery":{"sha256Hash":"x"}}}
  github.unclassified  write  host:api.github.com

# https://git-scm.com/docs/http-protocol
GET https://github.com/Acme/site.git/info/refs?service=git-upload-pack
  github.git.fetch  read  repo:acme/site
GET https://github.com/acme/site.git/info/refs?service=git-receive-pack
  github.git.refs  read  repo:acme/site
GET https://github.com/acme/site.git/info/refs?service=git-upload-pack&service=git-receive-pack
  github.unclassified  read  host:github.com  ?service
POST https://github.com/acme/site/git-upload-pack "0000"
  github.git.fetch  read  repo:acme/site
# git asks whether it would be let in, before a push that is too long for one request.
POST https://github.com/acme/site.git/git-receive-pack "0000"
  github.git.refs  read  repo:acme/site
POST https://github.com/acme/site.git/git-receive-pack "what?"
  github.git.push  delete  repo:acme/site  ?refs ?ref ?creates ?updates ?deletes ?old ?new ?forced
POST https://github.com/acme/site.git/info/lfs/objects/batch {"operation":"download","objects":[]}
  github.git.lfs.download  read  repo:acme/site
POST https://github.com/acme/site.git/info/lfs/objects/batch {"operation":"upload","objects":[]}
  github.git.lfs.upload  write  repo:acme/site
GET https://raw.githubusercontent.com/acme/site/main/README.md
  github.content.get  read  repo:acme/site  path=main/README.md
GET https://codeload.github.com/acme/site/tar.gz/refs/heads/main
  github.content.archive  read  repo:acme/site  ref=refs/heads/main
`;
