/** Completion: what bash puts into a line is a word of ours, and nothing that it made of one. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runProgram, tfProgram } from '../world.js';

test('in bash a pattern of actions stays one where files have names that fit it', async t => {
  const dir = mkdtempSync(join(tmpdir(), 'tf-completion-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const bin = join(dir, 'bin');
  mkdirSync(bin);
  symlinkSync(tfProgram, join(bin, 'tf'));
  for (const name of ['github.json', 'github.pr.md']) writeFileSync(join(dir, name), '');
  const script = [
    'eval "$(tf completion bash)"',
    'COMP_LINE="tf permissions set --action github.pr.me"; COMP_POINT=$' + '{#COMP_LINE}; _tf',
    'printf "%s\\n" "$' + '{COMPREPLY[@]}"',
    'COMP_LINE="tf permissions set --action github"; COMP_POINT=$' + '{#COMP_LINE}; _tf',
    'printf "%s\\n" "$' + '{COMPREPLY[@]}"',
  ].join('\n');
  const env = { PATH: `${bin}:${process.env.PATH}`, TF_HOME: join(dir, 'home'), HOME: dir };
  const { code, stdout, stderr } = await runProgram('bash', ['-c', script], { env, cwd: dir });
  assert.equal(code, 0, stderr);
  const words = stdout.trim().split('\n');
  assert.ok(words.includes('github.pr.merge'), stdout);
  assert.ok(words.includes('github.*'), stdout);
  assert.ok(!words.some(word => /json|md/.test(word)), stdout);
});
