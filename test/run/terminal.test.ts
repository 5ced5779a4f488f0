/** A run on a real terminal: the child has it, and what is typed reaches it once. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { openWorld, runProgram, tfProgram, type World } from '../world.js';

let world: World;

before(async () => {
  world = await openWorld();
  await world.ok(['gateway', 'create', 'agent']);
});
after(() => world.close());

/**
 * Opens a pseudo-terminal, runs a command as the leader of its session, sends `typed` once `prompt` was printed, and prints
 * what came out of the terminal and, in the last line, the exit code.
 */
const terminal = `
import os, pty, sys
prompt, typed, *command = sys.argv[1:]
pid, fd = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
out = b''
sent = False
while True:
    try:
        chunk = os.read(fd, 4096)
    except OSError:
        break
    if not chunk:
        break
    out += chunk
    if not sent and prompt.encode() in out:
        os.write(fd, typed.encode().decode('unicode_escape').encode())
        sent = True
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
sys.stdout.buffer.write(out.replace(b'\\r\\n', b'\\n') + b'\\nexit %d' % code)
`;

async function onTerminal(prompt: string, typed: string, script: string): Promise<string> {
  const env = { TF_HOME: world.home, XDG_CONFIG_HOME: `${world.dir}/config`, TF_RUN: '', TF_GATEWAY: '' };
  const command = [process.execPath, tfProgram, 'run', '--', 'agent', 'sh', '-c', script];
  return (await runProgram('python3', ['-c', terminal, prompt, typed, ...command], { env })).stdout;
}

const missing =
  spawnSync('python3', ['-c', 'import pty, os; os.waitstatus_to_exitcode'], { stdio: 'ignore' }).status !== 0;
const skip = missing && 'python3 with pty is not installed: not run';

test('the child of a run on a terminal has a terminal for all three streams, and reads what is typed', {
  skip,
}, async () => {
  const output = await onTerminal(
    'name?',
    'Ann\\n',
    'test -t 0 && test -t 1 && test -t 2 && echo "name?" && read name && echo "hello $name"',
  );
  assert.match(output, /hello Ann\n/);
  assert.match(output, /exit 0$/);
});

test('Ctrl-C reaches the child once, and the run ends as the child does', { skip }, async () => {
  const script =
    'n=0; trap "n=$((n+1))" INT; echo ready; i=0; while [ $i -lt 20 ]; do sleep 0.05; i=$((i+1)); done; echo "interrupted $n"; exit 7';
  const output = await onTerminal('ready', '\\x03', script);
  assert.match(output, /interrupted 1\n/);
  assert.match(output, /exit 7$/);
});

test('Ctrl-C ends a child that does nothing about it, with 130', { skip }, async () => {
  assert.match(await onTerminal('ready', '\\x03', 'echo ready; exec sleep 60'), /exit 130$/);
});
