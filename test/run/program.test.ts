/** What a command line is made of, and what is around it: read from words and files, before anything is started. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { programOf, scriptWord } from '../../bin/run/program.js';
import { readToken } from '../../bin/run/tokens.js';
import { commitIn, containerIn } from '../../bin/run/workload.js';

const dir = realpathSync(mkdtempSync(join(tmpdir(), 'tf-program-')));
after(() => rmSync(dir, { recursive: true }));

test('the script of an interpreter is its first word that is neither an option nor the value of one', () => {
  const cases: readonly (readonly [string, string | null])[] = [
    ['python agent.py --model x', 'agent.py'],
    ['python3.12 -u -W ignore agent.py', 'agent.py'],
    ['python3 -m agent', null],
    ['python3 -Im agent', null],
    ['python3 -c print(1) agent.py', null],
    ['node --require ./a.cjs --import tsx agent.js', 'agent.js'],
    ['node --max-old-space-size=100 agent.js', 'agent.js'],
    ['node -e 1', null],
    ['node --eval=1 agent.js', null],
    ['node -- -odd.js', '-odd.js'],
    ['bash -eu -o pipefail run.sh', 'run.sh'],
    ['sh -c run.sh', null],
    ['bash -lc run.sh', null],
    ['ruby -I lib agent.rb', 'agent.rb'],
    ['python -Wmodule agent.py', 'agent.py'],
    ['ruby -rset agent.rb', 'agent.rb'],
    ['perl -Mfeature=say agent.pl', 'agent.pl'],
    ['perl -w agent.pl', 'agent.pl'],
    ['perl -ne print agent.pl', null],
    ['deno run --allow-net agent.ts', 'agent.ts'],
    ['deno eval 1', null],
    ['bun run agent.ts', 'agent.ts'],
    ['bun agent.ts', 'agent.ts'],
    ['curl agent.py', null],
    ['node', null],
  ];
  for (const [line, script] of cases) {
    const [name = '', ...args] = line.split(' ');
    assert.equal(scriptWord(name, args), script, line);
  }
});

test('a program is the file that the PATH has, and an interpreter is one under another name too', () => {
  const bin = join(dir, 'bin');
  mkdirSync(bin);
  symlinkSync(process.execPath, join(bin, 'agent-runtime'));
  writeFileSync(join(bin, 'tool'), '#!/bin/sh\n');
  chmodSync(join(bin, 'tool'), 0o755);
  const script = join(dir, 'agent.mjs');
  writeFileSync(script, '');
  assert.deepEqual(programOf(['tool', script], bin), { name: 'tool', program: join(bin, 'tool'), script: null });
  const named = { name: 'agent-runtime', program: join(bin, 'agent-runtime'), script };
  assert.deepEqual(programOf(['agent-runtime', script], bin), named);
  assert.deepEqual(programOf(['nothing', script], bin), { name: 'nothing', program: null, script: null });
  const missing = programOf([process.execPath, join(dir, 'not-there.js')], bin);
  assert.deepEqual(missing, { name: 'node', program: process.execPath, script: null });
});

test('the commit of a directory is what git says, in a clone, a worktree, with a loose and a packed branch, and detached', t => {
  const work = join(dir, 'work');
  mkdirSync(join(work, 'deep/er'), { recursive: true });
  const git = (...words: string[]): string =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.example', '-c', 'commit.gpgsign=false', ...words], {
      cwd: work,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
      .toString()
      .trim();
  try {
    git('init', '-q');
  } catch {
    return t.skip('git is not installed: not run');
  }
  assert.equal(commitIn(work), undefined);
  git('commit', '-q', '--allow-empty', '-m', 'one');
  const head = (): string => git('rev-parse', 'HEAD');
  assert.equal(commitIn(join(work, 'deep/er')), head());
  git('pack-refs', '--all');
  assert.equal(commitIn(work), head());
  git('worktree', 'add', '-q', '-b', 'side', join(dir, 'tree'));
  assert.equal(commitIn(join(dir, 'tree')), head());
  git('commit', '-q', '--allow-empty', '-m', 'two');
  assert.equal(commitIn(work), head());
  assert.notEqual(commitIn(join(dir, 'tree')), head());
  git('checkout', '-q', '--detach');
  assert.equal(commitIn(work), head());
});

test('a container is known by its cgroup, or by the files that its engine mounts', () => {
  const id = 'ab'.repeat(32);
  assert.equal(containerIn(`12:pids:/docker/${id}\n0::/`, ''), id);
  assert.equal(containerIn(`0::/system.slice/docker-${id}.scope\n`, ''), id);
  assert.equal(containerIn(`0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-${id}.scope\n`, ''), id);
  const mount = `841 830 8:1 /var/lib/docker/containers/${id}/hostname /etc/hostname rw - ext4 /dev/sda1 rw`;
  assert.equal(containerIn('0::/\n', mount), id);
  assert.equal(
    containerIn('0::/user.slice/user-1000.slice/session-1.scope\n', '21 1 8:1 / / rw - ext4 /dev/sda1'),
    undefined,
  );
});

test('a file of a token has one token in it, and what else it may have is not shown', () => {
  const file = join(dir, 'token');
  writeFileSync(file, 'a.b.c\n');
  assert.equal(readToken(file), 'a.b.c');
  for (const content of ['', '\n', 'hunter2 hunter3', 'x'.repeat(100_000)]) {
    writeFileSync(file, content);
    assert.throws(
      () => readToken(file),
      (error: Error) => /There is no token in/.test(error.message) && !error.message.includes('hunter'),
    );
  }
});
