/**
 * What is known of Kubernetes' own resources: which groups are its own, which objects lie in no namespace, and which
 * change who may do what. https://kubernetes.io/docs/reference/kubernetes-api/
 */
import type { Access, Hint } from '../../src/model.js';

/** The groups that come with Kubernetes; resources of all others are named with their group. */
export const ownGroups: ReadonlySet<string> = new Set([
  '',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'apiregistration.k8s.io',
  'apps',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'coordination.k8s.io',
  'discovery.k8s.io',
  'events.k8s.io',
  'extensions',
  'flowcontrol.apiserver.k8s.io',
  'internal.apiserver.k8s.io',
  'networking.k8s.io',
  'node.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'resource.k8s.io',
  'scheduling.k8s.io',
  'storage.k8s.io',
  'storagemigration.k8s.io',
]);

/** Resources of Kubernetes' own that lie in no namespace. */
export const clusterWide: ReadonlySet<string> = new Set([
  'apiservices',
  'certificatesigningrequests',
  'clusterrolebindings',
  'clusterroles',
  'clustertrustbundles',
  'componentstatuses',
  'csidrivers',
  'csinodes',
  'customresourcedefinitions',
  'deviceclasses',
  'devicetaintrules',
  'flowschemas',
  'ingressclasses',
  'ipaddresses',
  'mutatingadmissionpolicies',
  'mutatingadmissionpolicybindings',
  'mutatingwebhookconfigurations',
  'namespaces',
  'nodes',
  'persistentvolumes',
  'priorityclasses',
  'prioritylevelconfigurations',
  'resourceclasses',
  'resourceslices',
  'runtimeclasses',
  'selfsubjectaccessreviews',
  'selfsubjectreviews',
  'selfsubjectrulesreviews',
  'servicecidrs',
  'storageclasses',
  'storageversionmigrations',
  'storageversions',
  'subjectaccessreviews',
  'tokenreviews',
  'validatingadmissionpolicies',
  'validatingadmissionpolicybindings',
  'validatingwebhookconfigurations',
  'volumeattachments',
  'volumeattributesclasses',
]);

/** Who changes these changes what somebody may do, or what is let in. */
const powers =
  /^(serviceaccounts|(cluster)?role(binding)?s|certificatesigningrequests|clustertrustbundles|apiservices|networkpolicies|(mutating|validating)(webhookconfigurations|admissionpolic(ies|ybindings)))$/;

/**
 * Subresources through which one acts with the rights of a pod, a node or an account. What passes through exec, attach,
 * portforward and proxy afterwards is seen by nobody, and a pod has its tokens and secrets within reach.
 */
export const passages: ReadonlySet<string> = new Set([
  'exec',
  'attach',
  'portforward',
  'proxy',
  'ephemeralcontainers',
  'token',
  'approval',
]);

/** Reviews are asked with a create, but make nothing. */
const questions = /^(self|local)?subject(access|rules)?reviews$|^tokenreviews$/;

const usual: { readonly [verb: string]: Access } = {
  get: 'read',
  list: 'list',
  watch: 'list',
  delete: 'delete',
  deletecollection: 'delete',
};

/** How much harm a verb can do to a resource of Kubernetes' own (`own`), or to one of another group. */
export function accessOf(own: boolean, resource: string, subresource: string | null, verb: string): Access {
  const access = usual[verb] ?? 'write';
  if (subresource !== null && passages.has(subresource)) return 'permissions';
  if (subresource === 'eviction' || (resource === 'namespaces' && subresource === 'finalize')) return 'delete';
  if (!own) return access;
  // A Secret that is read can be used.
  if (resource === 'secrets') return 'permissions';
  if (questions.test(resource) && verb === 'create') return 'read';
  return powers.test(resource) && access !== 'read' && access !== 'list' ? 'permissions' : access;
}

/** What goes with these doesn't come back: everything in a namespace, data of volumes, objects of a kind. */
const forGood = new Set(['namespaces', 'persistentvolumes', 'persistentvolumeclaims', 'customresourcedefinitions']);

/** What is lost with a verb. */
export function hintsOf(own: boolean, resource: string, subresource: string | null, verb: string): readonly Hint[] {
  if (subresource !== null)
    return subresource === 'eviction' || (resource === 'namespaces' && subresource === 'finalize')
      ? ['destructive']
      : [];
  if (verb !== 'delete' && verb !== 'deletecollection') return [];
  return own && forGood.has(resource) ? ['destructive', 'irreversible'] : ['destructive'];
}
