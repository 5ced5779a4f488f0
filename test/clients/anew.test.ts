/** Clients that sign anew, or pack anew, each time they try: what is approved is the same request still. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { approvals, pending } from '../approvals/pending.js';
import { entries } from '../faults/ledger.js';
import { until } from '../faults/waiting.js';
import type { World } from '../world.js';
import { agent, behind, gateway, openPlace } from './place.js';

const region = 'eu-central-1';
let world: World;
before(async () => {
  const aws = JSON.stringify({ access_key_id: 'AKIAIOSFODNN7EXAMPLE', secret_access_key: 'canary-0123456789' });
  const settings = [
    { place: ['--connector', 'aws'], secret: aws },
    { place: ['--connector', 'openai'], secret: 'canary-0123456789' },
  ];
  world = await openPlace(settings, {
    // What is bound has to come from the worker to its parent whole.
    config: 'approvals: {hold: 1s}\nworkers: 2\n',
    hosts: ['api.openai.com', `reports.s3.${region}.amazonaws.com`],
    answer: (_, response) =>
      void response.writeHead(200, { etag: '"e"', 'content-type': 'application/json' }).end('{"id":"file-1"}'),
  });
  for (const action of ['aws.*', 'openai.*'])
    await world.ok(['permissions', 'set', '--gateway', gateway, '--action', action, '--effect', 'require_approval']);
});
after(() => world.close());

const completed = async (): Promise<number> =>
  (await entries(world)).filter(({ type }) => type === 'action.completed').length;

for (const [verb, path] of [
  ['delete', '/old'],
  ['put', '/new'],
  ['upload', '/v1/files'],
] as const)
  test(`an SDK that sends other bytes at each try has its ${verb} redeemed by a later one, once`, async () => {
    const before = await completed();
    const run = behind(world, [...agent('anew'), verb], { AWS_REGION: region });
    const { id } = await pending(world, path);
    // Told "pending" once before: what is redeemed is another try.
    await until(async () => (await completed()) > before);
    await until(async () => (await approvals(world)).some(one => one.id === id && one.state === 'pending'));
    await world.ok(['approvals', 'approve', id]);
    const { code, stderr } = await run;
    assert.equal(code, 0, stderr);
    assert.equal((await approvals(world)).filter(({ request }) => request?.path === path).length, 1);
    assert.equal(world.received.filter(({ target }) => target.startsWith(path)).length, 1);
  });
