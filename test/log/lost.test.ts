/** The log whose writer is lost: its thread ended, and nothing says that the disk failed. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import type { Worker } from 'node:worker_threads';
import { Refusal } from '../../src/errors.js';
import type { Log } from '../../src/log/index.js';
import { decision, type Place, place } from './world.js';

const unavailable = (error: unknown): boolean => error instanceof Refusal && error.code === 'log_unavailable';
const types = (at: Place): string[] => at.texts().map(text => (JSON.parse(text) as { type: string }).type);
const again = async (log: Log): Promise<void> => {
  while (!log.healthy) await new Promise(resolve => setTimeout(resolve, 5));
};

/** Opens a log; `writer` is the thread that writes it now. */
async function opened(at: Place, now?: () => number): Promise<{ log: Log; writer(): Worker; done(): void }> {
  let thread: Worker | null = null;
  const see = (worker: Worker): void => {
    thread = worker;
  };
  process.on('worker', see);
  return { log: await at.open('full', now), writer: () => thread!, done: () => process.off('worker', see) };
}

test('a lost writer refuses what waits, and the log is opened anew, says so, and goes on', async context => {
  const at = place(context);
  const { log, writer, done } = await opened(at);
  const before = await log.record(decision(1));
  for (let round = 1; round <= 3; round++) {
    const waiting = [log.record(decision(2)), log.allow(decision(4), {} as never)];
    void writer().terminate();
    for (const outcome of await Promise.allSettled(waiting)) {
      assert.equal(outcome.status, 'rejected');
      assert.ok(unavailable((outcome as PromiseRejectedResult).reason));
    }
    await assert.rejects(log.record(decision(5)), unavailable);
    await assert.rejects(log.head(), unavailable);
    await again(log);
    assert.ok((await log.record(decision(7))).seq > before.seq);
  }
  done();
  await log.close();
  const verdict = at.verify();
  assert.ok(verdict.ok, JSON.stringify(verdict));
  assert.equal(types(at).filter(type => type === 'log.recovered').length, 3);
});

test('what was noted is written by the next writer, once, whether it had been sent to the lost one or not', async context => {
  const at = place(context);
  let hours = 0;
  const { log, writer, done } = await opened(at, () => Date.now() + hours * 3_600_000);
  const completed = (n: number) => ({ type: 'action.completed', run: null, n }) as const;
  let noted = 0;
  for (let round = 0; round < 6; round++) {
    hours += 1; // so that it isn't lost "again", and nothing pauses
    log.note(completed(noted++));
    // Sent in some rounds, on disk in some, still waiting in others.
    for (let turn = 0; turn < round; turn++) await new Promise(resolve => setImmediate(resolve));
    const lost = once(writer(), 'exit');
    void writer().terminate();
    log.note(completed(noted++));
    await lost;
    log.note(completed(noted++));
    await again(log);
  }
  done();
  await log.close();
  const written = at.texts().flatMap(text => {
    const { type, n } = JSON.parse(text) as { type: string; n: number };
    return type === 'action.completed' ? [n] : [];
  });
  assert.deepEqual(
    written.toSorted((a, b) => a - b),
    Array.from({ length: noted }, (_, n) => n),
  );
  assert.ok(at.verify().ok);
});

test('a log that was changed while it had no writer stays refused', async context => {
  const at = place(context);
  const { log, writer, done } = await opened(at);
  for (let n = 0; n < 4; n++) await log.record(decision(n));
  const reasons: string[] = [];
  log.onFailure(reason => reasons.push(reason));
  at.tamper(db => db.exec(`UPDATE entries SET bytes = replace(bytes, 'perm_7', 'perm_8') WHERE seq = 3`));
  await writer().terminate();
  while (reasons.length === 0) await new Promise(resolve => setTimeout(resolve, 5));
  done();
  assert.match(reasons[0]!, /Entry 3 was changed/);
  await assert.rejects(log.record(decision(5)), unavailable);
  assert.equal(log.healthy, false);
  await log.close();
});

test('a log is closed while it has no writer, and the next start finds it', async context => {
  const at = place(context);
  const { log, writer, done } = await opened(at);
  await log.record(decision(1));
  const lost = once(writer(), 'exit');
  void writer().terminate();
  await lost;
  await log.close();
  done();
  assert.equal(log.healthy, false);
  await (await at.open()).close();
  assert.ok(at.verify().ok);
  assert.equal(types(at).at(-1), 'log.recovered');
});
