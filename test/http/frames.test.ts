import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { maskFrames } from '../../src/http/frames.js';

const secret = Buffer.from('sk-secret-0123');

/** A frame as a server sends it (RFC 6455 §5.2). */
function frame(opcode: number, final: boolean, payload: Uint8Array): Buffer {
  const first = (final ? 0x80 : 0) | opcode;
  if (payload.length < 126) return Buffer.concat([Buffer.from([first, payload.length]), payload]);
  const length = Buffer.alloc(payload.length < 65_536 ? 4 : 10);
  length[0] = first;
  length[1] = payload.length < 65_536 ? 126 : 127;
  if (length.length === 4) length.writeUInt16BE(payload.length, 2);
  else length.writeBigUInt64BE(BigInt(payload.length), 2);
  return Buffer.concat([length, payload]);
}

/** What comes out for these chunks, without an end; an error is thrown. */
async function through(chunks: readonly Buffer[]): Promise<{ out: Buffer; found: number }> {
  let found = 0;
  const stream = maskFrames([secret], count => {
    found += count;
  });
  stream.on('error', () => {}); // told by the callback
  const out: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => out.push(Buffer.from(chunk)));
  for (const chunk of chunks)
    await new Promise<void>((resolve, reject) => stream.write(chunk, error => (error ? reject(error) : resolve())));
  await new Promise(resolve => setImmediate(resolve));
  return { out: Buffer.concat(out), found };
}

/** Cuts bytes at these places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [0, ...places.map(place => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end));
}

const payload = fc.array(fc.constantFrom(secret, Buffer.from('sk-sec'), Buffer.from('x'), Buffer.alloc(130, 0x61)), {
  maxLength: 4,
});

test('a message is searched as a whole, however it is cut into frames and chunks, and every frame stays', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(payload, fc.array(fc.nat(), { maxLength: 4 }), fc.boolean()), { maxLength: 4 }),
      fc.array(fc.nat(), { maxLength: 12 }),
      async (messages, places) => {
        const sent: Buffer[] = [];
        const wanted: Buffer[] = [];
        for (const [parts, fragments, pinged] of messages) {
          const whole = Buffer.concat(parts);
          const masked = Buffer.from(whole.toString('latin1').replaceAll(secret.toString(), '*'.repeat(secret.length)));
          for (const [list, content] of [
            [sent, whole],
            [wanted, masked],
          ] as const) {
            const pieces = cut(content, fragments);
            for (const [i, piece] of pieces.entries()) {
              list.push(frame(i === 0 ? 1 : 0, i === pieces.length - 1, piece));
              if (pinged) list.push(frame(9, true, list === sent ? secret : Buffer.alloc(secret.length, 0x2a)));
            }
          }
        }
        const { out } = await through(cut(Buffer.concat(sent), places));
        assert.equal(out.toString('latin1'), Buffer.concat(wanted).toString('latin1'));
      },
    ),
    { numRuns: 400 },
  );
});

test('what may be the start of a secret waits for the rest of its message, and no longer', async () => {
  const half = frame(1, false, secret.subarray(0, 8));
  assert.equal((await through([half])).out.includes(secret.subarray(0, 3)), false);
  const { out, found } = await through([half, frame(0, true, secret.subarray(8))]);
  assert.equal(found, 1);
  assert.equal(out.includes(secret.subarray(0, 3)), false);
  const whole = frame(1, true, secret.subarray(0, 8));
  assert.deepEqual((await through([whole])).out, whole);
});

test('frames that nobody agreed on end the connection', async () => {
  const masked = frame(1, true, secret);
  masked[1]! |= 0x80;
  const compressed = frame(1, true, secret);
  compressed[0]! |= 0x40;
  for (const [name, bytes] of Object.entries({
    masked,
    compressed,
    'a long ping': frame(9, true, Buffer.alloc(126)),
    'a ping in pieces': frame(9, false, Buffer.from('x')),
    'endless pieces': Buffer.concat([
      frame(1, false, secret.subarray(0, 8)),
      ...Array.from({ length: 2_000 }, () => frame(0, false, Buffer.alloc(0))),
    ]),
  }))
    await assert.rejects(through([bytes]), { code: 'upstream_protocol' }, name);
});
