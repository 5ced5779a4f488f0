/** Frames: HTTP/2 byte by byte (RFC 9113 §4, RFC 7541), for what no library would send. */
import type { Socket } from 'node:net';

export const DATA = 0;
export const HEADERS = 1;
export const RST_STREAM = 3;
export const SETTINGS = 4;
export const PING = 6;
export const GOAWAY = 7;
export const CONTINUATION = 9;
export const END_STREAM = 1;
export const END_HEADERS = 4;

/** One frame. */
export function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

const text = (value: string): Buffer => {
  const bytes = Buffer.from(value, 'latin1');
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const length = [0x7f];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest >>= 7) length.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([...length, rest]), bytes]);
};

/** Fields as literals without indexing (RFC 7541 §6.2.2), names and values in turn. */
export function block(...fields: readonly string[]): Buffer {
  const parts: Buffer[] = [];
  for (let i = 0; i < fields.length; i += 2) parts.push(Buffer.from([0]), text(fields[i]!), text(fields[i + 1]!));
  return Buffer.concat(parts);
}

/** The fields that every request to `two.test` has. */
export const head = (method: string, path: string, ...more: string[]): Buffer =>
  block(':method', method, ':scheme', 'https', ':authority', 'two.test', ':path', path, ...more);

/** Four bytes, as codes and credits are written. */
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A request in one frame; without a body, unless `flags` say that one follows. */
export const request = (fields: Buffer, id = 1, flags = END_STREAM): Buffer =>
  frame(HEADERS, flags | END_HEADERS, id, fields);

export const preface = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(SETTINGS, 0, 0)]);

/** A frame that came. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** Waits for a frame, or for the end of the connection, which is null. `skip`: bytes that come before the first. */
export function frames(socket: Socket, skip = 0): (fits: (frame: Frame) => boolean) => Promise<Frame | null> {
  let buffer = Buffer.alloc(0);
  let over = false;
  const come: Frame[] = [];
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const look of waiting) look();
  };
  socket.on('data', (chunk: Buffer) => {
    buffer = Buffer.concat([buffer, chunk]);
    if (skip > 0 && buffer.length >= skip) {
      buffer = buffer.subarray(skip);
      skip = 0;
    }
    if (skip > 0) return;
    for (;;) {
      const end = buffer.length < 9 ? Number.POSITIVE_INFINITY : 9 + buffer.readUIntBE(0, 3);
      if (buffer.length < end) break;
      come.push({
        type: buffer[3]!,
        flags: buffer[4]!,
        stream: buffer.readUInt32BE(5),
        payload: Buffer.from(buffer.subarray(9, end)),
      });
      buffer = buffer.subarray(end);
    }
    wake();
  });
  socket.once('close', () => {
    over = true;
    wake();
  });
  return fits =>
    new Promise(resolve => {
      const look = (): void => {
        const found = come.find(fits);
        if (found === undefined && !over) return;
        waiting.delete(look);
        resolve(found ?? null);
      };
      waiting.add(look);
      look();
    });
}
