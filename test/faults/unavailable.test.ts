import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type RawAnswer, send, startAgent } from '../http/agent.js';
import { openWorld, runProgram, type World, type WorldOptions } from '../world.js';
import { entries } from './ledger.js';

/** `env` is for the first command, which makes the vault. */
async function within(
  options: WorldOptions,
  work: (world: World) => Promise<void>,
  env: Record<string, string> = {},
): Promise<void> {
  const world = await openWorld(options);
  try {
    await world.ok(['gateway', 'create', 'agent'], { env });
    await world.ok(['gateway', 'create', 'other']);
    await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', 'github.*', '--effect', 'allow']);
    await work(world);
  } finally {
    await world.close();
  }
}

const get = (n: number): string => `GET /repos/acme/site/issues?n=${n} HTTP/1.1\r\nHost: api.github.com\r\n\r\n`;
const code = ({ body }: RawAnswer): string => (JSON.parse(body) as { code: string }).code;

// The limit of a process's files stands for a full disk: writes fail as they do there, and only for that process.
const hasPrlimit = (await runProgram('prlimit', ['--version']).catch(() => ({ code: 1 }))).code === 0;

test(
  "a log that can't grow answers 503, sends nothing, and stays so",
  { timeout: 60_000, skip: hasPrlimit ? false : 'prlimit is not installed' },
  () =>
    within({}, async world => {
      const agent = await startAgent(world, 'agent');
      assert.equal((await send(agent, get(0))).status, 200);
      const { proxy } = JSON.parse(await world.ok(['status', '--json'])) as { proxy: { pid: number } };
      const size = Math.max(
        ...['ledger.db', 'ledger.db-wal'].map(
          name => statSync(join(world.home, name), { throwIfNoEntry: false })?.size ?? 0,
        ),
      );
      const limit = (value: string) =>
        runProgram('prlimit', ['--pid', String(proxy.pid), `--fsize=${value}:unlimited`]);
      assert.equal((await limit(String(size))).code, 0);
      let refused: RawAnswer | null = null;
      let sent = 1;
      for (let n = 1; n < 200 && refused === null; n++) {
        const answer = await send(agent, get(n));
        if (answer.status === 200) sent += 1;
        else refused = answer;
      }
      assert.ok(refused, 'the log never became unavailable');
      assert.equal(refused.status, 503, refused.body);
      assert.equal(code(refused), 'log_unavailable');
      assert.match(refused.head, /\r\ntf-decision: error/i);
      assert.match(refused.head, /\r\nretry-after: /i);
      assert.equal(world.received.length, sent);

      // A failed write is never tried again: what is on disk can't be known any more.
      assert.equal((await limit('unlimited')).code, 0);
      assert.equal(code(await send(agent, get(1_000))), 'log_unavailable');
      assert.equal(
        (await world.tf(['permissions', 'set', '--gateway', 'agent', '--action', 'slack.*', '--effect', 'allow'])).code,
        1,
      );
      assert.equal((JSON.parse(await world.ok(['permissions', 'list', '--json'])) as unknown[]).length, 1);
      // What makes things stricter works nevertheless.
      assert.equal((await world.tf(['kill', 'agent'])).code, 0);
      assert.equal(code(await send(agent, get(1_001))), 'log_unavailable');
      const { healthy } = JSON.parse(await world.ok(['status', '--json'])) as { healthy: boolean };
      assert.equal(healthy, false);
      assert.match(await world.ok(['status']), /log +can't be written/);
      assert.equal(world.received.length, sent);
      agent.child.kill('SIGKILL');

      // The next proxy finds a log that is whole, and the kill still holds.
      await world.ok(['stop']);
      await world.ok(['audit', 'verify']);
      const { stdout } = await world.tf([
        'run',
        '--',
        'agent',
        'curl',
        '-sS',
        '-i',
        'https://api.github.com/repos/acme/site/issues',
      ]);
      assert.match(stdout, /tf-kill-switch: active/i);
      const allowed = (await entries(world)).filter(
        ({ type, decision }) => type === 'action.decided' && decision?.effect === 'allow',
      );
      assert.ok(allowed.length >= world.received.length);
    }),
);

test(
  'a locked vault answers 503 and nothing is sent; unlocked, the same request goes through',
  { timeout: 60_000 },
  () =>
    within(
      { config: 'vault: {key: passphrase}' },
      async world => {
        await world.ok(['secret', 'set', 'github-token', '--connector', 'github'], { input: 'ghs_0123456789abcdef' });
        await world.ok(['stop']);
        const agent = await startAgent(world, 'agent');
        const refused = await send(agent, get(1));
        assert.equal(refused.status, 503, refused.body);
        assert.equal(code(refused), 'vault_locked');
        assert.equal(world.received.length, 0);
        assert.match(await world.ok(['status']), /vault +locked/);
        const wrong = await world.tf(['secret', 'unlock'], { input: 'wrong\n' });
        assert.equal(wrong.code, 1, wrong.stderr);
        await world.ok(['secret', 'unlock'], { input: 'correct horse battery staple\n' });
        assert.equal((await send(agent, get(2))).status, 200);
        assert.equal(world.received.at(-1)?.headers.authorization, 'Bearer ghs_0123456789abcdef');
        await agent.end();
      },
      { TF_PASSPHRASE: 'correct horse battery staple' },
    ),
);

test('a secret of another gateway is not injected', { timeout: 60_000 }, () =>
  within({}, async world => {
    await world.ok(['secret', 'set', 'github-token', '--connector', 'github', '--gateway', 'other'], {
      input: 'ghs_0123456789abcdef',
    });
    const agent = await startAgent(world, 'agent');
    await send(agent, get(1));
    assert.equal(world.received.filter(({ headers }) => headers.authorization !== undefined).length, 0);
    await agent.end();
  }),
);
