/** SDKs whose request is deferred: none takes the 202 for the result, and none sends it again. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { World } from '../world.js';
import { agent, behind, decided, gateway, openPlace } from './place.js';

/** What each does, and what it prints of an answer in which nothing is what it looks for; null: it throws what is said. */
const clients = {
  octokit: ['github', 'github.pr.merge', '202'],
  openai: ['openai', 'openai.file.delete', 'undefined'],
  anthropic: ['anthropic', 'anthropic.batch.delete', 'undefined'],
  stripe: ['stripe', 'stripe.charge.create', null],
} as const;

let world: World;
before(async () => {
  const settings = Object.values(clients).map(([connector]) => ({
    place: ['--connector', connector],
    secret: 'canary-0123456789',
  }));
  world = await openPlace(settings, { config: 'defer: {window: 1h}' });
  for (const [, action] of Object.values(clients))
    await world.ok(['permissions', 'set', '--gateway', gateway, '--action', action, '--effect', 'defer']);
});
after(() => world.close());

test('octokit, openai, anthropic and stripe send what is deferred once, and take it for no result', async () => {
  const names = Object.keys(clients) as (keyof typeof clients)[];
  const runs = await Promise.all(names.map(name => behind(world, [...agent('patient'), name])));
  for (const [i, name] of names.entries()) {
    const [, action, prints] = clients[name];
    if (prints === null) assert.match(runs[i]!.stderr, /StripeAPIError: .* will be done at .* \(dfr_\w+\)/);
    else assert.equal(runs[i]!.stdout.trim(), prints, `${name}: ${runs[i]!.stderr}`);
    assert.equal(await decided(world, action), 1, name);
  }
  // Facts about a pull request are looked up with GET.
  assert.deepEqual(
    world.received.filter(({ method }) => method !== 'GET'),
    [],
  );
});
