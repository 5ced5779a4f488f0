/** Requests to npm's registry, and what they are. */
export default `
# https://github.com/npm/registry/blob/main/docs/REGISTRY-API.md
GET /left-pad
  npm.package.get  read  package:left-pad
GET /@acme%2fapp
  npm.package.get  read  package:@acme/app
GET /@acme/app/1.2.3
  npm.package.get  read  package:@acme/app  version="1.2.3"
GET /@acme/app/-/app-1.2.3.tgz
  npm.tarball.get  read  package:@acme/app  file=app-1.2.3.tgz
GET /-/v1/search?text=pad
  npm.package.search  list  host:npm.example.com
POST /-/npm/v1/security/advisories/bulk {"left-pad":["1.0.0"]}
  npm.package.audit  read  host:npm.example.com

# npm publish, npm deprecate, npm owner, npm unpublish
PUT /@acme%2fapp {"_id":"@acme/app","access":"public","dist-tags":{"latest":"1.2.3"},"versions":{"1.2.3":{}},"_attachments":{"app-1.2.3.tgz":{"data":"…"}}}
  npm.package.publish  write  package:@acme/app  version="1.2.3" versions=["1.2.3"] tags=["latest"] access=public
PUT /@acme%2fapp {"_id":"@acme/app","versions":{"1.2.3":{"deprecated":"no more"}}}
  npm.package.update  write  package:@acme/app  versions=["1.2.3"]
PUT /@acme%2fapp "not JSON"
  npm.package.publish  write  package:@acme/app  ?version ?versions ?tags ?access
PUT /@acme%2fapp/-rev/3-abc {"_id":"@acme/app","maintainers":[{"name":"eve"}]}
  npm.owner.set  permissions  package:@acme/app
PUT /@acme%2fapp/-rev/3-abc {"_id":"@acme/app","versions":{"1.2.2":{}}}
  npm.package.unpublish  delete  package:@acme/app  versions=["1.2.2"]
DELETE /@acme%2fapp/-/app-1.2.3.tgz/-rev/3-abc
  npm.package.unpublish  delete  package:@acme/app  file=app-1.2.3.tgz
DELETE /@acme%2fapp/-rev/3-abc
  npm.package.unpublish  delete  package:@acme/app  whole=true

PUT /-/package/@acme%2fapp/dist-tags/latest "\\"1.2.3\\""
  npm.dist_tag.set  write  package:@acme/app  tag=latest
DELETE /-/package/@acme%2fapp/dist-tags/beta
  npm.dist_tag.delete  delete  package:@acme/app  tag=beta
POST /-/package/@acme%2fapp/access {"access":"public"}
  npm.access.set  permissions  package:@acme/app
GET /-/whoami
  npm.user.whoami  read  host:npm.example.com
PUT /-/user/org.couchdb.user:eve {"name":"eve"}
  npm.user.login  permissions  host:npm.example.com  user=eve
POST /-/npm/v1/tokens {"readonly":true}
  npm.token.create  permissions  host:npm.example.com
PUT /-/org/acme/user {"user":"eve","role":"owner"}
  npm.org.set_member  permissions  host:npm.example.com  org=acme

# Two readings, or none.
GET /a%2fb
  npm.unclassified  read  host:npm.example.com
GET /@acme
  npm.unclassified  read  host:npm.example.com
DELETE /left-pad
  npm.unclassified  delete  host:npm.example.com
POST /-/npm/v1/whatever {}
  npm.unclassified  write  host:npm.example.com
`;
