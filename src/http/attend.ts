/**
 * Attend: a connection that nobody reads from is read on for a while, so that its end is seen: Node asks the system for nothing of a
 * socket that nobody reads.
 */
import type { Duplex } from 'node:stream';

/** A client that sends more than this before it has an answer doesn't wait for one. */
const most = 256 << 10;

/** Reads on from a socket; call what it returns before anybody else reads: it puts back what was read. */
export function attend(socket: Duplex): () => void {
  const read: Buffer[] = [];
  let length = 0;
  const look = (): void => {
    for (let chunk = socket.read() as Buffer | null; chunk !== null; chunk = socket.read() as Buffer | null) {
      read.push(chunk);
      length += chunk.length;
    }
    if (length > most) socket.destroy();
  };
  socket.on('readable', look);
  return () => {
    socket.off('readable', look);
    if (length > 0 && !socket.destroyed) socket.unshift(Buffer.concat(read));
    read.length = 0;
    length = 0;
  };
}
