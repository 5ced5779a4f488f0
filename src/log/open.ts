/** Opening the log for writing: its key, its writer, and what the last stop left. */
import type { KeyObject } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { exitCode, Fault } from '../errors.js';
import type { Writer } from './commits.js';
import { createKey, publicKeyPath, readPrivateKey, writeWhole } from './key.js';
import { type Log, type LogOptions, OpenLog } from './log.js';
import { rawPublicKey, Verifier } from './note.js';
import { LostWriter } from './recovery.js';
import { ulids } from './ulid.js';
import type { Failed, Ready, Start } from './writer.js';

/** The key of a log. A log whose key is gone is not given another one: its checkpoints would contradict each other. */
function keyFor(path: string, keyPath: string): KeyObject {
  const key = readPrivateKey(keyPath);
  if (key !== null) return key;
  if (existsSync(path) && statSync(path).size > 0) {
    throw new Fault(
      exitCode.failed,
      `The key ${keyPath} of the log ${path} is gone.`,
      'Restore it; or move the log away to begin a new one: the old one can still be verified with its public key.',
    );
  }
  return createKey(keyPath);
}

const damage =
  'Look at it with `tf audit verify`. Nothing is repaired by itself: move the file away to begin a new log.';

/** Starts a writer. Rejects `LostWriter`, or a `Fault` when it says that the file can't be opened. */
function startWriter(workerData: Start): Promise<Writer> {
  const worker = new Worker(new URL('./writer.js', import.meta.url), { workerData, execArgv: [] });
  return new Promise((resolve, reject) => {
    const settle = (error: Error | null, ready: Ready | null): void => {
      worker.off('error', failed).off('exit', ended).off('message', said);
      if (ready !== null) return resolve({ worker, ready });
      // Only when it has ended has it let go of the file.
      void worker.terminate().then(() => reject(error));
    };
    const failed = (error: Error): void => settle(new LostWriter(error.message), null);
    const ended = (): void => settle(new LostWriter('its writer ended'), null);
    const said = (answer: Ready | Failed): void => {
      if (!('failure' in answer)) return settle(null, answer);
      const why = answer.failure.replace(/\.$/, '');
      const hint = answer.damaged ? damage : 'Check the disk, and who may write the directory.';
      settle(new Fault(exitCode.failed, `The log ${workerData.path} can't be opened: ${why}.`, hint), null);
    };
    worker.on('error', failed).on('exit', ended).on('message', said);
  });
}

/**
 * Opens the log for writing, or begins it. One process at a time. What an unclean stop left is looked at and recorded
 * (`log.recovered`). Throws `Fault` when another process holds it, when it is damaged, or when its key is missing.
 */
export async function openLog(options: LogOptions): Promise<Log> {
  const key = keyFor(options.path, options.keyPath);
  const origin = `tollfence.local/${ulids(options.now, options.random)()}`;
  const start: Start = { path: options.path, origin, key };
  const writer = await startWriter(start).catch((error: Error) => {
    if (!(error instanceof LostWriter)) throw error;
    throw new Fault(exitCode.failed, `The log ${options.path} can't be opened: ${error.message}.`, 'Try again.');
  });
  const { ready } = writer;
  const verifier = new Verifier(ready.origin, rawPublicKey(key));
  const log = new OpenLog(options, writer, verifier, () => startWriter({ ...start, origin: ready.origin }));
  if (ready.size === 0) {
    writeWhole(publicKeyPath(options.keyPath), `${verifier}\n`, 0o644);
    log.note({ type: 'log.created', run: null, log: { origin: log.origin, public_key: log.publicKey } });
  }
  if (ready.found !== null) log.note({ type: 'log.recovered', run: null, found: ready.found });
  await log.head();
  return log;
}
