/** SDKs at a limit that is renewed much later: they say so at once, and don't try again by themselves. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { World } from '../world.js';
import { agent, behind, decided, gateway, openPlace } from './place.js';

const actions: Readonly<Record<string, string>> = {
  octokit: 'github.issue.list',
  stripe: 'stripe.charge.get',
  slack: 'slack.message.post',
  openai: 'openai.model.get',
  anthropic: 'anthropic.model.get',
};
let world: World;

before(async () => {
  const connectors = Object.values(actions).map(action => action.split('.', 1)[0]!);
  const settings = connectors.map(name => ({ place: ['--connector', name], secret: 'canary-0123456789abcdef' }));
  world = await openPlace(settings, {
    answer: (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end('{"ok":true}');
    },
  });
  const permission = ['permissions', 'set', '--gateway', gateway, '--effect', 'allow', '--rate', '1/day'];
  for (const action of Object.values(actions)) await world.ok([...permission, '--action', action]);
});
after(() => world.close());

for (const [name, action] of Object.entries(actions)) {
  test(`${name} shows at once that a limit is reached`, async () => {
    const before = world.received.length;
    const { code, stdout, stderr } = await behind(world, [...agent('limited'), name]);
    assert.equal(code, 0, stderr);
    const { refusal } = JSON.parse(stdout) as { refusal: string | null };
    assert.match(refusal ?? 'it took the refusal for a success', /1\/day/);
    assert.equal(world.received.length - before, 1);
    assert.equal(await decided(world, action), 2);
  });
}
