import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { isHostPort } from '../../src/config/address.js';
import { parseDuration } from '../../src/config/duration.js';
import { parseSize } from '../../src/config/limits.js';
import { noticesOf, parseConfig } from '../../src/config.js';
import { Fault } from '../../src/errors.js';

/** The faults that a text has, as sentences. */
function faults(text: string): string[] {
  try {
    parseConfig(text);
  } catch (error) {
    assert.ok(error instanceof Fault, String(error));
    assert.equal(error.exit, 2);
    return error.message
      .split('\n')
      .slice(1)
      .map(line => line.trim());
  }
  return [];
}

test('an empty file has the defaults of the contract', () => {
  for (const text of ['', '\n', '# nothing\n', '{}', 'approvals: {}']) {
    const config = parseConfig(text);
    assert.equal(config.listen, '127.0.0.1:0');
    assert.deepEqual(config.approvals, { hold: 55_000, expire: 900_000, pending_status: 503 });
    assert.equal(config.policy.deadline, 250);
    assert.equal(config.log.durability, 'full');
    assert.equal(config.idle, 600_000);
  }
});

test('what an operator must know is said, without a password', () => {
  const asked = parseConfig(
    'dashboard: 0.0.0.0:8443\nupstream: {proxy: "http://user:password@proxy.corp:3128"}\npassthrough: [pinned.example.com, "*.corp.example"]\n',
  );
  assert.deepEqual(
    noticesOf(asked).map(sentence => sentence.split(':')[0]),
    ['dashboard', 'passthrough'],
  );
  assert.match(noticesOf(asked).join(), /pinned\.example\.com, \*\.corp\.example is not read/);
  assert.doesNotMatch(noticesOf(asked).join(), /password/);
  assert.deepEqual(noticesOf(parseConfig('')), []);
  assert.deepEqual(noticesOf(parseConfig('dashboard: off')), []);
  assert.deepEqual(noticesOf(parseConfig('dashboard: 127.0.0.1:8443')), []);
  assert.deepEqual(noticesOf(parseConfig('dashboard: 0.0.0.0:8443\nlinks: {url: "https://approve.corp.example"}')), []);
  assert.deepEqual(noticesOf(parseConfig('links: {url: "https://approve.corp.example"}')), [
    'links: there are none, since dashboard is off.',
  ]);
});

test('names of the proxy are whole host names', () => {
  assert.deepEqual(parseConfig('names: [tollfence, gate.corp.example]').names, ['tollfence', 'gate.corp.example']);
  assert.deepEqual(parseConfig('').names, []);
  for (const name of ['*.corp.example', 'Tollfence', '10.0.0.1', 'a:8080', '', 'a..b'])
    assert.deepEqual(faults(`names: ["${name}"]`), ['names.0: must be a host name'], name);
});

test('the proxy of a company is a URL with nothing behind its port', () => {
  for (const proxy of [
    'http://proxy.corp:3128',
    'https://user:pa%3Ass@proxy.corp',
    'http://10.0.0.1:8080/',
    'http://[::1]:80',
  ])
    assert.deepEqual(faults(`upstream: {proxy: "${proxy}"}`), [], proxy);
  for (const proxy of [
    'proxy.corp:3128',
    'socks5://proxy.corp',
    'http://',
    '',
    'http://proxy.corp/path',
    'http://proxy.corp?x',
    'http://a%3Ab:c@proxy.corp',
    'http://%zz@proxy.corp',
    'http://proxy.corp:99999',
  ])
    assert.match(faults(`upstream: {proxy: "${proxy}"}`).join(), /^upstream\.proxy: /, proxy);
  assert.doesNotMatch(faults('upstream: {proxy: "http://user:hunter2@proxy.corp/x"}').join(), /hunter2/);
});

test('passthrough lists names, or a star for all below one, and nothing wider', () => {
  assert.deepEqual(faults('passthrough: [a.example.com, "*.corp.example", localhost]'), []);
  for (const host of [
    '*',
    '*.',
    'a.*.example',
    '*a.example',
    'A.example',
    'a.example.',
    'a.example:443',
    '127.0.0.1',
    '*.0.0.1',
    '[::1]',
    'a..b',
    '',
    'ä.example',
  ])
    assert.match(faults(`passthrough: ["${host}"]`).join(), /^passthrough\.0: /, host);
});

test('all faults are listed at once, each with its path', () => {
  const listed = faults(
    'listen: 1\nupstream: {connect_to: {nonsense: x}, proxi: y}\napprovals: {hold: 55, pending_status: 999}\nlog: {durability: maybe}\nother: 1\n',
  );
  for (const path of [
    'listen:',
    'upstream.connect_to',
    'upstream.proxi:',
    'approvals.hold:',
    'approvals.pending_status:',
    'log.durability:',
    'other:',
  ])
    assert.ok(
      listed.some(line => line.startsWith(path)),
      `${path} in\n${listed.join('\n')}`,
    );
});

test("what isn't a mapping, is not YAML, or says a thing twice is refused", () => {
  for (const text of [
    '- a',
    'text',
    '42',
    'a: [',
    'listen: 127.0.0.1:1\nlisten: 127.0.0.1:2',
    '\tx: 1',
    'listen: !!js/function "x"\n',
  ])
    assert.ok(faults(text).length > 0, text);
});

test('no text makes it fail otherwise than by a fault', () => {
  const bit = fc.constantFrom(
    'listen',
    'upstream',
    'connect_to',
    'approvals',
    ': ',
    '\n',
    '  ',
    '- ',
    '{',
    '}',
    '[',
    ']',
    '"',
    '&a ',
    '*a',
    '!!binary ',
    '55s',
    '1',
    'null',
    '~',
    '%YAML',
    '---\n',
    '? ',
    '| ',
    '\u0000',
    '<<: *a',
  );
  fc.assert(
    fc.property(
      fc.array(bit, { maxLength: 14 }).map(bits => bits.join('')),
      text => void faults(text),
    ),
    { numRuns: 1_000 },
  );
});

test('durations and addresses are read exactly', () => {
  assert.deepEqual(
    ['250ms', '55s', '15m', '2h', '1d', '0s'].map(parseDuration),
    [250, 55_000, 900_000, 7_200_000, 86_400_000, 0],
  );
  for (const text of ['', '5', 's', '1.5s', '-1s', '1 s', '1y', '1S', '1e3s', '9999999999s'])
    assert.equal(parseDuration(text), null, text);
  for (const text of ['127.0.0.1:0', '[::1]:8080', 'localhost:65535']) assert.ok(isHostPort(text), text);
  for (const text of ['127.0.0.1', ':80', 'a:65536', '::1:80', 'a:b', 'a:80:80', 'http://a:80', 'a:-1'])
    assert.ok(!isHostPort(text), text);
});

test('sizes are read exactly', () => {
  assert.deepEqual(['0B', '512B', '16KiB', '8MiB', '1GiB'].map(parseSize), [0, 512, 16_384, 8_388_608, 1_073_741_824]);
  for (const text of ['', '1', 'B', '1.5MiB', '-1B', '1 KiB', '1KB', '1kib', '1M', '1e3B', '1234567B'])
    assert.equal(parseSize(text), null, text);
});

test('a limit that would stop everything, or is none, is refused', () => {
  for (const limit of [
    'head_time: 0s',
    'stall: 30d',
    'head_size: 0B',
    'head_size: 1GiB',
    'connections: 0',
    'leaves: 1.5',
  ])
    assert.match(faults(`limits: {${limit}}`).join(), /^limits\./, limit);
  assert.deepEqual(parseConfig('limits: {head_time: 2s, head_size: 4KiB}').limits.head_size, 4_096);
});

test('the limits and their defaults are those that docs/configuration.md tells', () => {
  const document = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
  const table = document.slice(document.indexOf('## Limits'), document.indexOf('## Files'));
  const told = [...table.matchAll(/^\| `(\w+)` \| ([^|]+) \|/gm)].map(([, name, text]) => [
    name!,
    parseDuration(text!.slice(1, -1)) ?? parseSize(text!.slice(1, -1)) ?? Number(text!.slice(1, -1)),
  ]);
  // These two follow the machine, unless somebody sets them.
  const machine = { connections: Number.NaN, connections_per_gateway: Number.NaN };
  assert.deepEqual(Object.fromEntries(told), { ...parseConfig('').limits, ...machine });
});
