/** Rotation: who knows of a key when, and what the log is told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openKeys, openVerifier, type PublicKey, type StoredKey } from '../../src/identity/keys.js';

function opened() {
  const kept = new Map<string, StoredKey>();
  const shelf = {
    all: () => [...kept.values()],
    put: (id: string, key: StoredKey) => void kept.set(id, key),
    remove: (id: string) => kept.delete(id),
  };
  return { kept, keys: openKeys({ keys: shelf, together: work => work() }, Date.now) };
}

const bytes = Buffer.from('a permit');

test('what is signed while a key is rotated can be checked by everybody who was told of the keys at that time', async () => {
  const { keys } = opened();
  keys.current('agent');
  let told = openVerifier(keys.list());
  const turn = keys.rotate('agent', async () => {
    // Entries that reach the disk together are answered one after the other, with nothing in between.
    told = openVerifier(keys.list());
    assert.ok(told.verify('agent', bytes, keys.sign('agent', bytes)));
  });
  void turn.then(() => {});
  await turn;
  assert.ok(told.verify('agent', bytes, keys.sign('agent', bytes)));
});

test('of two rotations at once the log says which key followed which', async () => {
  const { keys } = opened();
  const first = keys.current('agent').id;
  const said: [string | null, string][] = [];
  const record = async (next: PublicKey, before: PublicKey | null): Promise<void> => {
    await new Promise(resolve => setImmediate(resolve));
    said.push([before?.id ?? null, next.id]);
  };
  const [one, two] = await Promise.all([keys.rotate('agent', record), keys.rotate('agent', record)]);
  assert.deepEqual(said, [
    [first, one.id],
    [one.id, two.id],
  ]);
});

test('a rotation that can not be recorded leaves no key behind, and the next one works', async () => {
  const { keys, kept } = opened();
  const { id } = keys.current('agent');
  await assert.rejects(
    keys.rotate('agent', () => Promise.reject(new Error('disk'))),
    /disk/,
  );
  assert.deepEqual([keys.list().map(key => key.id), [...kept.keys()]], [[id], [id]]);
  const next = await keys.rotate('agent', async () => {});
  assert.equal(keys.current('agent').id, next.id);
});
