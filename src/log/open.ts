/** Opening the log for writing: its key, its writer, and what the last stop left. */
import type { KeyObject } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { exitCode, Fault } from '../errors.js';
import { createKey, publicKeyPath, readPrivateKey, writeWhole } from './key.js';
import { type Log, type LogOptions, OpenLog } from './log.js';
import { rawPublicKey, Verifier } from './note.js';
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

function started(worker: Worker, path: string): Promise<Ready> {
  return new Promise((resolve, reject) => {
    const fault = (why: string, hint: string): void => {
      void worker.terminate();
      reject(new Fault(exitCode.failed, `The log ${path} can't be opened: ${why.replace(/\.$/, '')}.`, hint));
    };
    const onError = (error: Error): void => fault(error.message, 'See `tf doctor`.');
    worker.once('error', onError);
    worker.once('message', (answer: Ready | Failed) => {
      worker.off('error', onError);
      if (!('failure' in answer)) return resolve(answer);
      const hint = answer.damaged
        ? 'Look at it with `tf audit verify`. Nothing is repaired by itself: move the file away to begin a new log.'
        : 'Check the disk, and who may write the directory.';
      fault(answer.failure, hint);
    });
  });
}

/**
 * Opens the log for writing, or begins it. One process at a time. What an unclean stop left is looked at and recorded
 * (`log.recovered`). Throws `Fault` when another process holds it, when it is damaged, or when its key is missing.
 */
export async function openLog(options: LogOptions): Promise<Log> {
  const key = keyFor(options.path, options.keyPath);
  const origin = `tollfence.local/${ulids(options.now, options.random)()}`;
  const workerData: Start = { path: options.path, origin, key };
  const worker = new Worker(new URL('./writer.js', import.meta.url), { workerData, execArgv: [] });
  const ready = await started(worker, options.path);
  const verifier = new Verifier(ready.origin, rawPublicKey(key));
  const log = new OpenLog(options, worker, ready, verifier);
  if (ready.size === 0) {
    writeWhole(publicKeyPath(options.keyPath), `${verifier}\n`, 0o644);
    log.note({ type: 'log.created', run: null, log: { origin: log.origin, public_key: log.publicKey } });
  }
  if (ready.found !== null) log.note({ type: 'log.recovered', run: null, found: ready.found });
  await log.head();
  return log;
}
