/** What requests to a Kubernetes API server are. */
export default `
# https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
GET /api/v1/namespaces/web/pods
  kubernetes.pods.list  list  namespace:kubernetes.default.svc/web  namespace=web api_group="" api_version=v1 resource=pods verb=list dry_run=false
GET /api/v1/namespaces/web/pods?watch=1
  kubernetes.pods.watch  list  namespace:kubernetes.default.svc/web  namespace=web api_group="" api_version=v1 resource=pods verb=watch dry_run=false
GET /api/v1/watch/namespaces/web/pods
  kubernetes.pods.watch  list  namespace:kubernetes.default.svc/web  namespace=web api_group="" api_version=v1 resource=pods verb=watch dry_run=false
# In all namespaces: a denial for any of them counts.
GET /api/v1/pods
  kubernetes.pods.list  list  cluster:kubernetes.default.svc  api_group="" api_version=v1 resource=pods verb=list dry_run=false ?resource
GET /api/v1/namespaces/web/pods/api-0
  kubernetes.pods.get  read  namespace:kubernetes.default.svc/web  namespace=web name=api-0 api_group="" api_version=v1 resource=pods verb=get dry_run=false
GET /api/v1/namespaces/web/pods/api-0/log?follow=true
  kubernetes.pods.log.get  read  namespace:kubernetes.default.svc/web  namespace=web name=api-0 api_group="" api_version=v1 resource=pods subresource=log verb=get dry_run=false
POST /api/v1/namespaces/web/pods {"metadata":{"name":"api-1"}}
  kubernetes.pods.create  write  namespace:kubernetes.default.svc/web  namespace=web name=api-1 api_group="" api_version=v1 resource=pods verb=create dry_run=false
DELETE /api/v1/namespaces/web/pods/api-0
  kubernetes.pods.delete  delete  namespace:kubernetes.default.svc/web  namespace=web name=api-0 api_group="" api_version=v1 resource=pods verb=delete dry_run=false
DELETE /api/v1/namespaces/web/pods?labelSelector=app%3Dapi
  kubernetes.pods.deletecollection  delete  namespace:kubernetes.default.svc/web  namespace=web api_group="" api_version=v1 resource=pods verb=deletecollection dry_run=false
DELETE /api/v1/namespaces/web/pods/api-0?dryRun=All
  kubernetes.pods.delete  delete  namespace:kubernetes.default.svc/web  namespace=web name=api-0 api_group="" api_version=v1 resource=pods verb=delete dry_run=true
# The server reads the options of a delete from its body, and then not from the query.
DELETE /api/v1/namespaces/web/pods/api-0?dryRun=All {"gracePeriodSeconds":0}
  kubernetes.pods.delete  delete  namespace:kubernetes.default.svc/web  namespace=web name=api-0 api_group="" api_version=v1 resource=pods verb=delete dry_run=false
DELETE /api/v1/namespaces/web/pods/api-0 {"dryRun":["All"]}
  kubernetes.pods.delete  delete  namespace:kubernetes.default.svc/web  namespace=web name=api-0 api_group="" api_version=v1 resource=pods verb=delete dry_run=true
POST /api/v1/namespaces/web/pods/api-0/exec?command=sh&stdin=true
  kubernetes.pods.exec.create  permissions  namespace:kubernetes.default.svc/web  namespace=web name=api-0 api_group="" api_version=v1 resource=pods subresource=exec verb=create dry_run=false
GET /api/v1/namespaces/web/pods/api-0/exec?command=sh
  kubernetes.pods.exec.create  permissions  namespace:kubernetes.default.svc/web  namespace=web name=api-0 api_group="" api_version=v1 resource=pods subresource=exec verb=create dry_run=false
POST /api/v1/namespaces/web/pods/api-0/eviction {"metadata":{"name":"api-0"}}
  kubernetes.pods.eviction.create  delete  namespace:kubernetes.default.svc/web  namespace=web name=api-0 api_group="" api_version=v1 resource=pods subresource=eviction verb=create dry_run=false
GET /api/v1/namespaces/web/services/https:api:443/proxy/admin/
  kubernetes.services.proxy.get  permissions  namespace:kubernetes.default.svc/web  namespace=web name=https:api:443 api_group="" api_version=v1 resource=services subresource=proxy verb=get dry_run=false
POST /api/v1/nodes/n1/proxy/run/web/api-0/app
  kubernetes.nodes.proxy.create  permissions  cluster:kubernetes.default.svc  name=n1 api_group="" api_version=v1 resource=nodes subresource=proxy verb=create dry_run=false

# https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/deployment-v1/
PATCH /apis/apps/v1/namespaces/web/deployments/api/scale {"spec":{"replicas":0}}
  Content-Type: application/merge-patch+json
  kubernetes.deployments.scale.patch  write  namespace:kubernetes.default.svc/web  namespace=web name=api api_group=apps api_version=v1 resource=deployments subresource=scale verb=patch dry_run=false
PUT /apis/apps/v1/namespaces/web/deployments/api/status {}
  kubernetes.deployments.status.update  write  namespace:kubernetes.default.svc/web  namespace=web name=api api_group=apps api_version=v1 resource=deployments subresource=status verb=update dry_run=false
# Server-side apply makes what isn't there: it is a patch and a create, and the stricter decision counts.
PATCH /apis/apps/v1/namespaces/web/deployments/api?fieldManager=ci&force=true {"kind":"Deployment"}
  Content-Type: application/apply-patch+yaml
  kubernetes.deployments.patch  write  namespace:kubernetes.default.svc/web  namespace=web name=api api_group=apps api_version=v1 resource=deployments verb=patch dry_run=false apply=true

# https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/
DELETE /api/v1/namespaces/web
  kubernetes.namespaces.delete  delete  namespace:kubernetes.default.svc/web  namespace=web name=web api_group="" api_version=v1 resource=namespaces verb=delete dry_run=false
PUT /api/v1/namespaces/web/finalize {}
  kubernetes.namespaces.finalize.update  delete  namespace:kubernetes.default.svc/web  namespace=web name=web api_group="" api_version=v1 resource=namespaces subresource=finalize verb=update dry_run=false
GET /api/v1/nodes
  kubernetes.nodes.list  list  cluster:kubernetes.default.svc  api_group="" api_version=v1 resource=nodes verb=list dry_run=false
GET /api/v1/namespaces/web/secrets/db
  kubernetes.secrets.get  permissions  namespace:kubernetes.default.svc/web  namespace=web name=db api_group="" api_version=v1 resource=secrets verb=get dry_run=false
POST /api/v1/namespaces/web/serviceaccounts/ci/token {}
  kubernetes.serviceaccounts.token.create  permissions  namespace:kubernetes.default.svc/web  namespace=web name=ci api_group="" api_version=v1 resource=serviceaccounts subresource=token verb=create dry_run=false
POST /apis/rbac.authorization.k8s.io/v1/clusterrolebindings {"metadata":{"name":"all"}}
  kubernetes.clusterrolebindings.create  permissions  cluster:kubernetes.default.svc  name=all api_group=rbac.authorization.k8s.io api_version=v1 resource=clusterrolebindings verb=create dry_run=false
DELETE /apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode
  kubernetes.clusterroles.delete  permissions  cluster:kubernetes.default.svc  name=system:node api_group=rbac.authorization.k8s.io api_version=v1 resource=clusterroles verb=delete dry_run=false
POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews {}
  kubernetes.selfsubjectaccessreviews.create  read  cluster:kubernetes.default.svc  api_group=authorization.k8s.io api_version=v1 resource=selfsubjectaccessreviews verb=create dry_run=false
# Of another group, named with it.
DELETE /apis/cert-manager.io/v1/namespaces/web/certificates/tls
  kubernetes.certificates_cert_manager_io.delete  delete  namespace:kubernetes.default.svc/web  namespace=web name=tls api_group=cert-manager.io api_version=v1 resource=certificates verb=delete dry_run=false
GET /apis
  kubernetes.discovery.get  read  cluster:kubernetes.default.svc
GET /apis/apps/v1/
  kubernetes.discovery.get  read  cluster:kubernetes.default.svc
GET /version
  kubernetes.version.get  read  cluster:kubernetes.default.svc
GET /readyz
  kubernetes.health.get  read  cluster:kubernetes.default.svc

# As somebody else.
GET /api/v1/namespaces/web/pods
  Impersonate-User: system:admin
  kubernetes.unclassified  permissions  host:kubernetes.default.svc  ?impersonate
# Which of the two the server takes for the name isn't certain.
GET /api/v1/namespaces/web/pods/api-0%2Fexec
  kubernetes.unclassified  read  host:kubernetes.default.svc
POST /api/v1/namespaces/web/services/api/proxy/a%2Fb
  kubernetes.unclassified  write  host:kubernetes.default.svc
GET /debug/pprof/heap
  kubernetes.unclassified  read  host:kubernetes.default.svc
`;
