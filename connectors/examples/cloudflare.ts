/** What Cloudflare's requests are. */
export default `
# https://developers.cloudflare.com/api/resources/dns/subresources/records/methods/create
POST /client/v4/zones/z1/dns_records {"type":"A","name":"www.acme.dev","content":"192.0.2.1","proxied":true}
  cloudflare.dns.record.create  write  zone:z1  type=A name=www.acme.dev proxied=true
DELETE /client/v4/zones/z1/dns_records/r1
  cloudflare.dns.record.delete  delete  zone:z1  dns_record_id=r1
POST /client/v4/zones/z1/dns_records/batch {"deletes":[{"id":"r1"}]}
  cloudflare.dns.record.batch  delete  zone:z1
POST /client/v4/zones/z1/purge_cache {"purge_everything":true}
  cloudflare.cache.purge  delete  zone:z1  purge_everything=true
# The same operation of a zone and of an account.
GET /client/v4/zones/z1/access/apps
  cloudflare.zero_trust.access.applications.list  list  zone:z1
GET /client/v4/accounts/a1/access/apps
  cloudflare.zero_trust.access.applications.list  list  account:a1
POST /client/v4/accounts/a1/members {"email":"x@acme.dev","status":"accepted"}
  cloudflare.accounts.members.create  permissions  account:a1  status=accepted
DELETE /client/v4/accounts/a1/workers/scripts/site
  cloudflare.workers.scripts.delete  delete  account:a1  script_name=site
POST /client/v4/unheard/of
  cloudflare.unclassified  write  host:api.cloudflare.com
`;
