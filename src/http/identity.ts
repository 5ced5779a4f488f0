/**
 * Identity: the connections to one authority for one gateway and one credential. The first request finds out what the upstream
 * speaks; those that follow go straight to undici's pool, or to a session of HTTP/2.
 */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { Pool } from 'undici';
import { Refusal } from '../errors.js';
import type { Authority } from '../model.js';
import type { Dial } from './dial.js';
import { openSession, type Sender, type Session, type StreamController } from './sessions.js';

/** How a request goes on: by HTTP/1.1 if the upstream has it, by HTTP/2 if it has that, or by HTTP/2 or not at all. */
export type Speaks = 'http/1.1' | 'h2' | 'only h2';

export interface IdentityOptions {
  /** Most connections of HTTP/1.1. */
  readonly connections: number;
  /** Milliseconds until the head of a response must be there. */
  readonly headersTimeout: number;
}

export interface Identity {
  sender(speaks: Speaks): Sender;
  /** Nothing is under way. */
  readonly idle: boolean;
  destroy(): void;
}

type Protocol = 'http/1.1' | 'h2';

/** What an upstream turned out not to speak is asked for again after this many milliseconds. */
const memory = 300_000;
/** A connection that was opened to find that out and isn't used is closed after this many milliseconds. */
const spareTime = 5_000;

/** Opens nothing yet. */
export function openIdentity(authority: Authority, dial: Dial, options: IdentityOptions): Identity {
  const sessions = new Set<Session>();
  /** When it was found out that the upstream speaks, or doesn't speak, a protocol. */
  const has = new Set<Protocol>(authority.scheme === 'http' ? ['http/1.1'] : []);
  const lacks = new Map<Protocol, number>(authority.scheme === 'http' ? [['h2', Number.POSITIVE_INFINITY]] : []);
  /** Connections that are being opened, by what they are to speak. */
  const meeting = new Map<Protocol, Promise<Protocol>>();
  let spare: Socket | null = null;
  let destroyed = false;

  const host = authority.host.includes(':') ? `[${authority.host}]` : authority.host;
  const pool = new Pool(`${authority.scheme}://${host}:${authority.port}`, {
    connections: options.connections,
    pipelining: 1,
    keepAliveTimeout: 30_000,
    headersTimeout: options.headersTimeout,
    bodyTimeout: 0,
    connect: (_, done) => {
      const ready = spare;
      spare = null;
      // Not at once: undici, which asks from within its own loop, would not look again whether it may send.
      if (ready !== null && !ready.destroyed) return queueMicrotask(() => done(null, ready.setTimeout(0)));
      dial(authority, ['http/1.1']).then(
        socket => done(null, socket),
        (error: Error) => done(error, null),
      );
    },
  });

  const lacking = (protocol: Protocol): boolean => (lacks.get(protocol) ?? 0) > performance.now();
  const learn = (protocol: Protocol, not: Protocol | null): Protocol => {
    has.add(protocol);
    lacks.delete(protocol);
    if (not !== null) {
      has.delete(not);
      lacks.set(not, performance.now() + memory);
    }
    return protocol;
  };
  const keep = async (socket: Socket): Promise<void> => {
    const stop = (): void => {
      if (!destroyed) return;
      socket.destroy();
      throw new Refusal('upstream_reset', 'The connections of this gateway were ended.');
    };
    stop();
    if ((socket as TLSSocket).alpnProtocol === 'h2') {
      const session = openSession(socket, authority, options.headersTimeout, () => sessions.delete(session));
      await session.ready;
      stop();
      if (session.free) sessions.add(session);
      return;
    }
    spare?.destroy();
    spare = socket.setTimeout(spareTime, () => {
      if (spare === socket) socket.destroy();
    });
  };
  /** Opens a connection and says what it speaks. */
  const meet = async (wanted: Protocol): Promise<Protocol> => {
    if (wanted === 'h2') {
      const socket = await dial(authority, ['h2', 'http/1.1']);
      await keep(socket);
      return (socket as TLSSocket).alpnProtocol === 'h2' ? learn('h2', null) : learn('http/1.1', 'h2');
    }
    try {
      await keep(await dial(authority, ['http/1.1']));
      return learn('http/1.1', null);
    } catch (error) {
      if (!/NO_APPLICATION_PROTOCOL/.test((error as { code?: string }).code ?? '')) throw error;
      await keep(await dial(authority, ['h2']));
      return learn('h2', 'http/1.1');
    }
  };
  /** As {@link meet}, for all who wait for it at the same time. */
  const met = (wanted: Protocol): Promise<Protocol> => {
    let pending = meeting.get(wanted);
    if (pending === undefined) {
      pending = meet(wanted).finally(() => meeting.delete(wanted));
      meeting.set(wanted, pending);
    }
    return pending;
  };
  const freest = (): Session | undefined => {
    let best: Session | undefined;
    for (const session of sessions) {
      if (session.free) return session;
      if (best === undefined || session.open < best.open) best = session;
    }
    return best;
  };

  /** Sends once it is known how. */
  const later = (speaks: Speaks, wanted: Protocol): Sender => ({
    dispatch(request, handler) {
      met(wanted)
        .then(protocol => {
          if (protocol === 'http/1.1' && speaks === 'only h2') throw tooOld(authority);
          if (protocol === 'http/1.1') return pool.dispatch(request, handler);
          const session = freest();
          if (session === undefined) throw new Refusal('upstream_reset', `${authority.host} closed the connection.`);
          // Others have waited for the same one.
          if (!session.free && sessions.size < maxSessions) return later(speaks, wanted).dispatch(request, handler);
          return session.dispatch(request, handler);
        })
        .catch((error: Error) => handler.onResponseError?.(nobody, error));
    },
  });

  return {
    sender(speaks) {
      if (speaks === 'http/1.1' && has.has('http/1.1')) return pool;
      const wanted = speaks === 'http/1.1' && !lacking('http/1.1') ? 'http/1.1' : 'h2';
      if (wanted === 'h2' && lacking('h2') && speaks !== 'only h2') return pool;
      if (wanted === 'h2') {
        const session = freest();
        if (session?.free || sessions.size >= maxSessions) return session ?? later(speaks, wanted);
      }
      return later(speaks, wanted);
    },
    get idle() {
      return pool.stats.running === 0 && meeting.size === 0 && [...sessions].every(({ open }) => open === 0);
    },
    destroy() {
      destroyed = true;
      spare?.destroy();
      for (const session of sessions) session.destroy();
      void pool.destroy().catch(() => {});
    },
  };
}

/** Most sessions of HTTP/2 of one identity; what they don't hold waits in the one with the fewest. */
const maxSessions = 16;

const tooOld = ({ host, port }: Authority): Refusal =>
  new Refusal('upstream_protocol', `${host}:${port} does not speak HTTP/2, and gRPC needs it.`);

/** Of a request that never began. */
const nobody: StreamController = {
  aborted: true,
  paused: false,
  reason: null,
  ended: false,
  abort: () => {},
  pause: () => {},
  resume: () => {},
};
