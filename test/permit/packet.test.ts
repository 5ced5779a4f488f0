/** Packets: permits that cross from one process to another. */
import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { compactVerify } from 'jose';
import { type Keys, openKeys, openVerifier, type StoredKey } from '../../src/identity/keys.js';
import { Packets, seal } from '../../src/permit/packet.js';
import { type Allowed, mint, permitLifetime } from '../../src/permit.js';

const start = Date.parse('2026-11-20T12:00:00Z');
const hash = 'ab'.repeat(32);
const allowed: Allowed = {
  evidence: 'ev_1',
  gateway: 'agent',
  run: 'run_1',
  request: hash,
  host: 'api.github.com',
  port: 443,
  scheme: 'https',
  connector: 'github',
  secret: 'github-token',
};

function keysOf(): Keys {
  const kept = new Map<string, StoredKey>();
  const shelf = {
    all: () => [...kept.values()],
    put: (id: string, key: StoredKey) => void kept.set(id, key),
    remove: (id: string) => kept.delete(id),
  };
  return openKeys({ keys: shelf, together: work => work() }, () => start);
}

const rejected = (why: RegExp) => (error: { code?: string; message: string; extra?: { rule?: string } }) =>
  error.code === 'denied' && error.extra?.rule === 'permit' && why.test(error.message);

test('a packet is accepted once, for its request, within its minute, and says all that its permit binds', () => {
  const keys = keysOf();
  const packet = seal(mint(allowed, start), keys);
  let clock = start;
  const executor = (): Packets => new Packets(openVerifier(keys.list()), () => clock);
  const packets = executor();
  assert.throws(() => packets.open(packet, 'cd'.repeat(32)), rejected(/another request/));
  assert.deepEqual(packets.open(packet, hash), { allowed, issued: start });
  assert.throws(() => packets.open(packet, hash), rejected(/accepted before/));
  clock = start + permitLifetime - 1;
  assert.throws(() => packets.open(packet, hash), rejected(/accepted before/));
  executor().open(packet, hash);
  clock = start + permitLifetime;
  assert.throws(() => executor().open(packet, hash), rejected(/expired/));
  const later = seal(mint(allowed, start + 3 * permitLifetime), keys);
  assert.throws(() => executor().open(later, hash), rejected(/expired/));
});

test('a packet that differs in a single character, or was signed by anybody else, is refused', () => {
  const keys = keysOf();
  const packet = seal(mint(allowed, start), keys);
  const verifier = openVerifier(keys.list());
  fc.assert(
    fc.property(fc.nat(packet.length - 1), fc.constantFrom(...'AQgwxyz019-_.'), (at, other) => {
      const altered = packet.slice(0, at) + other + packet.slice(at + 1);
      // The last character of a part may hold bits that nobody reads.
      const same = altered.split('.').map(part => Buffer.from(part, 'base64url').toString('hex'));
      fc.pre(
        same.join('.') !==
          packet
            .split('.')
            .map(part => Buffer.from(part, 'base64url').toString('hex'))
            .join('.'),
      );
      assert.throws(() => new Packets(verifier, () => start).open(altered, hash), rejected(/./));
    }),
    { numRuns: 500 },
  );
  const packets = new Packets(verifier, () => start);
  const [header = '', payload = '', value = ''] = packet.split('.');
  const of = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
  const none = of({ alg: 'none', typ: 'tollfence-permit', kid: keys.current('agent').id });
  for (const forged of [
    '',
    'x',
    `${header}.${payload}`,
    `${header}.${payload}.`,
    `${none}.${payload}.`,
    `${none}.${payload}.${value}`,
    seal(mint(allowed, start), keysOf()),
    `${packet}${'A'.repeat(5_000)}`,
  ])
    assert.throws(() => packets.open(forged, hash), rejected(/./));
  // The key of another gateway says nothing about this one.
  const other = seal(mint({ ...allowed, gateway: 'other' }, start), keys).split('.')[0]!;
  const { id } = keys.current('other');
  const signature = keys.sign('other', Buffer.from(`${other}.${payload}`));
  assert.equal(signature.key, id);
  assert.throws(
    () => new Packets(openVerifier(keys.list()), () => start).open(`${other}.${payload}.${signature.value}`, hash),
    rejected(/signature/),
  );
});

test('a packet is a JWS that others can check with the public key of the gateway', async () => {
  const keys = keysOf();
  const packet = seal(mint(allowed, start), keys);
  const { payload, protectedHeader } = await compactVerify(packet, createPublicKey(keys.current('agent').public));
  assert.deepEqual(JSON.parse(new TextDecoder().decode(payload)), { ...allowed, issued: start });
  assert.equal(protectedHeader.kid, keys.current('agent').id);
});

test('after a rotation the new key signs, the old one checks what it has signed, and nobody can sign with it', async () => {
  const keys = keysOf();
  const before = seal(mint(allowed, start), keys);
  const old = keys.current('agent');
  await assert.rejects(
    keys.rotate('agent', () => Promise.reject(new Error('not recorded'))),
    /not recorded/,
  );
  assert.equal(keys.current('agent').id, old.id);
  const next = await keys.rotate('agent', async () => {});
  const after = seal(mint({ ...allowed, evidence: 'ev_2' }, start), keys);
  assert.equal(JSON.parse(Buffer.from(after.split('.')[0]!, 'base64url').toString()).kid, next.id);
  const packets = new Packets(openVerifier(keys.list()), () => start);
  packets.open(before, hash);
  packets.open(after, hash);
  assert.deepEqual(
    keys.list('agent').map(({ id, rotated_at }) => [id, rotated_at === null]),
    [
      [old.id, false],
      [next.id, true],
    ],
  );
  keys.forget('agent');
  assert.throws(() => new Packets(openVerifier(keys.list()), () => start).open(before, hash), rejected(/signature/));
});
