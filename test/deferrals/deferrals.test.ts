import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Executor, type Packet } from '../../src/deferrals/index.js';
import { Fault, Refusal } from '../../src/errors.js';
import { defer, ground, openRoom, start, types, wanted } from './room.js';

const code = (wanted: string) => (error: unknown) => error instanceof Refusal && error.code === wanted;

test('identical requests are one deferral, also at once and under a policy that was changed; another body is another', async () => {
  const at = ground();
  const room = openRoom(at);
  const ids = await Promise.all([defer(room, '/a'), defer(room, '/a'), defer(room, '/a')]);
  assert.equal(new Set([...ids, await defer(room, '/a')]).size, 1);
  assert.notEqual(await defer(room, '/a', '{"other":1}'), ids[0]);
  assert.deepEqual(types(at), ['defer.scheduled', 'defer.scheduled']);
  assert.equal(room.waiting, 2);
});

test('what is deferred is let through once, when it is due, and its entry is there before the permit', async () => {
  const at = ground();
  const room = openRoom(at);
  const id = await defer(room, '/a');
  await assert.rejects(room.await(wanted('/a', '{}', id)), code('denied'));
  at.now += 60_000;
  const [first, second] = await Promise.allSettled([
    room.await(wanted('/a', '{}', id)),
    room.await(wanted('/a', '{}', id)),
  ]);
  assert.equal(first.status, 'fulfilled');
  assert.equal(second.status, 'rejected');
  assert.deepEqual(types(at), ['defer.scheduled', 'defer.executed']);
  await assert.rejects(room.cancel(id, 'ann', ''), (error: unknown) => error instanceof Fault && error.exit === 1);
});

test('another request, a policy that asks for an approval by now, and one that was taken back are not let through', async () => {
  const at = ground();
  const room = openRoom(at);
  const id = await defer(room, '/a');
  at.now += 60_000;
  await assert.rejects(room.await(wanted('/b', '{}', id)), code('denied'));
  await assert.rejects(room.await(wanted('/a', '{"x":1}', id)), code('denied'));
  await assert.rejects(room.await(wanted('/a', '{}', id, 'require_approval')), code('denied'));
  await room.cancel(id, 'ann', 'wrong one');
  await assert.rejects(room.await(wanted('/a', '{}', id)), code('denied'));
  assert.deepEqual(types(at), ['defer.scheduled', 'defer.cancelled']);
  assert.deepEqual(at.shelves.get(`deferred ${id}`), new Map());
});

test('after a crash in which nobody knows whether it was sent it is not sent again, and the log says so', async () => {
  const at = ground();
  const room = openRoom(at);
  const id = await defer(room, '/a');
  at.now += 60_000;
  await room.await(wanted('/a', '{}', id));
  const next = openRoom(at);
  assert.deepEqual(next.find(id).outcome, { status: null, error: 'unknown' });
  await assert.rejects(next.await(wanted('/a', '{}', id)), code('denied'));
  assert.deepEqual(types(at), ['defer.scheduled', 'defer.executed', 'action.completed']);
  openRoom(at);
  assert.equal(types(at).length, 3);
});

test('what the log does not take is neither scheduled, nor let through, nor taken back', async () => {
  const at = ground();
  const room = openRoom(at);
  at.broken = true;
  await assert.rejects(defer(room, '/a'), code('log_unavailable'));
  assert.equal(room.waiting, 0);
  at.broken = false;
  const id = await defer(room, '/a');
  at.now += 60_000;
  at.broken = true;
  await assert.rejects(room.await(wanted('/a', '{}', id)), code('log_unavailable'));
  await assert.rejects(room.cancel(id, 'ann', ''), code('log_unavailable'));
  assert.equal(openRoom(at).find(id).state, 'scheduled');
  at.broken = false;
  await room.await(wanted('/a', '{}', id));
});

test('a gateway may have so many deferred, and so many bytes of bodies', async () => {
  const room = openRoom(ground());
  await defer(room, '/large', 'x'.repeat(990));
  await assert.rejects(defer(room, '/b', 'y'.repeat(11)), code('overloaded'));
  await defer(room, '/b');
  await defer(room, '/c');
  await assert.rejects(defer(room, '/d'), code('overloaded'));
});

test('what could not be judged as a whole is denied, not deferred', async () => {
  const room = openRoom(ground());
  const plain = wanted('/a');
  const facts = (state: 'truncated' | 'opaque') => ({
    ...plain,
    trace: { ...plain.trace, request: { ...plain.trace.request!, body: { state, bytes: 2 } } },
  });
  for (const each of [
    facts('truncated'),
    facts('opaque'),
    { ...plain, body: 'unread' as const },
    { ...plain, trace: { ...plain.trace, request: { ...plain.trace.request!, upgrade: 'websocket' } } },
  ])
    await assert.rejects(room.await(each), code('denied'));
  assert.equal(room.waiting, 0);
});

/** What an executor is given that sends by asking the room, and says what it has sent. */
function executorOf(at: ReturnType<typeof ground>, room: ReturnType<typeof openRoom>, sent: string[]): Executor {
  return new Executor({
    ...{ deferrals: room, now: () => at.now, late: 3_600_000, ready: () => true, objection: () => null },
    async send({ id }, { request, body }: Packet) {
      try {
        const text = Buffer.from(body ?? '', 'base64').toString();
        await room.await(wanted(request.path, text, id));
        sent.push(`${request.path} ${text}`);
        return { status: 201, code: null, detail: '', retryable: false };
      } catch (error) {
        const { code, message } = error as Refusal;
        return { status: 503, code, detail: message, retryable: code === 'log_unavailable' };
      }
    },
    diagnose: error => assert.fail(String(error)),
  });
}

test('the executor goes by the wall clock: nothing early, what is overdue once, and what is too late never', async () => {
  const at = ground();
  const sent: string[] = [];
  const room = openRoom(at);
  const executor = executorOf(at, room, sent);
  const id = await defer(room, '/a', '{"n":1}');
  for (const now of [start, start + 59_999, start - 86_400_000]) {
    at.now = now;
    await executor.look();
    assert.deepEqual(sent, []);
  }
  at.now = start + 60_000;
  await Promise.all([executor.look(), executor.look()]);
  await executor.look();
  assert.deepEqual(sent, ['/a {"n":1}']);
  assert.deepEqual(room.find(id).outcome, { status: 201, error: null });
  const late = await defer(room, '/b');
  at.now += 60_000 + 3_600_001;
  await executor.look();
  assert.equal(room.find(late).state, 'cancelled');
  assert.deepEqual(sent, ['/a {"n":1}']);
});

test('while the log is not there the executor tries again, and then lets it through once', async () => {
  const at = ground();
  const sent: string[] = [];
  const room = openRoom(at);
  const executor = executorOf(at, room, sent);
  await defer(room, '/a');
  at.now += 60_000;
  at.broken = true;
  await executor.look();
  at.broken = false;
  await executor.look();
  assert.deepEqual(sent, [], 'there is a pause');
  at.now += 1_000;
  await executor.look();
  await executor.look();
  assert.deepEqual(sent, ['/a {}']);
});

test('whatever is deferred, taken back, executed and restarted in whatever order: each is sent once or cancelled, never both', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ kind: fc.constantFrom('defer', 'undo', 'wait', 'look', 'crash'), n: fc.nat(2) }), {
        maxLength: 25,
      }),
      async steps => {
        const at = ground();
        const sent: string[] = [];
        let room = openRoom(at);
        let executor = executorOf(at, room, sent);
        for (const { kind, n } of steps) {
          if (kind === 'defer') await defer(room, `/${n}`);
          if (kind === 'undo') await room.cancel(room.list()[n]?.id ?? '', 'ann', '').catch(() => {});
          if (kind === 'wait') at.now += 25_000;
          if (kind === 'look') await executor.look();
          if (kind === 'crash') {
            room = openRoom(at);
            executor = executorOf(at, room, sent);
          }
        }
        at.now += 60_000;
        await executor.look();
        const states = room.list().map(({ state }) => state);
        assert.equal(sent.length, states.filter(state => state === 'executed').length);
        assert.ok(!states.includes('scheduled'));
        const scheduled = at.drafts.filter(({ type }) => type === 'defer.scheduled').length;
        assert.equal(
          types(at).filter(type => type === 'defer.executed' || type === 'defer.cancelled').length,
          scheduled,
        );
      },
    ),
    { numRuns: 60 },
  ));
