/** The command that mail goes to, and what it may do to us. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { sendMail } from '../../bin/proxy/notify/mail.js';
import { until } from './place.js';

const dir = mkdtempSync(join(tmpdir(), 'tf-mail-command-'));
after(() => rmSync(dir, { recursive: true, force: true }));
const path = (name: string): string => join(dir, name);
const never = new AbortController().signal;
const run = (script: string, limit = 50_000, signal = never): Promise<void> =>
  sendMail(['/bin/sh', '-c', script], 'a message', limit, signal);

test('what a mail command leaves behind when it has done its work is not ended when its time would have been over', async () => {
  await run(`cat > /dev/null; (sleep 1; : > "${path('delivered')}") 2> /dev/null &`, 300);
  await until(() => existsSync(path('delivered')));
});

test('a mail command that has done its work is not waited for because something holds its standard error', async () => {
  await run(`cat > "${path('message')}"; sleep 50 & echo $! > "${path('pid')}"`);
  assert.equal(readFileSync(path('message'), 'utf8'), 'a message');
  // It is still there, and ours to end.
  process.kill(Number(readFileSync(path('pid'), 'utf8')), 'SIGKILL');
});

test('a mail command that fails says why, also when something holds its standard error', async () => {
  const failing = run(`echo "no such user" >&2; sleep 50 & echo $! > "${path('pid2')}"; exit 67`);
  await assert.rejects(failing, { message: 'the command ended with 67: no such user' });
  process.kill(Number(readFileSync(path('pid2'), 'utf8')), 'SIGKILL');
});

test('a mail command that hangs is ended with what it started, by its limit and by the end of the proxy', async () => {
  const hanging = (name: string): string => `sleep 50 & echo $! > "${path(name)}"; wait`;
  await assert.rejects(run(hanging('pid3'), 300), { message: 'the command was ended after 300 ms' });
  const end = new AbortController();
  const ended = run(hanging('pid4'), 50_000, end.signal);
  await until(() => existsSync(path('pid4')) && readFileSync(path('pid4'), 'utf8').endsWith('\n'));
  end.abort();
  await assert.rejects(ended);
  for (const name of ['pid3', 'pid4']) {
    const pid = readFileSync(path(name), 'utf8').trim();
    // A zombie that nobody waits for has ended, too.
    await until(() => {
      const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : ') Z';
      return /\) Z/.test(stat);
    });
  }
});

test('a mail command that is not there, or reads nothing and floods us, is a failure or a success like any other', async () => {
  await assert.rejects(sendMail(['/no/such/command'], 'x', 5_000, never), { message: /can't be started: ENOENT/ });
  await run('head -c 5000000 /dev/zero; head -c 5000000 /dev/zero >&2');
  await sendMail(['/bin/true'], 'x'.repeat(5_000_000), 50_000, never);
});
