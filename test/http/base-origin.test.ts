/** The path and the token of a base URL, as they are read. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Refusal } from '../../src/errors.js';
import { baseOrigin } from '../../src/http/base-url.js';
import { decode, type RawHead } from '../../src/http/decode.js';
import type { Run } from '../../src/identity/runs.js';

test('whatever a path names, it is read as the target of a proxy request for it is', () => {
  const head = (target: string, more: Partial<RawHead> = {}): RawHead => ({
    method: 'GET',
    target,
    rawHeaders: [],
    tunnel: null,
    sni: null,
    ...more,
  });
  const read = (raw: RawHead): unknown => {
    try {
      const { scheme, host, port, path, query, fields } = decode(raw);
      return { scheme, host, port, path, query, fields };
    } catch (error) {
      assert.ok(error instanceof Refusal, String(error));
      return error.code;
    }
  };
  const bit = fc.constantFrom(
    'a',
    'api.test',
    ':',
    '443',
    '/',
    '..',
    '%2e',
    '%2F',
    '?',
    '[::1]',
    '@',
    '0x7f',
    '127.0.0.1',
    '\\',
    ';',
    '//',
    'ä',
    ' ',
    '_',
  );
  fc.assert(
    fc.property(
      fc.array(bit, { maxLength: 8 }).map(bits => bits.join('')),
      rest => {
        const here = read(
          head(`/_/${rest}`, {
            rawHeaders: ['Host', 'localhost'],
            direct: { address: '127.0.0.1', token: null, names: new Set() },
          }),
        );
        const there = read(head(`https://${rest}`));
        assert.deepEqual(here, there);
      },
    ),
    { numRuns: 3_000 },
  );
});

test('of several keys the one that is a live token decides, and every copy of it goes', () => {
  const run = { stored: { id: 'run_1' } } as Run;
  const origin = (rawHeaders: readonly string[]) =>
    baseOrigin({ method: 'GET', target: '/_/a.test/', rawHeaders, tunnel: null, sni: null }, '127.0.0.1', token =>
      token === 'live' ? run : undefined,
    );
  const both = origin(['X-Api-Key', 'live', 'Accept', '*/*', 'Authorization', 'Bearer live', 'api-key', 'other']);
  assert.equal(both.run, run);
  assert.deepEqual(both.head.rawHeaders, ['Accept', '*/*', 'api-key', 'other']);
  const none = origin(['X-Api-Key', 'dead', 'Accept', 'live']);
  assert.deepEqual([none.run, none.credentials, none.head.rawHeaders.length], [null, 'Bearer dead', 4]);
  assert.equal(origin(['Accept', 'live']).credentials, null);
  const others = baseOrigin(
    {
      method: 'GET',
      target: '/_/a.test/',
      rawHeaders: ['X-Api-Key', 'one', 'api-key', 'two'],
      tunnel: null,
      sni: null,
    },
    '127.0.0.1',
    token => ({ stored: { id: token } }) as Run,
  );
  assert.deepEqual([others.run, others.credentials], [null, 'Bearer '], 'and tokens of two runs are none');
  const twice = ['Authorization', 'Bearer live', 'authorization', 'Bearer other'];
  assert.deepEqual(origin(twice).head.rawHeaders, twice);
});
