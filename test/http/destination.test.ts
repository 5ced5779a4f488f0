import assert from 'node:assert/strict';
import { isIPv4, isIPv6 } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { Refusal } from '../../src/errors.js';
import { destinations, destinationsBeyond, isPublic } from '../../src/http/destination.js';
import { parseAuthority } from '../../src/http/target.js';

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

const number = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
const dotted = (value: number): string => [24, 16, 8, 0].map(shift => (value >>> shift) & 255).join('.');
const hex = (address: string): string => {
  const value = number(address);
  return `${(value >>> 16).toString(16)}:${(value & 0xffff).toString(16)}`;
};

/** Every way in which IPv6 carries an IPv4 address so that a host, a router or a translator takes it out again. */
const embedded = (address: string): string[] => [
  `::ffff:${address}`,
  `::ffff:${hex(address)}`,
  `0:0:0:0:0:FFFF:${hex(address)}`,
  `0000:0000:0000:0000:0000:ffff:${address}`,
  `::${address}`,
  `::ffff:0:${address}`,
  `64:ff9b::${address}`,
  `64:ff9b::${hex(address)}`,
  `64:ff9b:1::${hex(address)}`,
  `2002:${hex(address)}::1`,
  `2001:0:4136:e378:8000:63bf:${hex(dotted(~number(address) >>> 0))}`,
  `2606:4700::5efe:${address}`,
  `2606:4700::200:5efe:${hex(address)}`,
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

test('odd spellings of addresses, and addresses with a zone, never get as far as being judged', () => {
  const odd = [
    '127.1',
    '2130706433',
    '0x7f000001',
    '0x7f.0.0.1',
    '017700000001',
    '0177.0.0.1',
    '127.0.0.01',
    '127.0.0.1.',
    '1.2.3.4.5',
    '0',
    '①②⑦.0.0.1',
    '127。0。0。1',
    '[::1%25lo]',
    '[fe80::1%eth0]',
    '[::ffff:0x7f.1]',
    '::1',
    '[127.0.0.1]',
    'localhost.',
  ];
  for (const host of odd)
    assert.throws(() => parseAuthority(`${host}:443`, 'https'), refusedWith('malformed_request'), host);
  for (const host of odd) assert.equal(isPublic(host), false, host);
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

test('allow_private opens exactly its blocks, in every spelling of their addresses, and nothing that merely carries them', async () => {
  const find = destinations({ connectTo: new Map(), allowPrivate: ['10.0.0.0/8', '192.168.7.7/32', 'fd00::/8'] });
  const opens = async (address: string): Promise<boolean> =>
    find(to(address)).then(
      () => true,
      () => false,
    );
  for (const address of ['10.0.0.0', '10.255.255.255', '::ffff:10.1.2.3', '::ffff:a01:203', '192.168.7.7', 'fd00::1'])
    assert.equal(await opens(address), true, address);
  for (const address of ['9.255.255.255', '11.0.0.0']) assert.equal(await opens(address), isPublic(address), address);
  for (const address of ['192.168.7.6', '127.0.0.1', 'fc00::1', 'fe80::1', ...embedded('10.1.2.3').slice(4)])
    assert.equal(await opens(address), false, address);
});

test('a block of mapped addresses is the IPv4 block, and all of IPv6 is nothing of IPv4', async () => {
  const open = (block: string, address: string) =>
    destinations({ connectTo: new Map(), allowPrivate: [block] })(to(address));
  await open('::ffff:10.0.0.0/104', '10.1.2.3');
  await assert.rejects(open('::ffff:10.0.0.0/104', '127.0.0.1'), refusedWith('destination_prohibited'));
  await open('::/0', '::1');
  for (const block of ['::/0', '::ffff:0:0/90'])
    for (const address of ['127.0.0.1', '::ffff:127.0.0.1'])
      await assert.rejects(open(block, address), refusedWith('destination_prohibited'), `${block} ${address}`);
});

test('localhost is this machine whatever DNS says', async () => {
  const public4 = async (): Promise<string[]> => ['8.8.8.8'];
  for (const host of ['localhost', 'api.localhost'])
    await assert.rejects(destinations(none, public4)(to(host)), refusedWith('destination_prohibited'), host);
  const rules = { connectTo: new Map(), allowPrivate: ['127.0.0.0/8'] };
  assert.deepEqual(await destinations(rules, public4)(to('localhost')), { addresses: ['127.0.0.1'], port: 443 });
  await destinations(none, public4)(to('notlocalhost'));
});

test('names of metadata services are refused by what they resolve to', async () => {
  for (const [name, address] of [
    ['metadata.google.internal', '169.254.169.254'],
    ['instance-data.ec2.internal', 'fd00:ec2::254'],
    ['metadata', '100.100.100.200'],
    ['rebound.example.com', '::ffff:169.254.169.254'],
  ] as const)
    await assert.rejects(destinations(none, async () => [address])(to(name)), refusedWith('destination_prohibited'));
});

test('a name with more addresses than are judged is refused', async () => {
  const many = (count: number) => async (): Promise<string[]> => Array.from({ length: count }, (_, i) => `8.8.8.${i}`);
  assert.equal((await destinations(none, many(64))(to('many.test'))).addresses.length, 64);
  await assert.rejects(destinations(none, many(65))(to('many.test')), refusedWith('upstream_dns'));
});

test('behind a proxy a name that can be resolved here is judged, and any other is left to the proxy', async () => {
  const rules = { connectTo: new Map([['api.github.com:443', '127.0.0.1:9443']]), allowPrivate: [] };
  const beyond = (answer: () => Promise<string[]>) => destinationsBeyond(rules, answer);
  const lost = async (): Promise<string[]> => Promise.reject(new Error('ENOTFOUND'));
  assert.deepEqual(await beyond(async () => ['8.8.8.8'])(to('example.com')), { host: 'example.com', port: 443 });
  assert.deepEqual(await beyond(lost)(to('example.com', 8443)), { host: 'example.com', port: 8443 });
  assert.deepEqual(await beyond(lost)(to('api.github.com')), { host: '127.0.0.1', port: 9443 });
  for (const host of ['127.0.0.1', '::1', 'localhost'])
    await assert.rejects(beyond(lost)(to(host)), refusedWith('destination_prohibited'), host);
  await assert.rejects(
    beyond(async () => ['8.8.8.8', '10.0.0.1'])(to('example.com')),
    refusedWith('destination_prohibited'),
  );
});
