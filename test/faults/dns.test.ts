/** DNS that doesn't answer: whoever asks for such names waits for them alone. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { send, startAgent } from '../http/agent.js';
import { openWorld, tfProgram } from '../world.js';
import { entries } from './ledger.js';

// A name server is asked at port 53, and /etc/resolv.conf says which: both need root, and a mount namespace.
const skip = spawnSync('unshare', ['-m', 'true']).status === 0 ? false : 'needs root, and unshare';

/** Answers what is asked about names in `.fast` with 127.0.0.1, and nothing about `.slow`. */
async function nameServer(address: string) {
  const asked = new Set<string>();
  const server = createSocket('udp4');
  server.on('message', (query, { address, port }) => {
    const end = query.indexOf(0, 12);
    const name = query
      .toString('latin1', 12, end)
      .replace(/[\x00-\x1f]/g, '.')
      .slice(1);
    asked.add(name);
    if (name.endsWith('.slow')) return;
    const isA = query.readUInt16BE(end + 1) === 1;
    const head = Buffer.from([query[0]!, query[1]!, 0x81, 0x80, 0, 1, 0, isA ? 1 : 0, 0, 0, 0, 0]);
    const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1]);
    server.send(Buffer.concat([head, query.subarray(12, end + 5), ...(isA ? [record] : [])]), port, address);
  });
  server.bind(53, address);
  await once(server, 'listening');
  return { asked, close: () => server.close() };
}

test('names that DNS never answers are upstream_dns in time, and other gateways are served meanwhile', {
  skip,
}, async () => {
  const address = `127.83.${randomInt(256)}.${randomInt(1, 255)}`;
  const dns = await nameServer(address);
  const world = await openWorld({
    config: `  allow_private: ["127.0.0.1/32"]\nlimits: {dns: 1s}\n`,
  });
  const resolvConf = join(world.dir, 'resolv.conf');
  writeFileSync(resolvConf, `nameserver ${address}\noptions timeout:8 attempts:1\n`);
  const serving = spawn(
    'unshare',
    [
      '-m',
      'sh',
      '-c',
      'mount --bind "$0" /etc/resolv.conf && exec "$@"',
      resolvConf,
      process.execPath,
      tfProgram,
      'serve',
    ],
    {
      env: { ...process.env, TF_HOME: world.home, XDG_CONFIG_HOME: join(world.dir, 'config'), UV_THREADPOOL_SIZE: '4' },
    },
  );
  const exited = once(serving, 'exit');
  try {
    let said = '';
    serving.stdout.resume();
    while (!said.includes('forward proxy on')) said += String((await once(serving.stderr, 'data'))[0]);
    for (const name of ['greedy', 'other']) {
      await world.ok(['gateway', 'create', name]);
      await world.ok(['permissions', 'set', '--gateway', name, '--action', 'http.get', '--effect', 'allow']);
    }
    const greedy = await startAgent(world, 'greedy');
    const other = await startAgent(world, 'other');
    const at = (name: string) => `${name}:${world.upstreamPort}`;
    const get = (name: string) => `GET /x HTTP/1.1\r\nHost: ${at(name)}\r\n\r\n`;
    const lost = [1, 2, 3, 4, 5].map(n => send(greedy, get(`n${n}.slow`), { connect: at(`n${n}.slow`) }));
    while (dns.asked.size === 0) await new Promise(resolve => setTimeout(resolve, 20));
    for (const n of [1, 2, 3]) {
      const { status, body } = await send(other, get(`n${n}.fast`), { connect: at(`n${n}.fast`) });
      assert.equal(status, 200, body);
    }
    for (const { status, body } of await Promise.all(lost))
      assert.deepEqual([status, (JSON.parse(body) as { code: string }).code], [502, 'upstream_dns']);
    // The look-up goes on in its thread; the gateway of that is still kept from the other one.
    const { status } = await send(other, get('n4.fast'), { connect: at('n4.fast') });
    assert.equal(status, 200);
    assert.equal([...dns.asked].filter(name => name.endsWith('.slow')).length, 1);
    assert.ok(world.received.every(({ host }) => host.includes('.fast')));
    await greedy.end();
    await other.end();
    const broken = (await entries(world)).filter(({ error }) => error === 'upstream_dns');
    assert.equal(broken.length, 5);
    await world.ok(['audit', 'verify']);
  } finally {
    serving.kill('SIGTERM');
    await exited;
    dns.close();
    await world.close();
  }
});
