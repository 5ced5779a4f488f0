/**
 * Connections: how many clients there may be, in all, of one gateway, and of those who have shown no token yet. To show
 * none costs nothing, so when there is no room the oldest of those makes it; a gateway that has its share is asked to come
 * back, and nobody else notices.
 */
import type { Socket } from 'node:net';
import { Refusal } from '../errors.js';

/** How many connections there may be at once. */
export interface ConnectionLimits {
  readonly connections: number;
  readonly perGateway: number;
  readonly unauthenticated: number;
  /** Unauthenticated, from one address. */
  readonly perPeer: number;
}

/** The connections of clients. */
export interface Connections {
  /** Counts one that has just come. Closed at once if there is no room; then the result is false. */
  enter(socket: Socket): boolean;
  /** Says whose it is, once a token was shown on it; it stays the first one's. Throws `Refusal` (`overloaded`). */
  claim(socket: Socket, gateway: string): void;
}

interface Client {
  // Kept, because Node forgets the address of a socket that has closed.
  readonly peer: string;
  gateway: string | null;
}

/** Counts connections, beginning with none. */
export function openConnections(limits: ConnectionLimits): Connections {
  const clients = new Map<Socket, Client>();
  const owned = new Map<string, number>();
  // A Set keeps the order of insertion: whoever is first has been silent for longest.
  const strangers = new Set<Socket>();
  const peers = new Map<string, Set<Socket>>();

  const known = (socket: Socket, peer: string): void => {
    strangers.delete(socket);
    const same = peers.get(peer);
    same?.delete(socket);
    if (same?.size === 0) peers.delete(peer);
  };
  const leave = (socket: Socket): void => {
    const client = clients.get(socket);
    if (client === undefined) return;
    clients.delete(socket);
    known(socket, client.peer);
    if (client.gateway === null) return;
    const left = owned.get(client.gateway)! - 1;
    if (left > 0) owned.set(client.gateway, left);
    else owned.delete(client.gateway);
  };
  /** Closes the first of these; false if there is none. */
  const dismiss = ([oldest]: Iterable<Socket>): boolean => {
    if (oldest === undefined) return false;
    leave(oldest);
    oldest.destroy();
    return true;
  };

  return {
    enter(socket) {
      const peer = socket.remoteAddress ?? '';
      const same = peers.get(peer);
      if (same !== undefined && same.size >= limits.perPeer) dismiss(same);
      if (strangers.size >= limits.unauthenticated) dismiss(strangers);
      if (clients.size >= limits.connections && !dismiss(strangers)) {
        socket.destroy();
        return false;
      }
      clients.set(socket, { peer, gateway: null });
      strangers.add(socket);
      // Asked for again: the last of its peers may just have been dismissed.
      peers.set(peer, (peers.get(peer) ?? new Set()).add(socket));
      socket.once('close', () => leave(socket));
      return true;
    },
    claim(socket, gateway) {
      const client = clients.get(socket);
      if (client === undefined || client.gateway !== null) return;
      const count = owned.get(gateway) ?? 0;
      if (count >= limits.perGateway)
        throw new Refusal('overloaded', `${gateway} has ${count} connections open, and one gateway may not have more.`);
      client.gateway = gateway;
      owned.set(gateway, count + 1);
      known(socket, client.peer);
    },
  };
}
