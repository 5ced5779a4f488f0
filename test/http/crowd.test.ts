/** Crowds: they hold what a Set would. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Crowd } from '../../src/http/crowd.js';

test('a crowd holds what a Set holds, whoever comes and goes in whatever order', () => {
  const step = fc.record({ who: fc.nat(9), comes: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), steps => {
      const people = Array.from({ length: 10 }, (_, name) => ({ name, place: -1 }));
      const crowd = new Crowd<(typeof people)[number]>();
      const set = new Set<(typeof people)[number]>();
      for (const { who, comes } of steps) {
        const one = people[who]!;
        if (comes) {
          crowd.add(one);
          set.add(one);
        } else assert.equal(crowd.delete(one), set.delete(one));
        assert.equal(crowd.size, set.size);
        assert.deepEqual(new Set(crowd.all()), set);
      }
    }),
  );
});
