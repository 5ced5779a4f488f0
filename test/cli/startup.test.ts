/** Start-up: what a command loads before it does anything. People wait for that each time, so it is a short list. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openWorld, type World } from '../world.js';

/** The packages and own files that `tf` loads for these arguments, as Node itself counts them (NODE_V8_COVERAGE). */
async function loaded(
  world: World,
  name: string,
  args: readonly string[],
): Promise<{ packages: string[]; own: number }> {
  const dir = join(world.dir, `coverage-${name}`);
  mkdirSync(dir);
  await world.ok(args, { env: { NODE_V8_COVERAGE: dir } });
  const files = readdirSync(dir)
    .flatMap(file => (JSON.parse(readFileSync(join(dir, file), 'utf8')) as { result: { url: string }[] }).result)
    .map(({ url }) => url)
    .filter(url => url.startsWith('file:'));
  const packages = files.flatMap(url => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? []);
  return { packages: [...new Set(packages)], own: files.length - packages.length };
}

test('help, and a run whose proxy is up, load no package but the one that reads arguments', async () => {
  const world = await openWorld();
  try {
    await world.ok(['gateway', 'create', 'quick']);
    const help = await loaded(world, 'help', ['--help']);
    assert.deepEqual(help.packages, ['commander']);
    assert.ok(help.own <= 6, `${help.own} files of our own for --help`);
    const run = await loaded(world, 'run', ['run', '--', 'quick', 'true']);
    assert.deepEqual(run.packages, ['commander']);
    assert.ok(run.own <= 24, `${run.own} files of our own for a run`);
  } finally {
    await world.close();
  }
});
