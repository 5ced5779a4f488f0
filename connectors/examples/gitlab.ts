/** What requests to GitLab are. */
export default `
# https://docs.gitlab.com/api/rest/#namespaced-paths
GET /api/v4/projects/Acme%2FSite
  gitlab.project.get  read  project:acme/site
GET /api/v4/projects/42
  gitlab.project.get  read  project:42
PUT /api/v4/projects/acme%2Fweb%2Fsite {"visibility":"public"}
  gitlab.project.visibility  permissions  project:acme/web/site  visibility=public
DELETE /api/v4/projects/acme%2Fsite
  gitlab.project.delete  delete  project:acme/site

# https://docs.gitlab.com/api/merge_requests/
POST /api/v4/projects/acme%2Fsite/merge_requests {"source_branch":"fix","target_branch":"main","title":"x"}
  gitlab.mr.create  write  project:acme/site  source_branch=fix target_branch=main
PUT /api/v4/projects/acme%2Fsite/merge_requests/7/merge?squash=true
  gitlab.mr.merge  write  project:acme/site  iid=7 squash=true ?target_branch ?source_branch ?author ?draft ?merge_status
PUT /api/v4/projects/acme%2Fsite/merge_requests/7 {"state_event":"close"}
  gitlab.mr.close  write  project:acme/site  iid=7
POST /api/v4/projects/42/merge_requests/7/approve
  gitlab.mr.approve  permissions  project:42  iid=7

POST /api/v4/projects/acme%2Fsite/issues title=x&confidential=true
  gitlab.issue.create  write  project:acme/site  confidential=true
DELETE /api/v4/projects/acme%2Fsite/repository/branches/feature%2Fa
  gitlab.branch.delete  delete  project:acme/site  branch=feature/a
PUT /api/v4/projects/acme%2Fsite/repository/files/src%2Fmain.ts {"branch":"main","content":"x"}
  gitlab.file.update  write  project:acme/site  path=src/main.ts branch=main
GET /api/v4/projects/42/repository/files/README.md/raw?ref=main
  gitlab.file.raw  read  project:42  path=README.md ref=main
POST /api/v4/projects/42/pipeline?ref=main
  gitlab.pipeline.create  write  project:42  ref=main
POST /api/v4/projects/42/members {"user_id":7,"access_level":40}
  gitlab.member.add  permissions  project:42  user=7 access_level=40
POST /api/v4/groups/acme%2Fweb/variables {"key":"TOKEN","value":"x"}
  gitlab.variable.create  permissions  group:acme/web  key=TOKEN
# By the name that was generated.
POST /api/v4/projects/42/star
  gitlab.projects.star  write  project:42

# As somebody else.
GET /api/v4/projects/42?sudo=root
  gitlab.unclassified  permissions  host:gitlab.com  ?impersonation
GET /api/v4/projects/42
  Sudo: root
  gitlab.unclassified  permissions  host:gitlab.com  ?impersonation
# A number has no slash in it.
PUT /api/v4/projects/42/merge_requests/7%2Fmerge
  gitlab.unclassified  write  host:gitlab.com
GET /api/v4/projects/acme%2F..%2Fsite
  gitlab.unclassified  read  host:gitlab.com
GET /api/v4/projects/acme%252Fsite
  gitlab.unclassified  read  host:gitlab.com
GET /api/v4/projects/acme/site
  gitlab.unclassified  read  host:gitlab.com
`;
