/** A request that is held for an approval: a run that is not what it was gets nothing by the yes that comes then. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { entries } from '../faults/ledger.js';
import { until } from '../faults/waiting.js';
import { type Agent, send } from '../http/agent.js';
import { openWorld } from '../world.js';

const post = 'POST /pay HTTP/1.1\r\nHost: upstream.test\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}';

for (const workers of [1, 2])
  test(`a script that is changed while its request is held sends nothing, with ${workers} to carry requests`, async () => {
    const world = await openWorld({ config: `approvals: {hold: 40s, expire: 10m}\nworkers: ${workers}\n` });
    try {
      await world.ok(['gateway', 'create', 'agent']);
      const rule = ['--gateway', 'agent', '--action', 'http.post', '--effect', 'require_approval'];
      await world.ok(['permissions', 'set', ...rule]);
      const script = join(world.dir, 'agent.mjs');
      writeFileSync(script, 'console.log(JSON.stringify(process.env)); process.stdin.resume();');
      const child = world.start(['run', '--name', 'agent', '--', process.execPath, script]);
      const [line] = (await once(child.stdout!, 'data')) as [Buffer];
      const env = JSON.parse(line.toString()) as Record<string, string>;
      const { port, username, password } = new URL(env.HTTPS_PROXY!);
      const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
      const agent = { port: Number(port), authorization, ca: readFileSync(env.SSL_CERT_FILE!) } as Agent;
      const answered = send(agent, post, { connect: 'upstream.test:443' });
      let waiting: { id: string }[] = [];
      await until(async () => {
        waiting = JSON.parse(await world.ok(['approvals', 'list', '--json'])) as { id: string }[];
        return waiting.length === 1;
      });
      appendFileSync(script, '\n// and one thing more\n');
      await world.ok(['approvals', 'approve', waiting[0]!.id]);
      const { status, body } = await answered;
      assert.equal(status, 403);
      assert.match(body, /"code":"binding_void"/);
      assert.equal(world.received.length, 0);
      await until(async () => (await entries(world)).some(({ decision }) => decision?.rule === 'binding'));
      child.stdin!.end();
      await once(child, 'exit');
    } finally {
      await world.close();
    }
  });
