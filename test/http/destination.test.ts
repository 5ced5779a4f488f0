import assert from 'node:assert/strict';
import { isIPv4, isIPv6 } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { Refusal } from '../../src/errors.js';
import { destinations, isPublic } from '../../src/http/destination.js';

const none = { connectTo: new Map<string, string>(), allowPrivate: [] };
const to = (host: string, port = 443) => ({ scheme: 'https' as const, host, port });
const refusedWith =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof Refusal && error.code === code;

test('special addresses are not public, in any spelling', () => {
  for (const address of [
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '127.255.255.254',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.1',
    '192.0.2.1',
    '192.168.1.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::127.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '0:0:0:0:0:ffff:a00:1',
    '64:ff9b::7f00:1',
    '64:ff9b::169.254.169.254',
    '64:ff9b:1::1',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'fec0::1',
    'ff02::1',
    '2001:db8::1',
    '2001::1',
    '2002:7f00:1::',
    '3fff::1',
    '100::1',
    'fe80::1%eth0',
    '127.1',
    '0x7f000001',
    'localhost',
    '',
  ])
    assert.equal(isPublic(address), false, address);
  for (const address of [
    '1.1.1.1',
    '8.8.8.8',
    '140.82.112.6',
    '172.32.0.1',
    '::ffff:8.8.8.8',
    '64:ff9b::808:808',
    '2606:4700::1111',
    '2a00:1450::1',
  ])
    assert.equal(isPublic(address), true, address);
});

test('an IPv4 address is judged the same however IPv6 carries it', () => {
  fc.assert(
    fc.property(fc.ipV4(), address => {
      const [a, b, c, d] = address.split('.').map(Number) as [number, number, number, number];
      const hex = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
      for (const form of [`::ffff:${address}`, `::ffff:${hex}`, `0:0:0:0:0:FFFF:${hex}`, `64:ff9b::${hex}`])
        assert.equal(isPublic(form), isPublic(address), form);
    }),
    { numRuns: 1_000 },
  );
});

test('judging an address never throws', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV6(), fc.ipV4Extended(), fc.string()), address => {
      const verdict = isPublic(address);
      if (!isIPv4(address) && !isIPv6(address)) assert.equal(verdict, false);
    }),
    { numRuns: 1_000 },
  );
});

test('the addresses that were judged are those that are dialled, and the name is asked once', async () => {
  let asked = 0;
  const find = destinations(none, async () => (asked++ === 0 ? ['8.8.8.8', '1.1.1.1'] : ['127.0.0.1']));
  assert.deepEqual(await find(to('example.com')), { addresses: ['8.8.8.8', '1.1.1.1'], port: 443 });
  assert.equal(asked, 1);
});

test('one bad address spoils an answer', async () => {
  for (const answer of [['8.8.8.8', '127.0.0.1'], ['169.254.169.254'], ['2606:4700::1111', '::ffff:10.0.0.1']]) {
    await assert.rejects(
      destinations(none, async () => answer)(to('example.com')),
      refusedWith('destination_prohibited'),
    );
  }
  await assert.rejects(destinations(none, async () => [])(to('example.com')), refusedWith('upstream_dns'));
  await assert.rejects(
    destinations(none, async () => Promise.reject(new Error('ENOTFOUND')))(to('example.com')),
    refusedWith('upstream_dns'),
  );
});

test('an address instead of a name is judged without asking anybody', async () => {
  const never = async (): Promise<string[]> => assert.fail('DNS was asked');
  await assert.rejects(destinations(none, never)(to('127.0.0.1')), refusedWith('destination_prohibited'));
  await assert.rejects(destinations(none, never)(to('::1')), refusedWith('destination_prohibited'));
  assert.deepEqual(await destinations(none, never)(to('8.8.8.8', 8443)), { addresses: ['8.8.8.8'], port: 8443 });
});

test('what the operator names may be private, and nothing else', async () => {
  const rules = {
    connectTo: new Map([
      ['api.github.com:443', '127.0.0.1:9443'],
      ['v6.test:443', '[::1]:9443'],
    ]),
    allowPrivate: ['10.0.0.0/8', 'fd00::/8'],
  };
  const find = destinations(rules, async () => ['10.1.2.3']);
  assert.deepEqual(await find(to('api.github.com')), { addresses: ['127.0.0.1'], port: 9443 });
  assert.deepEqual(await find(to('v6.test')), { addresses: ['::1'], port: 9443 });
  assert.deepEqual(await find(to('internal.test')), { addresses: ['10.1.2.3'], port: 443 });
  assert.deepEqual(await find(to('fd00::1')), { addresses: ['fd00::1'], port: 443 });
  await assert.rejects(find(to('127.0.0.1')), refusedWith('destination_prohibited'));
  await assert.rejects(
    destinations(rules, async () => ['127.0.0.1'])(to('api.github.com', 8443)),
    refusedWith('destination_prohibited'),
  );
});
