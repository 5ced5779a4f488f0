/** Carrier: whoever carries the requests, this process alone or its workers, as the rest of the house sees it. */
import type { Server as TcpServer } from 'node:net';
import type { KillScope } from '../../src/model.js';
import type { DataPath } from './data-path.js';

/** One worker, as `tf status` shows it. */
export interface WorkerStatus {
  readonly pid: number;
  readonly connections: number;
  readonly requests: number;
}

export interface Carrier {
  /** The server of clients; it isn't listening yet. */
  readonly listener: TcpServer;
  /** How many requests are on their way. */
  readonly exchanges: number;
  /** Empty when this process carries them itself. */
  readonly workers: readonly WorkerStatus[];
  /** Ends what a scope covers, under the state as it is now; resolves when all of it is destroyed. */
  stop(scope: KillScope): Promise<{ exchanges: number; tunnels: number }>;
  /** Tells of a change of the state (runs, gateways, permissions, kills), secrets, tokens or connectors; resolves when it holds. */
  changed(what: 'state' | 'secrets' | 'tokens' | 'connectors'): Promise<void>;
  /** Tells of another policy, or (null) of the default one; resolves when it is in force. */
  replaced(wasm: Uint8Array | null): Promise<void>;
  /** Takes no new connections, and lets requests in flight end, for `limit` ms or until `hurry`; then ends the rest. */
  drain(limit: number, hurry: Promise<void>): Promise<void>;
}

/** This process carries the requests itself: what changes is seen where it changes. */
export const alone = (path: DataPath): Carrier => ({
  listener: path.listener,
  get exchanges() {
    return path.exchanges;
  },
  workers: [],
  stop: async scope => path.stop(scope),
  changed: async () => {},
  replaced: async () => {},
  drain: path.drain,
});
