/** Rewrite: an answer of which the client gets another version, in whatever pieces and coding it comes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { NeedleSet } from '../../src/credentials/index.js';
import type { Refusal } from '../../src/errors.js';
import type { Reply } from '../../src/http/reply.js';
import { carrierOf, type Rewrite } from '../../src/http/rewrite.js';

interface Carried {
  readonly head: readonly string[] | null;
  readonly text: string;
  readonly refusal: string | null;
}

/** Carries an answer in these pieces, and says what the client got. */
async function carry(
  rewrite: Rewrite | null,
  fields: Readonly<Record<string, string>>,
  pieces: readonly Buffer[],
  { status = 200, needles = new NeedleSet([]) } = {},
): Promise<Carried> {
  let head: readonly string[] | null = null;
  const sent: Buffer[] = [];
  let paused = false;
  const reply: Reply = {
    finished: false,
    begin(_status, _reason, flat) {
      head = flat;
    },
    write: chunk => sent.push(Buffer.from(chunk)) >= 0,
    onDrain: then => setImmediate(then),
    end: (_trailers, done) => done(),
    onClose() {},
    offClose() {},
  };
  const refusal = await new Promise<Refusal | null>((resolve, reject) => {
    const carrier = carrierOf(rewrite, {
      status,
      message: '',
      rawHeaders: Object.entries(fields)
        .flat()
        .map(text => Buffer.from(text)),
      method: 'POST',
      needles,
      evidence: 'ev_1',
      reply,
      ended: false,
      pause() {
        paused = true;
      },
      resume() {
        paused = false;
      },
      judge: async () => {},
      fail: resolve,
    });
    const feed = async (): Promise<void> => {
      for (const piece of pieces) {
        while (paused) await new Promise(setImmediate);
        carrier.data(piece);
      }
      carrier.end(() => resolve(null));
    };
    feed().catch(reject);
  });
  return { head, text: Buffer.concat(sent).toString(), refusal: refusal?.code ?? null };
}

/** Leaves out what is odd, and takes its time. */
const even: Rewrite = async text => {
  await new Promise(setImmediate);
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    return null;
  }
  if (!Array.isArray(list)) return text;
  return list.every(n => n % 2 === 0) ? text : JSON.stringify(list.filter(n => n % 2 === 0));
};

const json = { 'content-type': 'application/json', 'content-length': '99', etag: '"1"', 'x-kept': 'yes' };
const events = { 'content-type': 'text/event-stream; charset=utf-8' };

/** The bytes of a text, cut at these places. */
function cut(text: string, places: readonly number[]): Buffer[] {
  const bytes = Buffer.from(text);
  const at = [0, ...places.map(place => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, i) => bytes.subarray(at[i]!, end));
}

test('a document is another one, without what would be true of the first', async () => {
  const { head, text, refusal } = await carry(even, json, [Buffer.from('[1, 2,'), Buffer.from(' 3, 4]')]);
  assert.deepEqual([text, refusal], ['[2,4]', null]);
  assert.deepEqual(
    head?.filter((_, i) => i % 2 === 0),
    ['content-type', 'x-kept', 'Tf-Decision', 'Tf-Evidence-Id'],
  );
  // What needs no change stays as it was written.
  assert.equal((await carry(even, json, [Buffer.from('[2,  4]')])).text, '[2,  4]');
});

test('an event stream is rewritten event by event, wherever its pieces and lines end', async () => {
  const line = fc.constantFrom('\n', '\r\n', '\r');
  const event = fc.record({
    numbers: fc.array(fc.nat(9), { maxLength: 4 }),
    before: fc.constantFrom([], ['id: 7'], [': comment'], ['event: message', 'retry: 5']),
    broken: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 5 }), line, fc.array(fc.nat()), async (list, end, places) => {
      const text = list
        .map(({ numbers, before, broken }) => {
          const data = JSON.stringify(numbers);
          const lines = broken ? [`data: ${data.slice(0, 1)}`, `data:${data.slice(1)}`] : [`data: ${data}`];
          return [...before, ...lines, '', ''].join(end);
        })
        .join('');
      const carried = await carry(even, events, cut(text, places));
      assert.equal(carried.refusal, null);
      const got = carried.text
        .split(/\r\n\r\n|\n\n|\r\r/)
        .filter(Boolean)
        .map(one =>
          one
            .split(/\r\n|\n|\r/)
            .filter(row => row.startsWith('data:'))
            .map(row => row.slice(5))
            .join(''),
        );
      assert.deepEqual(
        got.map(one => JSON.parse(one) as unknown),
        list.map(({ numbers }) => numbers.filter(n => n % 2 === 0)),
      );
    }),
    { numRuns: 200 },
  );
  const kept = ': hello\n\nid: 1\ndata:\n\nevent: x\ndata: {"a":1}\n\n';
  assert.equal((await carry(even, events, cut(kept, [3, 9, 20]))).text, kept);
});

test('a coded answer is read through its coding', async () => {
  const coded = gzipSync('[1,2,3]');
  const carried = await carry(even, { ...json, 'content-encoding': 'gzip' }, [
    coded.subarray(0, 11),
    coded.subarray(11),
  ]);
  assert.deepEqual([carried.text, carried.head?.includes('content-encoding')], ['[2]', false]);
});

test('an answer with two media types is one document to everybody', async () => {
  const two = { 'Content-Type': 'text/event-stream', 'content-type': 'application/json' };
  assert.equal((await carry(even, two, [Buffer.from('[1,2]')])).text, '[2]');
});

test('a secret is masked in what is sent, not in what came', async () => {
  const needles = new NeedleSet([Buffer.from('hush-hush')]);
  const told: Rewrite = () => '["hush-hush"]';
  assert.equal((await carry(told, json, [Buffer.from('[1]')], { needles })).text, '["*********"]');
});

test('what can’t be read is refused, and nothing of it has gone to the client', async () => {
  const refused = async (fields: Readonly<Record<string, string>>, body: Buffer): Promise<void> => {
    const { head, text, refusal } = await carry(even, fields, [body]);
    assert.deepEqual([head, text, refusal], [null, '', 'upstream_protocol']);
  };
  await refused(json, Buffer.from('[1'));
  await refused(json, Buffer.from([0x5b, 0xff, 0x5d]));
  await refused(json, Buffer.alloc((4 << 20) + 1, ' '));
  await refused({ 'content-type': 'text/html' }, Buffer.from('<p>'));
  await refused({ ...json, 'content-encoding': 'compress' }, Buffer.from('[1]'));
  await refused({ ...json, 'content-encoding': 'gzip' }, Buffer.from('[1,2,3] is not gzip'));
  // One client takes it for an event stream, another one for a document.
  await refused(
    { 'Content-Type': 'application/json', 'content-type': 'text/event-stream' },
    Buffer.from('data: [1]\n\n'),
  );
  const late = await carry(even, events, [Buffer.from('data: [1,2]\n\ndata: [1\n\n')]);
  assert.deepEqual([late.text, late.refusal], ['data: [2]\n\n', 'upstream_protocol']);
});

test('an error, and an answer that nobody rewrites, pass as they are', async () => {
  assert.equal((await carry(even, json, [Buffer.from('[1]')], { status: 404 })).text, '[1]');
  assert.equal((await carry(null, json, [Buffer.from('[1]')])).text, '[1]');
  assert.deepEqual((await carry(even, { 'content-length': '0' }, [])).refusal, null);
});
