/** SDKs that try again by themselves: approved meanwhile, what they ask for is done once, without a line of code. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Reader } from '../../src/log/index.js';
import { approvals } from '../approvals/pending.js';
import { until } from '../faults/waiting.js';
import type { World } from '../world.js';
import { agent, behind, gateway, openPlace } from './place.js';

interface Client {
  readonly connector: string;
  readonly action: string;
  readonly host: string;
  readonly sent: string;
  readonly prints: string;
}
const clients: Readonly<Record<string, Client>> = {
  octokit: {
    connector: 'github',
    action: 'github.pr.merge',
    host: 'api.github.com',
    sent: 'PUT /repos/acme/site/pulls/7/merge',
    prints: '200',
  },
  openai: {
    connector: 'openai',
    action: 'openai.file.delete',
    host: 'api.openai.com',
    sent: 'DELETE /v1/files/file-1',
    prints: 'true',
  },
  anthropic: {
    connector: 'anthropic',
    action: 'anthropic.batch.delete',
    host: 'api.anthropic.com',
    sent: 'DELETE /v1/messages/batches/batch_1',
    prints: '"batch_1"',
  },
  stripe: {
    connector: 'stripe',
    action: 'stripe.charge.create',
    host: 'api.stripe.com',
    sent: 'POST /v1/charges',
    prints: '4200',
  },
};

let world: World;
before(async () => {
  const settings = Object.values(clients).map(({ connector }) => ({
    place: ['--connector', connector],
    secret: 'canary-0123456789',
  }));
  const config = 'approvals: {hold: 2s}';
  world = await openPlace(settings, {
    config,
    answer(_, response) {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ id: 'batch_1', deleted: true, merged: true, amount: 4200, object: 'charge' }));
    },
  });
  for (const { action } of Object.values(clients))
    await world.ok(['permissions', 'set', '--gateway', gateway, '--action', action, '--effect', 'require_approval']);
});
after(() => world.close());

test('octokit, openai, anthropic and stripe wait for their approval with their own retries', async () => {
  const runs = Object.keys(clients).map(name => behind(world, [...agent('patient'), name]));
  // Approved once the SDK has come back: it was told "pending" before, and tries again by itself.
  const log = new Reader(join(world.home, 'ledger.db'));
  const asked = (wanted: string): number =>
    [...log.select({ type: type => type === 'action.decided', action: name => name === wanted })].length;
  await Promise.all(
    Object.values(clients).map(async ({ action }) => {
      await until(() => asked(action) >= 2);
      const { id } = (await approvals(world)).find(one => one.state === 'pending' && one.action.name === action)!;
      await world.ok(['approvals', 'approve', id]);
    }),
  );
  log.close();
  // The proxy itself looks the pull request up.
  for (const [i, [name, { host, sent, prints }]] of Object.entries(clients).entries()) {
    const { code, stdout, stderr } = await runs[i]!;
    assert.equal(code, 0, `${name}: ${stderr}`);
    assert.equal(stdout.trim(), prints);
    assert.deepEqual(
      world.received
        .filter(one => one.host === host && one.method !== 'GET')
        .map(({ method, target }) => `${method} ${target}`),
      [sent],
      name,
    );
  }
});
