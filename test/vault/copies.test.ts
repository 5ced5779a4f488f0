/** Copies: what a worker process keeps of the vault's leases, and for whom. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Target } from '../../src/credentials/index.js';
import { Copies, type Lease, type SecretMeta } from '../../vault/index.js';
import { hash, permit, secret, start } from './world.js';

const target = (host: string, path = '/v2/'): Target => ({ method: 'GET', host, port: 443, path, query: '' });

/** A worker's copies, over a parent that has a registry secret and gives a token anew for each lease that it is asked for. */
function copies(t: TestContext): { copies: Copies; asked: string[]; live: Set<string>; now: { at: number } } {
  const asked: string[] = [];
  const live = new Set<string>();
  const now = { at: start };
  const kept = new Copies(
    {
      async lease(_, __, { host, path }): Promise<Lease> {
        asked.push(`${host}${path}`);
        const value = `token-${asked.length}-0123456789`;
        live.add(value);
        const meta = { name: 'robot', version: 1, scheme: 'bearer', connector: null } as const;
        return { ...meta, value: Buffer.from(value), expires_at: now.at + 60_000, opened_by: 'ev_1' };
      },
      needles: async () => [...live].map(value => Buffer.from(value)),
      refused: () => {},
    },
    () => now.at,
  );
  const meta = secret('robot', { scheme: 'registry', hosts: ['a.example.com', 'b.example.com'] });
  kept.take([{ ...meta, version: 1, created_at: '', rotated_at: null } as SecretMeta]);
  t.after(() => kept.revoke({ kind: 'all' }));
  return { copies: kept, asked, live, now };
}

async function lent(kept: Copies, host: string, path?: string): Promise<string> {
  const allowed = permit('robot', { host });
  await kept.fetch(allowed, hash, target(host, path));
  return kept.lease(allowed, hash).value.toString();
}

test('what one registry gave is sent to no other, whatever it is good for', async t => {
  const { copies: kept, asked } = copies(t);
  assert.equal(await lent(kept, 'a.example.com'), 'token-1-0123456789');
  assert.equal(await lent(kept, 'b.example.com'), 'token-2-0123456789');
  assert.equal(await lent(kept, 'a.example.com'), 'token-1-0123456789');
  assert.deepEqual(asked, ['a.example.com/v2/', 'b.example.com/v2/']);
});

test('what a worker sends is hidden in answers, also when its parent has dropped the token meanwhile', async t => {
  const { copies: kept, live } = copies(t);
  await lent(kept, 'a.example.com');
  live.clear();
  kept.renew();
  const sent = await lent(kept, 'a.example.com');
  assert.ok(kept.needles('agent').foundIn(Buffer.from(`not good any more: ${sent}`)));
});

test('a copy ends after its time, also when the clock goes back', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { copies: kept, now } = copies(t);
  await lent(kept, 'a.example.com');
  now.at -= 3_600_000;
  t.mock.timers.tick(60_000);
  const allowed = permit('robot', { host: 'a.example.com' });
  now.at = start;
  await kept.fetch(allowed, hash, target('a.example.com'));
  assert.equal(kept.lease(allowed, hash).value.toString(), 'token-2-0123456789');
});
