/** What is digested is what is started: also where a PATH has places without a name, or there is none. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { programOf, searchPath } from '../../bin/run/program.js';

const dir = realpathSync(mkdtempSync(join(tmpdir(), 'tf-search-')));
const before = process.cwd();
process.chdir(dir);
after(() => {
  process.chdir(before);
  rmSync(dir, { recursive: true });
});

test('the program of a run is the file that is started, wherever the PATH leads to', () => {
  for (const name of ['own-tool', 'true']) {
    writeFileSync(join(dir, name), '#!/bin/sh\nexit 7\n');
    chmodSync(join(dir, name), 0o755);
  }
  const paths: Record<string, string>[] = [
    { PATH: '' },
    { PATH: ':/bin' },
    { PATH: '/bin::/usr/bin' },
    { PATH: '/bin:' },
    { PATH: '/bin' },
    {},
  ];
  for (const env of paths)
    for (const name of ['own-tool', 'true']) {
      const { program } = programOf([name], searchPath(env));
      const { status } = spawnSync(name, [], { env });
      const ours = status === 7;
      assert.equal(program === join(dir, name), ours, `${name} ${JSON.stringify(env)}: ${program} ${status}`);
      if (status === null) assert.equal(program, null);
    }
});
