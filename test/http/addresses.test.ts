/** Which addresses are public: every block of the registries, in every spelling. */
import assert from 'node:assert/strict';
import { isIPv4, isIPv6 } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { isPublic } from '../../src/http/destination.js';
import { dotted, embedded, number } from './spellings.js';

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

/** https://www.iana.org/assignments/iana-ipv4-special-registry: what isn't globally reachable; multicast; and Azure's. */
const special4 = [
  '0.0.0.0/8', // "this network", RFC 791
  '10.0.0.0/8', // private use, RFC 1918
  '100.64.0.0/10', // shared address space, RFC 6598; Alibaba's metadata 100.100.100.200
  '127.0.0.0/8', // loopback, RFC 1122
  '169.254.0.0/16', // link local, RFC 3927; metadata of most clouds 169.254.169.254
  '172.16.0.0/12', // private use, RFC 1918
  '192.0.0.0/24', // IETF protocol assignments, RFC 6890; Oracle's metadata 192.0.0.192
  '192.0.2.0/24', // documentation, RFC 5737
  '192.88.99.0/24', // deprecated 6to4 relay anycast, RFC 7526
  '192.168.0.0/16', // private use, RFC 1918
  '198.18.0.0/15', // benchmarking, RFC 2544
  '198.51.100.0/24', // documentation, RFC 5737
  '203.0.113.0/24', // documentation, RFC 5737
  '224.0.0.0/4', // multicast, RFC 5771
  '240.0.0.0/4', // reserved and limited broadcast, RFC 1112, RFC 8190
  '168.63.129.16/32', // Azure's WireServer
];

/** https://www.iana.org/assignments/iana-ipv6-special-registry and ipv6-address-space, with one address of each. */
const special6 = [
  '::', // unspecified, RFC 4291
  '::1', // loopback, RFC 4291
  '::8.8.8.8', // IPv4-compatible, RFC 4291 (deprecated)
  '::ffff:0:808:808', // IPv4-translated, RFC 2765
  '64:ff9b:1::808:808', // local-use NAT64, RFC 8215
  '64:ff9b:1:ffff:ffff:ffff:ffff:ffff',
  '100::1', // discard-only, RFC 6666
  '100:0:0:1::1', // dummy prefix, RFC 9780
  '2001::1', // Teredo, RFC 4380
  '2001:0:4136:e378:8000:63bf:3fff:fdd2',
  '2001:2::1', // benchmarking, RFC 5180
  '2001:10::1', // deprecated ORCHID, RFC 4843
  '2001:20::1', // ORCHIDv2, RFC 7343
  '2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff',
  '2001:db8::1', // documentation, RFC 3849
  '2002:808:808::1', // 6to4, RFC 3056
  '3fff::1', // documentation, RFC 9637
  '3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff',
  '5f00::1', // segment routing, RFC 9602
  '4000::1', // not assigned
  'fc00::1', // unique local, RFC 4193
  'fd00:ec2::254', // metadata of Amazon
  'fd20:ce::254', // metadata of Google
  'fe80::1', // link local, RFC 4291
  'febf:ffff::1',
  'fec0::1', // site local, RFC 3879
  'feff::1',
  'ff02::1', // multicast, RFC 4291
  'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
];

test('every block of the registries is refused from its first address to its last, and its neighbours are not', () => {
  const within = (address: string): boolean =>
    special4.some(block => {
      const [net = '', bits] = block.split('/');
      const size = 2 ** (32 - Number(bits));
      return Math.floor(number(address) / size) === Math.floor(number(net) / size);
    });
  for (const block of special4) {
    const [net = '', bits] = block.split('/');
    const first = number(net);
    const last = first + 2 ** (32 - Number(bits)) - 1;
    for (const address of [first, last, Math.floor((first + last) / 2)].map(dotted))
      for (const form of [address, ...embedded(address)]) assert.equal(isPublic(form), false, form);
    for (const neighbour of [first - 1, last + 1].filter(value => value >= 0 && value < 2 ** 32).map(dotted))
      assert.equal(isPublic(neighbour), !within(neighbour), neighbour);
  }
  for (const address of special6) assert.equal(isPublic(address), false, address);
  for (const address of ['2001:200::1', '2620:4f:8000::1', '2003::1', '2000::1', '3ffe::1', '2606:4700::5efe:8.8.8.8'])
    assert.equal(isPublic(address), true, address);
});

test('an IPv4 address that is refused is refused however IPv6 carries it', () => {
  const address = fc.oneof(
    fc.ipV4(),
    fc.constantFrom(...special4).chain(block => {
      const [net = '', bits] = block.split('/');
      return fc.nat({ max: 2 ** (32 - Number(bits)) - 1 }).map(offset => dotted(number(net) + offset));
    }),
  );
  fc.assert(
    fc.property(address, one => {
      for (const form of embedded(one)) {
        if (!isPublic(one)) assert.equal(isPublic(form), false, form);
        else if (/^(::ffff:|0:0:0:0:0:F|64:ff9b::)/.test(form) && !form.startsWith('::ffff:0:'))
          assert.equal(isPublic(form), true, form);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('an IPv6 address is judged the same in all its spellings', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.nat({ max: 0xffff }), fc.constant(0)), { minLength: 8, maxLength: 8 }), parts => {
      const full = parts.map(part => part.toString(16).padStart(4, '0')).join(':');
      const short = new URL(`http://[${full}]/`).hostname.slice(1, -1);
      const end = dotted(((parts[6]! << 16) | parts[7]!) >>> 0);
      const mixed = `${parts
        .slice(0, 6)
        .map(part => part.toString(16))
        .join(':')}:${end}`;
      for (const form of [short, full.toUpperCase(), mixed]) assert.equal(isPublic(form), isPublic(full), form);
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
