/** Where a connection goes: what is asked of DNS, judged, and dialled. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '../../src/errors.js';
import { destinations, destinationsBeyond, isPublic } from '../../src/http/destination.js';
import { parseAuthority } from '../../src/http/target.js';
import { embedded } from './spellings.js';

const none = { connectTo: new Map<string, string>(), allowPrivate: [] };
const to = (host: string, port = 443) => ({ scheme: 'https' as const, host, port });
const refusedWith =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof Refusal && error.code === code;

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
