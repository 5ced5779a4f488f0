/** What the parent accepts of a worker as a permit. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { Service } from '../../bin/workers/service.js';
import { openKeys, openVerifier, type StoredKey } from '../../src/identity/keys.js';
import { openRemoteLog, type Packed } from '../../src/log/index.js';
import type { Recorded } from '../../src/model.js';
import { Packets } from '../../src/permit/packet.js';
import { type Allowed, spend } from '../../src/permit.js';
import { decision, place } from '../log/world.js';

test('the parent lends a secret only for the packet that it gave this worker, and records every other', async t => {
  const home = place(t);
  const log = await home.open();
  const kept = new Map<string, StoredKey>();
  const shelf = {
    all: () => [...kept.values()],
    put: (id: string, key: StoredKey) => void kept.set(id, key),
    remove: (id: string) => kept.delete(id),
  };
  const keys = openKeys({ keys: shelf, together: work => work() }, Date.now);
  const leased: string[] = [];
  const house = {
    log,
    keys,
    vault: {
      fetch: async () => {},
      lease: (permit: Parameters<typeof spend>[0], hash: string) => {
        leased.push(spend(permit, 'vault', hash, Date.now()).evidence);
        return { name: 's', version: 1, value: Buffer.from('x'), expires_at: 0, opened_by: 'ev' };
      },
    },
  } as unknown as ConstructorParameters<typeof Service>[0];
  const ears = { taken: () => {}, closed: () => {} };
  const [service, another] = [new Service(house, ears), new Service(house, ears)];
  keys.current('agent');
  const packets = new Packets(openVerifier(keys.list()), Date.now);
  const hash = 'ab'.repeat(32);
  const allowed: Omit<Allowed, 'evidence'> = {
    ...{ gateway: 'agent', run: 'run_1', request: hash, host: 'api.github.com', port: 443, connector: 'github' },
    scheme: 'https',
    secret: 's',
  };
  const opens = { run: 'run_1', gateway: 'agent' };
  const worker = openRemoteLog({
    now: Date.now,
    random: randomBytes,
    open: (packet, request) => packets.open(packet, request),
    parent: {
      record: async entry =>
        (await service.ask('record', { entry, opens, allowed, completes: null })) as Recorded & Packed,
      note: () => {},
    },
  });
  const { permit, recorded } = await worker.allow(decision(1), allowed);
  const packet = worker.packetOf(permit);
  const target = { method: 'GET', path: '/', query: '' };
  const lease = (from: Service, shown: string): Promise<unknown> =>
    Promise.resolve(from.ask('lease', { evidence: recorded.id, packet: shown, hash, target }));
  const rejected = { code: 'denied', message: /The permit was rejected/ };
  await assert.rejects(lease(service, ''), rejected);
  await assert.rejects(lease(service, `${packet.slice(0, -1)}${packet.endsWith('A') ? 'B' : 'A'}`), rejected);
  await assert.rejects(lease(another, packet), rejected);
  await lease(service, packet);
  // A second time it is spent.
  await assert.rejects(lease(service, packet), rejected);
  assert.deepEqual(leased, [recorded.id]);
  await log.close();
  const refused = home.texts().filter(text => text.includes('"type":"permit.rejected"'));
  assert.equal(refused.length, 4);
});
