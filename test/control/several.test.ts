/** A request that would do several things: whoever approves it, looks for it or is refused it, is told all of them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Agent, type RawAnswer, send, startAgent } from '../http/agent.js';
import { openWorld, type World } from '../world.js';

let world: World;
let agent: Agent;

before(async () => {
  world = await openWorld({ config: 'approvals: {hold: 100ms}' });
  await world.ok(['gateway', 'create', 'agent']);
  const set = (action: string, effect: string): Promise<string> =>
    world.ok(['permissions', 'set', '--gateway', 'agent', '--action', action, '--effect', effect]);
  await set('github.*', 'allow');
  await set('github.pr.merge', 'require_approval');
  await set('github.pr.reopen', 'deny');
  agent = await startAgent(world, 'agent');
});
after(async () => {
  await agent?.end();
  await world.close();
});

const ask = (...fields: readonly string[]): Promise<RawAnswer> => {
  const body = JSON.stringify({ query: `mutation { ${fields.join(' ')} }` });
  const head = `Host: api.github.com\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`;
  return send(agent, `POST /graphql HTTP/1.1\r\n${head}\r\n\r\n${body}`, { connect: 'api.github.com:443' });
};
const comment = 'addComment(input: {subjectId: "I_1", body: "x"}) { clientMutationId }';
const merge = 'mergePullRequest(input: {pullRequestId: "PR_1", mergeMethod: SQUASH}) { clientMutationId }';
const close = 'closePullRequest(input: {pullRequestId: "PR_2"}) { clientMutationId }';

test('an approver sees every action of a request that has several, with what each is about, and why it waits', async () => {
  const { status, body } = await ask(comment, merge, close);
  assert.equal(status, 503, body);
  assert.match(body, /github\.issue\.comment, github\.pr\.\w+, github\.pr\.\w+ wait for approval/);
  const { id } = (JSON.parse(body) as { approval: { id: string } }).approval;
  const shown = await world.ok(['approvals', 'show', id]);
  for (const part of ['github.issue.comment (write)', 'github.pr.merge (write)', 'github.pr.close (write)'])
    assert.ok(shown.includes(part), shown);
  assert.match(shown, /pull_request_id="PR_1"/);
  assert.match(shown, /pull_request_id="PR_2"/);
  assert.match(shown, /why +Of the 3 actions in this request, github\.pr\.merge/);
  assert.match(await world.ok(['approvals', 'list']), /github\.\S+, github\.\S+, github\.\S+ /);
});

test('what a request does besides is in its line of the log, and is found by its name', async () => {
  await ask(comment, merge);
  for (const action of ['github.issue.comment', 'github.pr.merge']) {
    const lines = await world.ok(['logs', '--action', action, '--last', '1']);
    assert.match(lines, /github\.issue\.comment/);
    assert.match(lines, /github\.pr\.merge/);
  }
});

test('a refusal names the action that it is for', async () => {
  const { status, body } = await ask(comment, 'reopenPullRequest(input: {pullRequestId: "PR_1"}) { clientMutationId }');
  const { detail, next } = JSON.parse(body) as { readonly detail: string; readonly next: string };
  assert.equal(status, 403);
  assert.match(detail, /^Of the 2 actions in this request, github\.pr\.reopen on graphql:reopenPullRequest: /);
  assert.match(next, /allow github\.\S+, github\.\S+ for agent/);
});

test('a request that is refused before it is decided is in the log with all that it would do', async () => {
  const placeholder = 'ghp_tfplaceholder0000000000000000000000';
  await ask(comment.replace('"x"', `"${placeholder}"`), merge);
  const entry = JSON.parse(await world.ok(['logs', '--json', '--last', '1'])) as {
    action: { name: string };
    also: { action: { name: string } }[];
    decision: { rule: string };
  };
  assert.equal(entry.decision.rule, 'placeholder');
  assert.deepEqual([entry.action, ...entry.also.map(({ action }) => action)].map(({ name }) => name).sort(), [
    'github.issue.comment',
    'github.pr.merge',
  ]);
});
