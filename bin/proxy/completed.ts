/** Requests of the proxy's own (look-ups, exchanges): each ends with an entry that says how, whatever happens. */
import type { Log } from '../../src/log/index.js';
import type { Subject } from '../../src/model.js';

/** What is known of one, for the entry; `send` puts in what it learns. */
export interface Course {
  status: number | null;
  /** Name and version of the secret that went with it. */
  credential: string | null;
}

/** Does `send` and records how it ended; `failure` is the error if it threw. `decided` is the id of its decision's entry. */
export async function completed<T>(
  log: Pick<Log, 'note'>,
  { run, id: gateway }: Pick<Subject, 'run' | 'id'>,
  decided: string,
  failure: string,
  send: (course: Course) => Promise<T>,
): Promise<T> {
  const started = performance.now();
  const course: Course = { status: null, credential: null };
  let error: string | null = failure;
  try {
    const result = await send(course);
    error = null;
    return result;
  } finally {
    const { status, credential } = course;
    const duration_ms = Math.round(performance.now() - started);
    log.note({ type: 'action.completed', run, gateway, decided, status, error, credential, duration_ms });
  }
}
