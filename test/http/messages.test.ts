import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hasMessages, messageScrubber } from '../../src/http/messages.js';

const secret = Buffer.from('sk-secret-0123');

/** A message as gRPC frames it. */
function framed(content: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(content.length, 1);
  return Buffer.concat([prefix, content]);
}

const content = fc
  .array(fc.constantFrom(secret, secret.subarray(0, 2), Buffer.from('x'), Buffer.alloc(300, 'y')), { maxLength: 4 })
  .map(parts => Buffer.concat(parts));

test('a secret is masked in every message, however they are cut, and each message is there as soon as it is whole', () => {
  fc.assert(
    fc.property(fc.array(content, { maxLength: 5 }), fc.array(fc.nat(), { maxLength: 12 }), (messages, cuts) => {
      const sent = messages.map(framed);
      const bytes = Buffer.concat(sent);
      const wanted = bytes.toString('latin1').replaceAll(secret.toString(), '*'.repeat(secret.length));
      const ends = sent.map((_, i) => Buffer.concat(sent.slice(0, i + 1)).length);
      const scrub = messageScrubber([secret]);
      let shown = '';
      const places = [...new Set([...cuts.map(cut => cut % (bytes.length + 1)), ...ends])].sort((a, b) => a - b);
      for (const [i, place] of places.entries()) {
        shown += scrub.push(bytes.subarray(places[i - 1] ?? 0, place)).toString('latin1');
        if (ends.includes(place)) assert.equal(shown.length, place, 'nothing of a whole message is kept back');
      }
      assert.equal(shown, wanted);
    }),
    { numRuns: 500 },
  );
});

test('bytes that only say that they are messages are searched all the same', () => {
  // The ends of messages, as whoever reflects them may have been told, stand everywhere in the secret.
  for (let length = 0; length <= secret.length; length++) {
    const bytes = Buffer.concat([framed(Buffer.alloc(length)).subarray(0, 5), secret, Buffer.from('the end')]);
    const scrub = messageScrubber([secret]);
    const pieces = [...bytes].map(byte => scrub.push(Buffer.of(byte)));
    const text = Buffer.concat([...pieces, scrub.end()])
      .toString('latin1')
      .slice(5);
    assert.match(text, /^(s?k?\*{12,})the end$/, `cut after ${length}`);
  }
});

test('only gRPC is made of messages', () => {
  const types = ['application/grpc', 'application/grpc+proto', 'application/grpc-web+proto'];
  assert.deepEqual(types.filter(hasMessages), types);
  assert.deepEqual(['application/json', 'application/grpc-web-text', 'text/event-stream', ''].filter(hasMessages), []);
});
