/** An agent that looks after pods: lists, makes and deletes one, and would like a shell in it. */
import { CoreV1Api, Exec, KubeConfig } from '@kubernetes/client-node';
import { report } from './report.js';

const config = new KubeConfig();
// As in a kubeconfig of its own: a cluster behind a proxy, and a token.
config.loadFromOptions({
  clusters: [{ name: 'prod', server: 'https://k8s.example.test:6443', proxyUrl: process.env.HTTPS_PROXY }],
  users: [{ name: 'agent', token: 'tfplaceholder' }],
  contexts: [{ name: 'prod', cluster: 'prod', user: 'agent' }],
  currentContext: 'prod',
});
const api = config.makeApiClient(CoreV1Api);
const namespace = 'web';

await report(
  async () => {
    const made = await api.createNamespacedPod({ namespace, body: { metadata: { name: 'job-1' } } });
    const { items } = await api.listNamespacedPod({ namespace });
    const gone = await api.deleteNamespacedPod({ namespace, name: 'job-1' });
    return [made.metadata?.name, items.length, gone.metadata?.name];
  },
  process.env.REFUSED === 'exec'
    ? () =>
        new Promise((_, reject) => {
          const shell = new Exec(config).exec(namespace, 'job-1', 'main', ['sh'], null, null, null, true);
          shell.then(() => reject(new Error('it has a shell')), reject);
        })
    : () => api.deleteNamespacedPod({ namespace: 'kube-system', name: 'dns-0' }),
);
