import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openWorld, tfProgram, type World } from '../world.js';
import { twoGateways } from './family.js';

let world: World;

before(async () => {
  world = await openWorld();
  await twoGateways(world);
});
after(() => world.close());

const api = JSON.stringify({
  openapi: '3.0.0',
  info: { title: 'Mine', version: '1' },
  servers: [{ url: 'https://api.mine.example' }],
  paths: { '/all': { get: { operationId: 'all', responses: {} } } },
});
const skip = existsSync('/proc/self/stat') ? false : 'nothing is known of processes here';

/** A shell inside of a run; `$0` and `$1` are `tf`. */
const shell = (script: string) => world.tf(['run', '--', 'parent', 'sh', '-c', script, process.execPath, tfProgram]);

test('a connector that is imported inside of a run leaves no file, with a proxy that runs and without one', async () => {
  const file = join(world.dir, 'mine.json');
  writeFileSync(file, api);
  const command = `"$0" "$1" connector import ${file} --name mine`;
  for (const script of [command, `"$0" "$1" stop >/dev/null; ${command}`]) {
    const { code, stderr } = await shell(script);
    assert.equal(code, 3, stderr);
    assert.match(stderr, /from inside a run/);
    const place = join(world.home, 'connectors');
    assert.deepEqual(existsSync(place) ? readdirSync(place) : [], []);
  }
});

test('no proxy is started from inside a run, with whatever environment', { skip }, async () => {
  await world.ok(['gateway', 'list']);
  for (const before of ['', `env -i PATH="$PATH" TF_HOME="${world.home}" `]) {
    const { code, stderr } = await shell(`"$0" "$1" stop >/dev/null; ${before}"$0" "$1" gateway list`);
    assert.equal(code, 5, stderr);
    assert.match(stderr, /A proxy isn't started from inside a run \(run_\w+\)/);
    assert.equal((await world.tf(['status'])).code, 5);
  }
});
