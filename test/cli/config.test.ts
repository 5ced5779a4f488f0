import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isHostPort, notYet, parseConfig, parseDuration } from '../../src/config.js';
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

test('what is asked for and not there yet is read, and said without quoting it', () => {
  const asked = parseConfig('dashboard: 127.0.0.1:0\nupstream: {proxy: "http://user:password@proxy.corp:3128"}\n');
  assert.deepEqual(
    notYet(asked).map(sentence => sentence.split(':')[0]),
    ['dashboard', 'upstream.proxy'],
  );
  assert.doesNotMatch(notYet(asked).join(), /password/);
  assert.deepEqual(notYet(parseConfig('')), []);
  assert.deepEqual(notYet(parseConfig('dashboard: off')), []);
  for (const proxy of ['proxy.corp:3128', 'socks5://proxy.corp', 'http://', '""', '1'])
    assert.match(faults(`upstream: {proxy: ${proxy}}`).join(), /^upstream\.proxy: /, proxy);
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
