/** GraphQL by real clients: what it does has the name of the same deed in the REST API, so that one permission is about both. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { World } from '../world.js';
import { agent, behind, decided, openPlace } from './place.js';

const reason = 'A person merges.';
const secret = 'ghs_canary0123456789abcdefABCDEF';
let world: World;

before(async () => {
  const settings = [
    { place: ['--connector', 'github'], secret, allow: ['github.issue.create', 'github.graphql.mutation'] },
    // By the name that the REST API's own description has for it.
    { deny: { 'github.pulls.merge': reason } },
  ];
  world = await openPlace(settings, {
    answer: (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ data: { createIssue: { issue: { number: 7 } } } }));
    },
  });
});
after(() => world.close());

test('octokit’s GraphQL opens an issue, and is refused a merge that only the REST name of it denies', async () => {
  const ran = await behind(world, agent('octokit-graphql'));
  assert.equal(ran.code, 0, ran.stderr);
  const { answer, refusal } = JSON.parse(ran.stdout) as { answer: unknown; refusal: string | null };
  assert.deepEqual(answer, { number: 7 });
  assert.ok(refusal?.includes(reason), refusal ?? 'it took the refusal for a success');
  assert.equal(world.received.length, 1);
  assert.equal(world.received[0]?.headers.authorization?.split(' ')[1], secret);
  assert.equal(await decided(world, 'github.pr.merge'), 1);
});
