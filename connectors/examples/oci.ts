/** Requests to OCI registries, and what they are. */
export default `
# https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#endpoints
GET https://ghcr.io/v2/
  oci.registry.check  read  host:ghcr.io
GET https://ghcr.io/v2
  oci.registry.check  read  host:ghcr.io
GET https://ghcr.io/v2/_catalog
  oci.image.list  list  host:ghcr.io
GET /v2/library/alpine/tags/list
  oci.tag.list  list  image:docker.io/library/alpine
GET /v2/library/alpine/manifests/3.20
  oci.manifest.get  read  image:docker.io/library/alpine  reference="3.20"
PUT https://ghcr.io/v2/acme/app/manifests/v1 {"schemaVersion":2}
  oci.manifest.put  write  image:ghcr.io/acme/app  reference=v1
DELETE https://ghcr.io/v2/acme/app/manifests/sha256:12ab
  oci.manifest.delete  delete  image:ghcr.io/acme/app  reference=sha256:12ab
GET https://ghcr.io/v2/acme/app/referrers/sha256:12ab
  oci.referrer.list  list  image:ghcr.io/acme/app  digest=sha256:12ab
GET https://1234.dkr.ecr.eu-west-1.amazonaws.com/v2/acme/app/blobs/sha256:12ab
  oci.blob.get  read  image:1234.dkr.ecr.eu-west-1.amazonaws.com/acme/app  digest=sha256:12ab
GET https://ghcr.io/v2/acme/app/blobs/sha256:12ab
  oci.blob.get  read  image:ghcr.io/acme/app  digest=sha256:12ab
DELETE https://ghcr.io/v2/acme/app/blobs/sha256:12ab
  oci.blob.delete  delete  image:ghcr.io/acme/app  digest=sha256:12ab
POST https://ghcr.io/v2/acme/app/blobs/uploads/
  oci.blob.upload  write  image:ghcr.io/acme/app
POST https://ghcr.io/v2/acme/app/blobs/uploads
  oci.blob.upload  write  image:ghcr.io/acme/app
POST https://ghcr.io/v2/acme/app/blobs/uploads/?mount=sha256:12ab&from=acme/base
  oci.blob.mount  write  image:ghcr.io/acme/app  digest=sha256:12ab from=acme/base
GET https://ghcr.io/v2/acme/app/blobs/uploads/up7f
  oci.blob.upload_status  read  image:ghcr.io/acme/app  session=up7f
PATCH https://ghcr.io/v2/acme/app/blobs/uploads/up7f "bytes"
  oci.blob.upload  write  image:ghcr.io/acme/app  session=up7f
PUT https://ghcr.io/v2/acme/app/blobs/uploads/up7f?digest=sha256:12ab "bytes"
  oci.blob.upload  write  image:ghcr.io/acme/app  session=up7f digest=sha256:12ab
DELETE https://ghcr.io/v2/acme/app/blobs/uploads/up7f
  oci.blob.cancel_upload  write  image:ghcr.io/acme/app  session=up7f
GET https://ghcr.io/v2/acme/app
  oci.unclassified  read  host:ghcr.io
GET https://auth.docker.io/token?service=registry.docker.io&scope=repository:library/alpine:pull
  oci.token.get  permissions  host:auth.docker.io  service=registry.docker.io scope=repository:library/alpine:pull
`;
