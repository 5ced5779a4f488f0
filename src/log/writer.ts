/**
 * The writer's thread: the only place that writes `ledger.db`. One message is one transaction; while it commits, the
 * other side gathers what arrives, and that is the next message (group commit).
 */
import type { KeyObject } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { Damaged, type Found, Store } from './store.js';

/** What the writer is started with. */
export interface Start {
  readonly path: string;
  /** For a log that doesn't exist yet. */
  readonly origin: string;
  readonly key: KeyObject;
}

/** One transaction. */
export interface Batch {
  /** Three lines for each entry: id, the text before `prev`, the text after it. Empty: no entry. */
  readonly entries: string;
  /** Sign a checkpoint that covers them. */
  readonly checkpoint: boolean;
  /** Send back the entries' texts. */
  readonly echo: boolean;
  /** Sign, note that the stop was clean, and end the thread. */
  readonly close: boolean;
}

/** The answer to the start. */
export interface Ready {
  readonly ready: true;
  readonly origin: string;
  readonly size: number;
  readonly lastId: string | undefined;
  readonly found: Found | null;
  /** The last signed checkpoint. */
  readonly checkpoint: string | null;
}

/** The answer to a batch that is on disk. */
export interface Done {
  readonly checkpoint: string | null;
  readonly texts: readonly string[];
}

/** The answer when something failed; the thread does nothing more. */
export interface Failed {
  readonly failure: string;
  /** It may have been a write or a sync: nobody knows what the disk holds. */
  readonly disk: boolean;
  /** It is the file, not the disk: somebody must look at it. */
  readonly damaged: boolean;
}

const failed = (error: unknown): Failed => {
  const { code, message } = error as { code?: string; message: string };
  return {
    failure: code === undefined ? message : `${message} (${code})`,
    // What JavaScript itself throws has no code, or one of Node's own.
    disk: code !== undefined && !code.startsWith('ERR_'),
    damaged: error instanceof Damaged,
  };
};

function serve(port: NonNullable<typeof parentPort>, start: Start): void {
  const store = new Store(start.path, start.origin, start.key);
  const { size, lastId, found, checkpoint } = store;
  port.postMessage({
    ready: true,
    origin: store.verifier.name,
    size,
    lastId,
    found,
    checkpoint: checkpoint?.text ?? null,
  } satisfies Ready);
  port.on('message', (batch: Batch) => {
    try {
      const lines = batch.entries === '' ? [] : batch.entries.split('\n');
      const texts = lines.length > 0 || batch.checkpoint ? store.append(lines, batch.checkpoint, batch.echo) : [];
      if (batch.close) store.close();
      port.postMessage({ checkpoint: store.checkpoint?.text ?? null, texts } satisfies Done);
      if (batch.close) port.close();
    } catch (error) {
      // The connection stays as it is: closing it would write to a file of which we know nothing any more.
      port.postMessage(failed(error));
      port.close();
    }
  });
}

try {
  serve(parentPort!, workerData as Start);
} catch (error) {
  parentPort!.postMessage(failed(error));
}
