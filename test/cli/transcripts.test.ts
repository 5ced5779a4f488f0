import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openWorld, runProgram, tfProgram } from '../world.js';
import { fits, parseTranscript } from './transcript.js';

// The compiled test stands in dist/test/cli; the transcripts stay where they were written.
const here = fileURLToPath(new URL('.', import.meta.url));
const root = process.env.TF_TEST_ROOT ?? join(here, '..', '..', '..');
const dir = join(root, 'test', 'cli');

for (const file of readdirSync(dir)
  .filter(name => name.endsWith('.txt'))
  .sort()) {
  test(`the terminal says what ${file} promises`, { timeout: 120_000 }, async () => {
    const world = await openWorld();
    try {
      const programs = join(world.dir, 'bin');
      mkdirSync(programs);
      writeFileSync(join(programs, 'tf'), `#!/bin/sh\nexec '${process.execPath}' '${tfProgram}' "$@"\n`, {
        mode: 0o755,
      });
      const env = {
        PATH: `${programs}:${process.env.PATH}`,
        TF_HOME: world.home,
        XDG_CONFIG_HOME: join(world.dir, 'config'),
        NO_COLOR: '1',
        TF_RUN: '',
        TF_GATEWAY: '',
        TF_OPERATOR_TOKEN: '',
      };
      for (const { line, command, expected, exit } of parseTranscript(readFileSync(join(dir, file), 'utf8'))) {
        const { code, stdout } = await runProgram('sh', ['-c', `{ ${command}\n} 2>&1`], { env, cwd: world.dir });
        const where = `${file}:${line}: $ ${command}`;
        assert.ok(fits(stdout, expected), `${where}\nprinted:\n${stdout}\nexpected:\n${expected.join('\n')}`);
        assert.equal(code, exit, `${where}\nended with ${code}:\n${stdout}`);
      }
    } finally {
      await world.close();
    }
  });
}

/** The commands below one, by its help. */
async function commandsOf(help: (...args: string[]) => Promise<string>, path: readonly string[]): Promise<string[][]> {
  const text = await help(...path);
  const section = /\nCommands:\n([\s\S]*?)(\n\n|$)/.exec(text)?.[1] ?? '';
  return [...section.matchAll(/^ {2}([a-z][a-z-]*)/gm)]
    .map(match => [...path, match[1]!])
    .filter(([, name]) => name !== 'help' && name !== undefined);
}

test('every command shows an example, and every one that reads prints JSON', { timeout: 120_000 }, async () => {
  const world = await openWorld();
  try {
    const help = (...args: string[]): Promise<string> => world.ok([...args, '--help']);
    const overview = await help();
    const top = [...overview.matchAll(/^ {2}([a-z][a-z-]*) /gm)]
      .map(match => match[1]!)
      .filter(name => name !== 'help' && name !== 'tf');
    assert.ok(top.length > 12, overview);
    const reads = /^(status|explain|logs|(.+ )?(list|show|head|verify))$/;
    for (const name of top) {
      for (const path of [[name], ...(await commandsOf(help, [name]))]) {
        const text = await help(...path);
        assert.match(text, /\nExample:\n {2}(.* )?tf /, `tf ${path.join(' ')} --help has no example:\n${text}`);
        if (reads.test(path.join(' '))) assert.match(text, /--json/, `tf ${path.join(' ')} has no --json`);
      }
    }
  } finally {
    await world.close();
  }
});
