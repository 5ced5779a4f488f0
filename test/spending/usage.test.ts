import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Usage, usageReader } from '../../src/spending/index.js';

const sse = 'text/event-stream';
const nothing: Usage = { input: 0, cached: 0, written: 0, writtenLong: 0, output: 0 };

/** What a reader finds in this text, cut into pieces at these places. */
function read(mediaType: string | null, text: string, cuts: readonly number[] = [], ends = true): Usage | null {
  const reader = usageReader();
  reader.begin(200, mediaType);
  const bytes = Buffer.from(text);
  let from = 0;
  for (const at of [...cuts.map(cut => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]) {
    reader.data(bytes.subarray(from, at));
    from = at;
  }
  if (ends) reader.end();
  return reader.usage;
}

const event = (data: object, newline: string): string => `data: ${JSON.stringify(data)}${newline}${newline}`;
const chunk = (newline: string): string =>
  event({ choices: [{ delta: { content: 'é"usage"😀' } }], usage: null }, newline) +
  event({ choices: [], usage: { prompt_tokens: 9, completion_tokens: 4 } }, newline) +
  `data: [DONE]${newline}${newline}`;

const message = (newline: string): string =>
  event(
    {
      type: 'message_start',
      message: {
        usage: {
          input_tokens: 3,
          cache_creation_input_tokens: 7,
          cache_creation: { ephemeral_1h_input_tokens: 5 },
          cache_read_input_tokens: 11,
          output_tokens: 1,
        },
      },
    },
    newline,
  ) +
  event({ type: 'message_delta', usage: { output_tokens: 20 } }, newline) +
  event({ type: 'message_delta', usage: { output_tokens: 42 } }, newline) +
  event({ type: 'message_stop' }, newline);

test('a stream says the same however it is cut, and whichever line ends it has', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(), { maxLength: 30 }), fc.constantFrom('\n', '\r\n'), (cuts, newline) => {
      assert.deepEqual(read(sse, chunk(newline), cuts), { ...nothing, input: 9, output: 4 });
      assert.deepEqual(read(sse, message(newline), cuts), {
        input: 3,
        cached: 11,
        written: 2,
        writtenLong: 5,
        output: 42,
      });
    }),
  );
});

test('a stream that breaks off before its end has no usage, wherever that is', () => {
  for (const whole of [chunk('\n'), message('\n')])
    fc.assert(
      fc.property(fc.nat(whole.length - 12), length => {
        assert.equal(read(sse, whole.slice(0, length)), null);
      }),
    );
  assert.equal(read(sse, message('\n'), [], false), null);
  assert.equal(read('application/json', '{"usage":{"prompt_tokens":1}}', [], false), null);
});

test('cached tokens are part of the input with OpenAI, and besides it with Anthropic', () => {
  const whole = (usage: object): Usage | null => read('application/json', JSON.stringify({ usage }));
  assert.deepEqual(whole({ prompt_tokens: 10, completion_tokens: 2, prompt_tokens_details: { cached_tokens: 4 } }), {
    ...nothing,
    ...{ input: 6, cached: 4, output: 2 },
  });
  assert.deepEqual(
    whole({ input_tokens: 10, output_tokens: 2, total_tokens: 12, input_tokens_details: { cached_tokens: 4 } }),
    {
      ...nothing,
      ...{ input: 6, cached: 4, output: 2 },
    },
  );
  assert.deepEqual(whole({ input_tokens: 10, output_tokens: 2, cache_read_input_tokens: 4 }), {
    ...nothing,
    ...{ input: 10, cached: 4, output: 2 },
  });
});

test('what an event leaves open stands as an earlier one has said it', () => {
  const text =
    event({ type: 'message_start', message: { usage: { input_tokens: 3, output_tokens: 1 } } }, '\n') +
    event({ type: 'message_delta', usage: { input_tokens: null, output_tokens: 8 } }, '\n') +
    event({ type: 'message_stop' }, '\n');
  assert.deepEqual(read(sse, text), { ...nothing, input: 3, output: 8 });
});

test('a number of tokens that is none makes all of it unreadable, never nothing', () => {
  const whole = (usage: object): Usage | null => read('application/json', JSON.stringify({ usage }));
  for (const odd of [-1, 1.5, 1e20, '7', {}]) {
    assert.equal(whole({ prompt_tokens: odd, completion_tokens: 1 }), null);
    assert.equal(whole({ prompt_tokens: 1, completion_tokens: odd }), null);
    assert.equal(whole({ input_tokens: 1, output_tokens: odd }), null);
    assert.equal(whole({ input_tokens: 1, output_tokens: 1, cache_creation_input_tokens: odd }), null);
    assert.equal(whole({ prompt_tokens: 1, prompt_tokens_details: { cached_tokens: odd } }), null);
  }
  assert.deepEqual(whole({ prompt_tokens: 3, completion_tokens: null }), { ...nothing, input: 3 });
});

test('what is no usage is none: other JSON, other media types, coded bodies, and text that only looks like it', () => {
  for (const text of [
    '',
    '[]',
    'null',
    '{',
    '{"usage":null}',
    '{"usage":{"prompt_tokens":"9"}}',
    '{"usage":{"total_tokens":9}}',
  ])
    assert.equal(read('application/json', text), null, text);
  assert.equal(read('text/plain', '{"usage":{"prompt_tokens":1}}'), null);
  assert.equal(read(null, '{"usage":{"prompt_tokens":1}}'), null);
  assert.equal(read(sse, 'event: "usage"\n: {"usage":{"prompt_tokens":1}}\ndata: [DONE]\n\n'), null);
  assert.equal(read(sse, `data: ${'x'.repeat(5 << 20)}\n\n${chunk('\n')}`), null);
});
