/**
 * Succession: a proxy that is started while the one before it lets its requests end takes its place. It takes the port as
 * soon as the other has let go of it, and holds what connects there until it can serve: nobody is turned away meanwhile.
 */
import { createServer, type Socket, type Server as TcpServer } from 'node:net';
import { addressOf, listening } from './listen.js';

/** How often it is tried again, in milliseconds: for so long, at most, nobody listens. */
const interval = 20;

/** Most connections that are held. */
const mostHeld = 1_024;

/** A port that was taken before there was anybody to serve it. */
export interface Door {
  /** Gives the port, and what waits there, to the server that serves it. */
  handTo(server: TcpServer): Promise<void>;
  close(): void;
}

/** Takes the port as soon as it is free; null while it isn't. */
async function openDoor(listen: string, last: string): Promise<Door | null> {
  const held = new Set<Socket>();
  const server = createServer({ noDelay: true, pauseOnConnect: true }, socket => {
    if (held.size >= mostHeld) return void socket.destroy();
    held.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => held.delete(socket));
  });
  const address = addressOf(listen, last);
  // A free port is found when it comes to that.
  if (address.port === 0 || !(await listening(server, address).then(Boolean, () => false))) return null;
  return {
    async handTo(next) {
      await listening(next, server);
      for (const socket of held) next.emit('connection', socket);
      held.clear();
    },
    close() {
      server.close();
      for (const socket of held) socket.destroy();
    },
  };
}

/**
 * Calls `open` until it doesn't throw `busy` (a fault with that code) any more, as long as `waits` says that the one that
 * is there will end. Returns what it gave, and the port if it was taken meanwhile. `last` as for `listenOn`.
 */
export async function succeed<T>(
  open: () => T,
  waits: () => Promise<boolean>,
  listen: string,
  last: string,
): Promise<{ readonly opened: T; readonly door: Door | null }> {
  let door: Door | null = null;
  for (;;) {
    try {
      return { opened: open(), door };
    } catch (error) {
      if ((error as { code?: string }).code !== 'busy' || !(await waits())) {
        door?.close();
        throw error;
      }
    }
    door ??= await openDoor(listen, last);
    await new Promise(resolve => setTimeout(resolve, interval));
  }
}
