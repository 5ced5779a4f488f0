/** The Kubernetes client for Node.js, unmodified, behind its gateway, at a stand-in for the API server of one's own cluster. */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { after, before, test } from 'node:test';
import type { Received, World } from '../world.js';
import { agent, behind, decided, openPlace } from './place.js';

const token = 'eyJhbGciOiJSUzI1NiJ9.canary0123456789abcdef';
const reason = 'Agents have no shell, and nothing to do in kube-system.';
const pods = '/api/v1/namespaces/web/pods';
const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'job-1', namespace: 'web' } };
let world: World;

/** Says no to whoever has not the cluster's own token, as the API server does. */
function answer({ method, target, headers, body }: Received, response: ServerResponse): void {
  const known = headers.authorization === `Bearer ${token}`;
  const path = target.split('?', 1)[0];
  const answers: { readonly [request: string]: unknown } = {
    [`GET ${pods}`]: { apiVersion: 'v1', kind: 'PodList', metadata: {}, items: [pod] },
    [`POST ${pods}`]: method === 'POST' ? JSON.parse(body.toString()) : null,
    [`DELETE ${pods}/job-1`]: pod,
  };
  const found = known ? answers[`${method} ${path}`] : undefined;
  response.writeHead(known ? (found === undefined ? 404 : 200) : 401, { 'content-type': 'application/json' });
  response.end(JSON.stringify(found ?? { apiVersion: 'v1', kind: 'Status', status: 'Failure' }));
}

before(async () => {
  world = await openPlace(
    [
      {
        place: ['--connector', 'kubernetes'],
        secret: token,
        allow: ['kubernetes.pods.list', 'kubernetes.pods.create', 'kubernetes.pods.delete'],
        deny: { 'kubernetes.pods.exec.*': reason },
      },
    ],
    {
      answer,
      hosts: ['k8s.example.test:6443', 'upstream.test'],
      config: 'connectors:\n  kubernetes:\n    hosts:\n      prod: k8s.example.test:6443\n',
    },
  );
  const set = ['permissions', 'set', '--gateway', 'client-agent', '--action', 'kubernetes.*', '--effect', 'deny'];
  await world.ok([...set, '--resource', 'namespace:prod/kube-system', '--reason', reason]);
});
after(() => world.close());

for (const refused of ['exec', 'namespace']) {
  test(`the Kubernetes client lists, makes and deletes pods with a token that it does not have, and is refused by ${refused}`, async () => {
    const before = world.received.length;
    const { code, stdout, stderr } = await behind(world, agent('kubernetes'), { REFUSED: refused });
    assert.equal(code, 0, stderr);
    const { answer: got, refusal } = JSON.parse(stdout) as { answer: unknown; refusal: string };
    assert.deepEqual(got, ['job-1', 1, 'job-1']);
    const arrived = world.received.slice(before);
    assert.deepEqual(
      arrived.map(({ method, target }) => `${method} ${target.split('?', 1)[0]}`),
      [`POST ${pods}`, `GET ${pods}`, `DELETE ${pods}/job-1`],
    );
    assert.ok(arrived.every(({ headers }) => headers.authorization === `Bearer ${token}`));
    if (refused === 'namespace') assert.ok(refusal.includes(reason), refusal);
    else {
      // A WebSocket client tells the status of a refusal, and not what is in it.
      assert.match(refusal, /403/);
      assert.equal(await decided(world, 'kubernetes.pods.exec.create'), 1);
    }
  });
}
