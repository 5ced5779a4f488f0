/** Names: looked up as the system does it, and no gateway can keep others from being looked up. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Refusal } from '../../src/errors.js';
import { systemResolver } from '../../src/http/resolve.js';

/** A system whose look-ups end when they are told to. */
function standIn() {
  const asked: string[] = [];
  const open = new Map<string, (addresses: string[]) => void>();
  const lookup = (host: string): Promise<string[]> => {
    assert.ok(!open.has(host), `${host} is looked up twice at once`);
    asked.push(host);
    return new Promise(resolve => open.set(host, resolve));
  };
  const answer = (host: string): void => {
    open.get(host)?.(['8.8.8.8']);
    open.delete(host);
  };
  return { asked, open, lookup, answer };
}

test('names that nobody answers hold up the gateway that asks for them, and no other', async () => {
  const { asked, lookup, answer } = standIn();
  const resolve = systemResolver({ deadline: 100, slots: 2, lookup });
  const lost = ['one.slow', 'two.slow', 'three.slow'].map(host =>
    resolve(host, 'greedy').catch((error: unknown) => error),
  );
  const other = resolve('api.test', 'other');
  assert.deepEqual(asked, ['one.slow', 'api.test']);
  answer('api.test');
  assert.deepEqual(await other, ['8.8.8.8']);
  const [first, second] = await Promise.all(lost);
  assert.equal((first as { code?: string }).code, 'ETIMEOUT');
  assert.ok(second instanceof Refusal && second.code === 'upstream_dns');
  assert.match(second.message, /two\.slow was not looked up in time/);
  // Nobody waits for it any more, and its slot is still taken.
  await assert.rejects(resolve('four.slow', 'greedy'), Refusal);
  assert.deepEqual(asked, ['one.slow', 'api.test']);
  answer('one.slow');
  const again = resolve('api.test', 'greedy');
  await new Promise(setImmediate);
  answer('api.test');
  assert.deepEqual(await again, ['8.8.8.8']);
});

test('a name that is being looked up is not looked up again, whoever asks', async () => {
  const { asked, lookup, answer } = standIn();
  const resolve = systemResolver({ deadline: 60_000, slots: 2, lookup });
  const all = Promise.all(['a', 'a', 'b', 'c', 'd'].map(gateway => resolve('api.test', gateway)));
  answer('api.test');
  assert.equal((await all).length, 5);
  assert.deepEqual(asked, ['api.test']);
});

test('a name that the system does not know is an error of its own, and frees its slot', async () => {
  const lookup = (host: string): Promise<string[]> =>
    Promise.reject(Object.assign(new Error(host), { code: 'ENOTFOUND' }));
  const resolve = systemResolver({ deadline: 60_000, slots: 1, lookup });
  for (const host of ['a.test', 'b.test']) await assert.rejects(resolve(host, 'a'), { code: 'ENOTFOUND' });
});

test('the system is asked by default: its hosts file, and then DNS', async () => {
  assert.ok(
    (await systemResolver({ deadline: 60_000 })('localhost', 'a')).some(address => /^(127\.|::1$)/.test(address)),
  );
});

test('whatever is asked and answered in whatever order, slots are kept and shared, and everybody is answered in the end', async () => {
  const question = fc.record({ host: fc.integer({ min: 0, max: 12 }), gateway: fc.integer({ min: 0, max: 4 }) });
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 8 }),
      fc.array(fc.oneof(question, fc.constant(null)), { maxLength: 60 }),
      async (slots, steps) => {
        const { open, lookup, answer } = standIn();
        const resolve = systemResolver({ deadline: 60_000, slots, lookup });
        const promised: Promise<readonly string[]>[] = [];
        const gateways = new Set<number>();
        const next = async (): Promise<void> => {
          const [host] = open.keys();
          if (host !== undefined) answer(host);
          await new Promise(setImmediate);
        };
        for (const step of steps) {
          if (step === null) await next();
          else {
            gateways.add(step.gateway);
            promised.push(resolve(`${step.host}.test`, String(step.gateway)));
          }
          assert.ok(open.size <= slots);
          // One gateway alone has at most half of them, rounded up.
          if (gateways.size === 1) assert.ok(open.size <= Math.ceil(slots / 2));
        }
        while (open.size > 0) await next();
        await Promise.all(promised);
      },
    ),
    { numRuns: 100 },
  );
});
