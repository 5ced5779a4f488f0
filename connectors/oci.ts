/**
 * OCI registries: images and other artifacts. https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md
 * Resources are images with their registry, as people write them: `image:ghcr.io/acme/app`.
 */
import type { Access, Connector, Meaning, Reader, RequestView } from '../src/model.js';

/** The name under which people know a registry's host. */
const registryOf = ({ instance }: RequestView): string =>
  instance === 'registry-1.docker.io' || instance === 'index.docker.io' ? 'docker.io' : instance;

const about =
  (action: string, access: Access, parameters: (request: RequestView) => Meaning['parameters'] = () => ({})): Reader =>
  (request, { name, ...path }) => ({
    action,
    access,
    ...(action.endsWith('.delete') && { hints: ['destructive'] }),
    resource: `image:${registryOf(request)}/${name}`,
    parameters: { ...path, ...parameters(request) },
    // To a mirror it names the registry that the image is of (containerd's hosts.toml).
    ...(request.query.some(([key]) => key === 'ns') && { unknown: ['resource'] }),
  });

/** What the specification lets a name be. */
const imageName = /^[a-z0-9]+(?:(?:[._]|__|-+|\/)[a-z0-9]+)*$/;

const argument = ({ query }: RequestView, name: string): string | undefined => {
  const found = query.filter(([key]) => key === name);
  return found.length === 1 ? found[0]![1] : undefined;
};

/** An upload begins, is done in one request (`digest`), or is a blob of another image that is known already (`mount`). */
const startUpload: Reader = (request, path) => {
  const start = about('blob.upload', 'write')(request, path, null) as Meaning;
  if (!request.query.some(([name]) => name === 'mount')) return start;
  const digest = argument(request, 'mount');
  const given = argument(request, 'from');
  const from = given !== undefined && imageName.test(given) ? given : undefined;
  const parameters = { ...(digest !== undefined && { digest }), ...(from !== undefined && { from }) };
  const unknown = request.query.some(([name]) => name === 'from') && from === undefined ? ['from'] : [];
  const mount = { ...start, action: 'blob.mount', parameters, unknown: [...unknown, ...(start.unknown ?? [])] };
  if (unknown.length === 0 && from === undefined) return mount;
  // Whoever mounts a blob reads it, too.
  const get = { action: 'blob.get', access: 'read' } as const;
  return [
    mount,
    from === undefined
      ? { ...get, resource: 'image', unknown: ['resource'] }
      : { ...get, resource: `image:${registryOf(request)}/${from}`, unknown: start.unknown ?? [] },
  ];
};

const image = '/v2/{name+}';

export const oci = {
  name: 'oci',
  hosts: [
    ...['registry-1.docker.io', 'index.docker.io', 'ghcr.io', 'quay.io', 'mcr.microsoft.com', 'public.ecr.aws'],
    ...['registry.gitlab.com', 'registry.k8s.io', '*.gcr.io', 'gcr.io', '*.pkg.dev', '*.azurecr.io'],
    '*.dkr.ecr.*.amazonaws.com',
  ],
  configurable: true,
  credentials: { scheme: 'registry', placeholder: 'tfplaceholder' },
  // What clients of registries print (distribution-spec, "Error Codes").
  refusal: ({ detail, next = '' }) => ({ body: { errors: [{ code: 'DENIED', message: `${detail} ${next}`.trim() }] } }),
  routes: {
    'GET /v2/': { action: 'registry.check', access: 'read' },
    'GET /v2': { action: 'registry.check', access: 'read' },
    'GET /v2/_catalog': { action: 'image.list', access: 'list' },
    [`GET ${image}/tags/list`]: about('tag.list', 'list'),
    [`GET ${image}/manifests/{reference}`]: about('manifest.get', 'read'),
    [`PUT ${image}/manifests/{reference}`]: about('manifest.put', 'write'),
    [`DELETE ${image}/manifests/{reference}`]: about('manifest.delete', 'delete'),
    [`GET ${image}/referrers/{digest}`]: about('referrer.list', 'list'),
    [`GET ${image}/blobs/{digest}`]: about('blob.get', 'read'),
    [`DELETE ${image}/blobs/{digest}`]: about('blob.delete', 'delete'),
    [`POST ${image}/blobs/uploads/`]: startUpload,
    [`POST ${image}/blobs/uploads`]: startUpload,
    [`GET ${image}/blobs/uploads/{session}`]: about('blob.upload_status', 'read'),
    [`PATCH ${image}/blobs/uploads/{session}`]: about('blob.upload', 'write'),
    [`PUT ${image}/blobs/uploads/{session}`]: about('blob.upload', 'write', request => {
      const digest = argument(request, 'digest');
      return digest === undefined ? {} : { digest };
    }),
    [`DELETE ${image}/blobs/uploads/{session}`]: about('blob.cancel_upload', 'write'),
  },
} satisfies Connector;

/** Where Docker's registry hands out tokens, for who asks for them by themselves. https://distribution.github.io/distribution/spec/auth/token/ */
export const dockerAuth = {
  name: 'oci',
  hosts: ['auth.docker.io'],
  routes: {
    'GET /token': {
      action: 'token.get',
      access: 'permissions',
      parameters: { service: 'query.service as string', scope: 'query.scope as string' },
    },
    'POST /token': { action: 'token.get', access: 'permissions', parameters: { scope: 'body#/scope as string' } },
  },
} satisfies Connector;
