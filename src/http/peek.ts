/** Peek: what a connection speaks shows in its first byte, which is looked at and not taken. */
import type { Socket } from 'node:net';

/** The first byte of a TLS record that holds a handshake (RFC 8446 §5.1). */
export const tlsHandshake = 0x16;

/** Calls `then` with the first byte, once it is there. A connection that stays silent for `limit` ms is closed. */
export function firstByte(socket: Socket, limit: number, then: (byte: number) => void): void {
  const timer = setTimeout(() => socket.destroy(), limit);
  const look = (): void => {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) return void socket.once('readable', look);
    clearTimeout(timer);
    socket.unshift(chunk);
    then(chunk[0]!);
  };
  socket.once('close', () => clearTimeout(timer));
  socket.once('readable', look);
}
