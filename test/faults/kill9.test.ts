import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { openTls, readAnswer, startAgent } from '../http/agent.js';
import { openWorld } from '../world.js';
import { entries } from './ledger.js';

/** How often the proxy is killed; more by TF_TEST_KILLS for a long run. */
const kills = Number(process.env.TF_TEST_KILLS ?? 25);

test(`kill -9 at ${kills} random moments under load: the log verifies, and no request is upstream without its allow`, {
  timeout: 20_000 + kills * 6_000,
}, async () => {
  const world = await openWorld();
  const agents: { end(): Promise<void> }[] = [];
  try {
    await world.ok(['gateway', 'create', 'agent']);
    await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', 'http.*', '--effect', 'allow']);
    const agent = await startAgent(world, 'agent');
    agents.push(agent);
    let over = false;
    let sent = 0;
    let answered = 0;
    /** Sends one request after the other, each with a path of its own, over connections that break. */
    const load = async (): Promise<void> => {
      while (!over) {
        try {
          const socket = await openTls(agent, { connect: 'upstream.test:443' });
          while (!over) {
            const answer = readAnswer(socket);
            socket.write(`GET /n/${++sent} HTTP/1.1\r\nHost: upstream.test\r\n\r\n`);
            if ((await answer).status !== 200) break;
            answered += 1;
          }
          socket.destroy();
        } catch {
          await new Promise(resolve => setTimeout(resolve, 5));
        }
      }
    };
    const loads = Array.from({ length: 8 }, load);
    const failures: string[] = [];
    for (let i = 0; i < kills; i++) {
      const before = answered;
      while (answered < before + 5) await new Promise(resolve => setTimeout(resolve, 5));
      const { proxy } = JSON.parse(await world.ok(['status', '--json'])) as { proxy: { pid: number } };
      await new Promise(resolve => setTimeout(resolve, randomInt(0, 60)));
      process.kill(proxy.pid, 'SIGKILL');
      const verified = await world.tf(['audit', 'verify']);
      if (verified.code !== 0)
        failures.push(`after kill ${i + 1}: ${verified.code} ${verified.stdout}${verified.stderr}`);
    }
    over = true;
    await Promise.all(loads);
    assert.deepEqual(failures, []);
    await world.ok(['audit', 'verify']);
    const allowed = new Set(
      (await entries(world))
        .filter(({ type, decision }) => type === 'action.decided' && decision?.effect === 'allow')
        .map(({ request }) => request?.path),
    );
    assert.ok(world.received.length > kills, `only ${world.received.length} requests arrived`);
    assert.deepEqual(
      world.received.filter(({ target }) => !allowed.has(target)).map(({ target }) => target),
      [],
    );
    const targets = world.received.map(({ target }) => target);
    assert.equal(new Set(targets).size, targets.length, 'a request was sent twice');
  } finally {
    await Promise.all(agents.map(agent => agent.end()));
    await world.close();
  }
});
