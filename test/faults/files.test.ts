/** Files: what happens when the proxy may open no more of them (EMFILE): who is inside is served, and it recovers. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTls, readAnswer, send, startAgent } from '../http/agent.js';
import { openWorld, tfProgram, type World } from '../world.js';

const get = 'GET /repos/acme/site/issues/7 HTTP/1.1\r\nHost: api.github.com\r\n\r\n';
const skip =
  spawnSync('sh', ['-c', 'ulimit -n 200 && ls /proc/self/fd']).status === 0 ? false : 'needs Linux and a shell';

/** A proxy that may have 200 files open, and a thousand connections that say nothing. */
async function crowded(config: string, then: (world: World, pid: number, silent: readonly Socket[]) => Promise<void>) {
  const world = await openWorld({ config });
  const env = { ...process.env, TF_HOME: world.home, XDG_CONFIG_HOME: join(world.dir, 'config'), TF_RUN: '' };
  const serving = spawn('sh', ['-c', 'ulimit -n 200; exec "$0" "$1" serve', process.execPath, tfProgram], { env });
  const exited = once(serving, 'exit');
  const silent: Socket[] = [];
  try {
    let said = '';
    serving.stdout.resume();
    await new Promise<void>((resolve, reject) => {
      serving.once('exit', () => reject(new Error(said)));
      serving.stderr.on('data', (text: Buffer) => {
        said += text;
        if (said.includes('forward proxy on')) resolve();
      });
    });
    await world.ok(['gateway', 'create', 'inside']);
    await world.ok(['permissions', 'set', '--gateway', 'inside', '--action', 'github.*', '--effect', 'allow']);
    const port = Number(/:(\d+), home/.exec(said)?.[1]);
    const crowd = (): void => {
      for (let i = 0; i < 1_000; i++) {
        const socket = connect({ host: '127.0.0.1', port });
        socket.on('error', () => {});
        silent.push(socket.resume());
      }
    };
    const agent = await startAgent(world, 'inside');
    const socket = await openTls(agent);
    const ask = async (): Promise<number> => {
      const answer = readAnswer(socket);
      socket.write(get);
      return (await answer).status;
    };
    assert.equal(await ask(), 200);
    crowd();
    while (readdirSync(`/proc/${serving.pid}/fd`).length < 60) await new Promise(resolve => setTimeout(resolve, 20));
    for (let i = 0; i < 20; i++) assert.equal(await ask(), 200);
    await then(world, serving.pid!, silent);
    for (const each of silent) each.destroy();
    // As soon as files are free again, whoever comes is let in.
    let later = 0;
    while (later !== 200)
      later = await send(agent, get).then(
        ({ status }) => status,
        () => 0,
      );
    assert.equal(serving.exitCode, null);
    socket.destroy();
    await agent.end();
  } finally {
    for (const each of silent) each.destroy();
    serving.kill('SIGTERM');
    await exited;
    await world.close();
  }
}

test('by default so many connections are taken that files are left for the control socket', { skip }, async () => {
  await crowded('', async (world, pid) => {
    assert.ok(readdirSync(`/proc/${pid}/fd`).length < 180);
    await world.ok(['status']);
    await world.ok(['kill', 'inside']);
    await world.ok(['resume', 'inside']);
  });
});

test('a proxy that may open no more files serves who is inside, and everybody once there are some again', {
  skip,
}, async () => {
  const many = '{connections: 5000, unauthenticated: 5000, unauthenticated_per_peer: 5000}';
  await crowded(`limits: ${many}\n`, async (_, pid) => {
    assert.ok(readdirSync(`/proc/${pid}/fd`).length > 190);
  });
});
