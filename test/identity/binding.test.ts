/** Bindings by themselves: what is looked at, of which runs, and what is remembered. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  linkSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openBindings } from '../../src/identity/binding.js';
import { exists, watch } from '../../src/identity/liveness.js';
import { processes } from '../../src/identity/processes.js';
import { type BoundFile, type Digested, openDigests } from '../../src/identity/program.js';
import type { Run } from '../../src/identity/runs.js';
import type { StoredRun } from '../../src/identity/state.js';
import { gone, until } from '../faults/waiting.js';

const dir = mkdtempSync(join(tmpdir(), 'tf-binding-'));
after(() => rmSync(dir, { recursive: true }));

let made = 0;
/** A file with its mark, as a run is bound to it. */
async function bound(is: BoundFile['is'] = 'script'): Promise<BoundFile> {
  const path = join(dir, `file-${made++}`);
  writeFileSync(path, 'content');
  const { mark } = (await openDigests({ all: () => [], put() {} }).of(path))!;
  return { path, is, mark };
}

/** A run with these files, and what it is found by. */
function place(files: readonly BoundFile[], more: Partial<StoredRun> = {}, parents: readonly Run[] = []) {
  const id = `run_${made++}`;
  const stored = { id, pid: null, user: { sub: 'ada' }, binding: { boot: null, files }, ...more } as StoredRun;
  const runs = [...parents.map(parent => parent.stored.id), id];
  const run = { stored, subject: { runs }, grants: [], ended: false } as unknown as Run;
  const all = new Map([...parents, run].map(each => [each.stored.id, each]));
  let now = 0;
  const bindings = openBindings({ find: found => all.get(found) }, () => now);
  return {
    ...{ run, id, bindings },
    reason: () => bindings.fault(run)?.reason ?? null,
    at(time: number) {
      now = time;
    },
  };
}

test('whatever is done to a file that a run is bound to, the run is void, and stays so when it is undone', async () => {
  const changes: readonly (readonly [string, (path: string) => void])[] = [
    ['edited', path => writeFileSync(path, 'another')],
    [
      'edited, with the times of before',
      path => {
        const { atime, mtime } = statSync(path);
        writeFileSync(path, 'CONTENT');
        utimesSync(path, atime, mtime);
      },
    ],
    [
      'replaced by the like',
      path => {
        writeFileSync(`${path}.new`, 'content');
        renameSync(`${path}.new`, path);
      },
    ],
    ['removed', path => unlinkSync(path)],
    ['made executable', path => chmodSync(path, 0o755)],
    ['linked', path => linkSync(path, `${path}.link`)],
    [
      'behind a link now',
      path => {
        renameSync(path, `${path}.moved`);
        symlinkSync(`${path}.moved`, path);
      },
    ],
  ];
  for (const [what, change] of changes) {
    const file = await bound();
    const { reason } = place([file]);
    assert.equal(reason(), null, what);
    // The clock of the file system may stand still for some milliseconds.
    await new Promise(resolve => setTimeout(resolve, 20));
    change(file.path);
    assert.match(reason()!, /script of this run was changed/, what);
    rmSync(file.path, { force: true });
    writeFileSync(file.path, 'content');
    assert.match(reason()!, /script of this run was changed/, what);
  }
});

test('a run stands on those that it was started from: what voids one of them voids it', async () => {
  const file = await bound('program');
  const parent = place([file]).run;
  const child = place([await bound()], {}, [parent]);
  assert.equal(child.bindings.fault(child.run), null);
  writeFileSync(file.path, 'other');
  const fault = child.bindings.fault(child.run)!;
  assert.equal(fault.run, parent.stored.id);
  assert.match(fault.reason, /program of this run is not the file/);
});

test("a run ends with its user's token, to the millisecond", () => {
  const { at, reason } = place([], { user: { sub: 'ada', expires_at: '2026-01-01T00:00:00.000Z' } });
  const end = Date.parse('2026-01-01T00:00:00Z');
  at(end - 1);
  assert.equal(reason(), null);
  at(end);
  assert.match(reason()!, /token of ada, for whom this run is, ended at 2026-01-01T00:00:00\.000Z/);
  // A clock that is put back revives nothing.
  at(end - 1);
  assert.notEqual(reason(), null);
});

test('a process is known by its start as well as by its number, and a zombie is none', {
  skip: !processes.known,
}, async () => {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  await once(child, 'spawn');
  const pid = child.pid!;
  const started = processes.read(pid)!.started;
  const same = watch(pid, started);
  assert.ok(same.lives());
  assert.ok(!watch(pid, started + 1).lives());
  const { reason } = place([], { pid, footprint: { started, cgroup: '', user: 0 } });
  assert.equal(reason(), null);
  child.kill('SIGKILL');
  await once(child, 'exit');
  await until(() => gone(pid));
  assert.ok(!same.lives() && !exists(pid));
  assert.match(reason()!, /process that this run consisted of has ended/);
  same.close();

  // A shell that starts one and then becomes what never waits for it.
  const careless = spawn('sh', ['-c', 'sleep 0.1 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const zombie = Number(String(((await once(careless.stdout!, 'data')) as [Buffer])[0]));
  const watched = watch(zombie, null);
  await until(() => !watched.lives());
  assert.ok(exists(zombie));
  watched.close();
  careless.kill('SIGKILL');
});

test('while a run is starting its process is not looked at, and what it lets go of is closed', {
  skip: !processes.known,
}, () => {
  const { started } = processes.read(process.pid)!;
  const files = () => readdirSync('/proc/self/fd').length;
  const { run, bindings, reason, id } = place([], { pid: 2 ** 22 + 1, starting: true });
  assert.equal(reason(), null);
  const { starting: _, ...settled } = run.stored;
  run.stored = { ...settled, pid: process.pid, footprint: { started, cgroup: '', user: 0 } };
  const before = files();
  for (let i = 0; i < 100; i++) assert.equal(reason(), null);
  assert.equal(files(), before + 1);
  bindings.forget(id);
  assert.equal(files(), before);
});

test('a digest is that of the content; a large file is read once, until it changes', async () => {
  const kept: (Digested & { path: string })[] = [];
  const digests = openDigests({ all: () => [], put: (_, file) => void kept.push(file) });
  const path = join(dir, 'large');
  writeFileSync(path, Buffer.alloc(3 << 20));
  const first = await digests.of(path);
  assert.equal(
    first!.sha256,
    createHash('sha256')
      .update(Buffer.alloc(3 << 20))
      .digest('hex'),
  );
  assert.deepEqual(await digests.of(path), first);
  assert.equal(kept.length, 1);
  writeFileSync(path, Buffer.alloc(3 << 20, 1));
  assert.notEqual((await digests.of(path))!.sha256, first!.sha256);
  assert.equal(await digests.of(dir), null);
  assert.equal(await digests.of('large'), null);
  assert.equal(await digests.of('/dev/zero'), null);
});
