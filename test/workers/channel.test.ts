import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Channel, type Ears, Gone } from '../../bin/workers/channel.js';
import {
  readApprovalWanted,
  readEntry,
  readLeaseWanted,
  readLeft,
  readNumber,
  readText,
} from '../../bin/workers/messages.js';
import { Refusal } from '../../src/errors.js';

/** Two ends that hear each other as processes do: by copies, later. */
function pair(left: Partial<Ears>, right: Partial<Ears>): { ends: [Channel, Channel]; messages: unknown[] } {
  const messages: unknown[] = [];
  const deaf: Ears = { ask: () => null, tell: () => {} };
  const port = (other: () => Channel) => ({
    send(message: unknown) {
      messages.push(message);
      setImmediate(() => other().hear(structuredClone(message)));
    },
  });
  const ends: [Channel, Channel] = [
    new Channel(
      port(() => ends[1]),
      { ...deaf, ...left },
    ),
    new Channel(
      port(() => ends[0]),
      { ...deaf, ...right },
    ),
  ];
  return { ends, messages };
}

test('what is asked in one turn goes as one message, and each question gets its own answer', async () => {
  const { ends, messages } = pair({}, { ask: (what, value) => (what === 'twice' ? 2 * (value as number) : null) });
  const answers = await Promise.all([1, 2, 3, 4].map(value => ends[0].ask('twice', value)));
  assert.deepEqual(answers, [2, 4, 6, 8]);
  assert.equal(messages.length, 2);
});

test('a refusal arrives as it was thrown, but for its cause; another error as a sentence', async () => {
  const { ends } = pair(
    {},
    {
      ask(what) {
        if (what === 'late') return Promise.reject(new Error('It is late.'));
        throw new Refusal('vault_locked', 'It is locked.', { retryAfter: 5, cause: new Error('private') });
      },
    },
  );
  await assert.rejects(ends[0].ask('now', null), (error: Refusal) => {
    assert.ok(error instanceof Refusal);
    assert.deepEqual([error.code, error.message, error.extra], ['vault_locked', 'It is locked.', { retryAfter: 5 }]);
    return true;
  });
  await assert.rejects(ends[0].ask('late', null), /^Error: It is late\.$/);
});

test('whoever waits hears that the other end has gone, and so does whoever asks later', async () => {
  const { ends } = pair({}, { ask: () => new Promise(() => {}) });
  const waiting = ends[0].ask('anything', null);
  ends[0].close();
  await assert.rejects(waiting, Gone);
  await assert.rejects(ends[0].ask('anything', null), Gone);
});

test('what is no message is told from one, whatever it is', () => {
  const { ends } = pair({}, {});
  const odd = [
    null,
    7,
    'ask',
    {},
    [null],
    [7],
    [['ask']],
    [['ask', 'x', 'y', 1]],
    [['answer']],
    [['whisper', 1, 'x']],
    [['tell', 1]],
  ];
  for (const message of odd) assert.throws(() => ends[0].hear(message), TypeError, JSON.stringify(message));
});

const allowed = {
  gateway: 'g',
  run: 'r',
  request: 'h',
  host: 'x',
  port: 443,
  scheme: 'https',
  connector: 'http',
  secret: null,
};
const entry = { entry: ['{"id":"', '","prev":"', '","seq":', '}'], opens: null, allowed: null, completes: null };

test('what a worker says is read strictly', () => {
  assert.deepEqual(readEntry(entry), entry);
  assert.deepEqual(readEntry({ ...entry, allowed }).allowed, allowed);
  const wrong: [(value: unknown) => unknown, unknown[]][] = [
    [readText, [null, 7, {}]],
    [readNumber, [null, '7', {}]],
    [
      readEntry,
      [
        null,
        'x',
        {},
        { ...entry, entry: ['a', 'b', 'c'] },
        { ...entry, entry: ['a', 'b', 'c', 7] },
        // A line more, and the writer would take it for another entry.
        { ...entry, entry: ['a', 'b', 'c', 'd\ne'] },
        { ...entry, opens: 7 },
        { ...entry, opens: { run: 7, gateway: null } },
        { ...entry, allowed: { ...allowed, port: '443' } },
        { ...entry, allowed: { ...allowed, scheme: 'ftp' } },
        { ...entry, completes: 7 },
      ],
    ],
    [readLeaseWanted, [null, {}, { evidence: 'ev', hash: 7 }]],
    [readApprovalWanted, [null, {}, { number: 1, trace: null, allowed }, { number: '1', trace: {}, allowed }]],
    [readLeft, [null, {}, { number: '1' }]],
  ];
  for (const [read, values] of wrong)
    for (const value of values) assert.throws(() => read(value), TypeError, `${read.name} ${JSON.stringify(value)}`);
});
