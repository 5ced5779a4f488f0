/** Room: deferrals over a shelf in memory, a log that only remembers, and a clock that a test sets. */
import { createHash } from 'node:crypto';
import { type Deferrals, openDeferrals, type Wanted } from '../../src/deferrals/index.js';
import { Refusal } from '../../src/errors.js';
import { openTrace, type Trace } from '../../src/gateway.js';
import type { Shelf, StoredRun } from '../../src/identity/state.js';
import type { Draft, Effect, Subject } from '../../src/model.js';
import { mint } from '../../src/permit.js';

/** What outlives a proxy. */
export interface Ground {
  readonly shelves: Map<string, Map<string, string>>;
  readonly drafts: Draft[];
  now: number;
  /** The log refuses what comes. */
  broken: boolean;
}

export const start = Date.UTC(2026, 10, 20, 12);
export const ground = (): Ground => ({ shelves: new Map(), drafts: [], now: start, broken: false });

export const types = ({ drafts }: Ground): string[] => drafts.map(({ type }) => type);

const run: StoredRun = {
  id: 'run_1',
  gateway: 'agent',
  token_sha256: 'a',
  supervisor_sha256: 'b',
  pid: 1,
  started_at: '',
  chain: ['agent'],
  runs: ['run_1'],
  workload: {},
  user: { sub: 'ann' },
};

/** Opens the deferrals over this ground, as a proxy does that starts. */
export function openRoom(at: Ground): Deferrals {
  const shelf = <T>(kind: string): Shelf<T> => {
    const rows = at.shelves.get(kind) ?? new Map<string, string>();
    at.shelves.set(kind, rows);
    return {
      all: () => [...rows.values()].map(text => JSON.parse(text) as T),
      put: (key, value) => void rows.set(key, JSON.stringify(value)),
      remove: key => rows.delete(key),
    };
  };
  const record = async (draft: Draft): Promise<{ id: string; seq: number }> => {
    await new Promise(resolve => setImmediate(resolve));
    if (at.broken) throw new Refusal('log_unavailable', 'The log is broken.');
    at.drafts.push(draft);
    return { id: `ev_${at.drafts.length}`, seq: at.drafts.length };
  };
  return openDeferrals({
    state: { shelf, together: work => work() },
    log: {
      record,
      note: draft => String(at.drafts.push(draft)),
      async allow(draft, allowed) {
        const recorded = await record(draft);
        return { recorded, permit: mint({ ...allowed, evidence: recorded.id }, at.now) };
      },
    },
    // Not a vault: it only has to be the same purpose.
    vault: {
      seal: (purpose, plain) => Buffer.concat([Buffer.from(`${purpose}|`), plain]),
      unseal: (purpose, sealed) => sealed.subarray(purpose.length + 1),
    },
    run: id => (id === run.id ? run : undefined),
    now: () => at.now,
    window: 60_000,
    perGateway: 3,
    bytesPerGateway: 1_000,
  });
}

let entries = 0;

/** A request at the step of the line; `executes` a deferral, under this effect. */
export function wanted(path: string, body = '{}', executes: string | null = null, effect: Effect = 'defer'): Wanted {
  const bytes = Buffer.from(body);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const subject: Subject = {
    ...{
      type: 'agent' as const,
      id: 'agent',
      environment: '',
      labels: {},
      run: 'run_1',
      chain: ['agent'],
      runs: ['run_1'],
    },
    ...{ user: { sub: 'ann' }, workload: {} },
  };
  const authority = { scheme: 'https', host: 'api.example.com', port: 443 } as const;
  const facts = { state: 'complete', bytes: bytes.length, sha256 } as const;
  const trace: Trace = {
    ...openTrace({ subject, grants: [] }),
    evidence: `ev_decided_${++entries}`,
    request: { ...authority, method: 'POST', path, query: '', fields: [], body: facts, content: bytes, upgrade: null },
    question: {
      v: 1,
      subject,
      grant: null,
      action: { name: 'http.post', connector: 'http', access: 'write', parameters: {}, unknown: [] },
      resource: { type: 'host', id: 'api.example.com' },
      request: { ...authority, method: 'POST', path, body: facts },
      context: {
        ...{ time: '', weekday: '', hour: 0, minute: 0, timezone: 'UTC' },
        ...{ counters: {}, flags: [], confidence: 1 },
      },
    },
    decision: { effect, rule: 'perm_1', reason: 'Later.', secret: null, policy_sha256: `${entries}` },
  };
  const request = createHash('sha256').update(path).update(sha256).digest('hex');
  const allowed = { gateway: 'agent', run: 'run_1', request, ...authority, connector: 'http', secret: null };
  return { trace, allowed, grants: [], body: bytes, executes };
}

/** Defers it; the id that its client is told. */
export async function defer(room: Deferrals, path: string, body?: string): Promise<string> {
  try {
    await room.await(wanted(path, body));
  } catch (error) {
    if (error instanceof Refusal && error.code === 'deferred') return (error.extra.members!.defer as { id: string }).id;
    throw error;
  }
  throw new Error('It was let through.');
}
