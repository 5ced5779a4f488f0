import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Executor, type Packet } from '../../src/deferrals/index.js';
import type { Draft } from '../../src/model.js';
import { defer, type Ground, ground, openRoom, wanted } from './room.js';

/** Ground as a crash leaves it, and what had been sent by then. */
interface Wreck {
  readonly at: Ground;
  readonly sent: readonly string[];
}

const copy = (at: Ground): Ground => ({
  ...at,
  shelves: new Map([...at.shelves].map(([kind, rows]) => [kind, new Map(rows)])),
  drafts: [...at.drafts],
});

/** Ground that keeps what a crash would leave behind after each single write, to the state or to the log. */
function watched(sent: readonly string[], wrecks: Wreck[]): Ground {
  const at = ground();
  const write = (): void => void wrecks.push({ at: copy(at), sent: [...sent] });
  class Rows extends Map<string, string> {
    override set(key: string, value: string): this {
      super.set(key, value);
      write();
      return this;
    }
    override delete(key: string): boolean {
      const known = super.delete(key);
      write();
      return known;
    }
  }
  const shelves = new (class extends Map<string, Map<string, string>> {
    override set(kind: string): this {
      return super.has(kind) ? this : super.set(kind, new Rows());
    }
    override get(kind: string): Map<string, string> {
      if (!super.has(kind)) this.set(kind);
      return super.get(kind)!;
    }
  })();
  const drafts = new (class extends Array<Draft> {
    override push(...more: Draft[]): number {
      const length = super.push(...more);
      write();
      return length;
    }
  })();
  return Object.assign(at, { shelves, drafts });
}

function executorOf(at: Ground, room: ReturnType<typeof openRoom>, sent: string[], first = () => {}): Executor {
  return new Executor({
    ...{ deferrals: room, now: () => at.now, late: 3_600_000, ready: () => true, objection: () => null },
    async send({ id }, { request }: Packet) {
      try {
        first();
        await room.await(wanted(request.path, '{}', id));
        sent.push(id);
        return { status: 201, code: null, detail: '', retryable: false };
      } catch (error) {
        return { status: 403, code: 'denied', detail: (error as Error).message, retryable: false };
      }
    },
    diagnose: error => assert.fail(String(error)),
  });
}

const idsOf = (at: Ground, type: string): string[] =>
  at.drafts.flatMap(draft => (draft.type === type ? [String((draft as { defer?: unknown }).defer)] : []));

test('killed after any single write, nothing is sent twice, and nothing that the log says was taken back or let through', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ kind: fc.constantFrom('defer', 'undo', 'wait', 'look'), n: fc.nat(2) }), { maxLength: 12 }),
      async steps => {
        const sent: string[] = [];
        const wrecks: Wreck[] = [];
        const at = watched(sent, wrecks);
        const room = openRoom(at);
        const executor = executorOf(at, room, sent);
        for (const { kind, n } of steps) {
          if (kind === 'defer') await defer(room, `/${n}`);
          if (kind === 'undo') await room.cancel(room.list()[n]?.id ?? '', 'ann', '').catch(() => {});
          if (kind === 'wait') at.now += 35_000;
          if (kind === 'look') await executor.look();
        }
        for (const wreck of wrecks) {
          const again = [...wreck.sent];
          const over = [...idsOf(wreck.at, 'defer.cancelled'), ...idsOf(wreck.at, 'defer.executed')];
          const next = openRoom(wreck.at);
          wreck.at.now += 60_000;
          await executorOf(wreck.at, next, again).look();
          assert.equal(new Set(again).size, again.length);
          for (const id of again.slice(wreck.sent.length)) assert.ok(!over.includes(id), id);
          const states = next.list().map(({ state }) => state);
          assert.ok(states.length >= over.length);
          assert.ok(!states.includes('scheduled'));
          const said = new Set([...idsOf(wreck.at, 'defer.cancelled'), ...idsOf(wreck.at, 'action.completed')]);
          for (const { id, state } of next.list()) if (state === 'cancelled') assert.ok(said.has(id), id);
        }
      },
    ),
    { numRuns: 40 },
  ));

test('a clock that is set back while something is sent makes it wait, and it is done at its time', async () => {
  const at = ground();
  const sent: string[] = [];
  const room = openRoom(at);
  const id = await defer(room, '/a');
  const due = Date.parse(room.find(id).due_at);
  let back = 3_600_000;
  const executor = executorOf(at, room, sent, () => {
    at.now -= back;
    back = 0;
  });
  at.now = due;
  await executor.look();
  assert.equal(room.find(id).state, 'scheduled');
  at.now = due + 1_000;
  await executor.look();
  assert.deepEqual(sent, [id]);
});
