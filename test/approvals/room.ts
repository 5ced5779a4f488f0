/** Room: approvals over a real state and a real log, with people who are whoever a test says. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Approvals, openApprovals, type People, type Signed } from '../../src/approvals/index.js';
import { openTrace, type Trace } from '../../src/gateway.js';
import { Flight } from '../../src/http/flights.js';
import { openState } from '../../src/identity/state.js';
import { type Log, openLog } from '../../src/log/index.js';
import type { Decision, Question } from '../../src/model.js';
import type { Allowed, Permit } from '../../src/permit.js';

/** The approvals, and what they stand on. */
export interface Room {
  readonly approvals: Approvals;
  readonly log: Log;
  /** Opened anew over the same state, as by another proxy. */
  again(): Room;
  close(): Promise<void>;
}

/** People who are registered by these names and roles, and whose signatures are always their own. */
export const people = (registered: Readonly<Record<string, readonly string[]>>): People => ({
  list: () => Object.entries(registered).map(([name, roles]) => ({ name, roles, added_at: '' })),
  required: () => Object.keys(registered).length > 0,
  check: ({ approver }) => ({ name: approver, roles: registered[approver]!, added_at: '' }),
  permit: () => {},
});

export const signed = (approver: string): Signed => ({
  approver,
  key: 'key_1',
  statement: '',
  signature: '',
  via: 'cli',
});

const subject: Question['subject'] = {
  ...{ type: 'agent', id: 'agent', environment: '', labels: {}, run: 'run_1', chain: ['agent'], runs: ['run_1'] },
  ...{ user: { sub: 'ann' }, workload: {} },
};

/** A question without a request, as the start of a child is one; `more` changes it. */
export const asking = (more: Partial<Question> = {}, decided: Partial<Decision> = {}): Trace => ({
  ...openTrace({ subject, grants: [] }),
  evidence: 'ev_1',
  question: {
    v: 1,
    subject,
    grant: null,
    action: {
      name: 'gateway.spawn',
      connector: 'gateway',
      access: 'permissions',
      parameters: { depth: 1 },
      unknown: [],
    },
    resource: { type: 'gateway', id: 'child' },
    request: { method: '', scheme: 'https', host: '', port: 443, path: '', body: { state: 'none', bytes: 0 } },
    context: {
      ...{ time: '', weekday: '', hour: 0, minute: 0, timezone: 'UTC', counters: {}, flags: [], confidence: 1 },
    },
    ...more,
  },
  decision: {
    ...{ effect: 'require_approval', rule: 'perm_1', reason: 'because', secret: null, policy_sha256: 'a'.repeat(64) },
    ...decided,
  },
});

const allowed: Omit<Allowed, 'evidence'> = {
  ...{ gateway: 'agent', run: 'run_1', request: '', host: '', port: 443, scheme: 'https', connector: 'gateway' },
  secret: null,
};

/** A client that waits. */
export const client = (): Flight =>
  new Flight(
    'exchange',
    () => {},
    () => {},
  );

/** Sends it; resolves with the permit, or rejects as it was refused. */
export const ask = (room: Room, trace: Trace, flight = client()): Promise<Permit> =>
  room.approvals.await(trace, flight, allowed, async () => {});

/** Opens one. `log` may stand before the real one. */
export async function openRoom(
  who: People = people({}),
  {
    hold = 20,
    expire = 60_000,
    now = Date.now,
    faulty = (log: Log): Pick<Log, 'record' | 'note' | 'allow'> => log,
  } = {},
): Promise<Room> {
  const dir = mkdtempSync(join(tmpdir(), 'tf-approvals-'));
  const state = openState(join(dir, 'state.db'));
  const log = await openLog({
    path: join(dir, 'ledger.db'),
    keyPath: join(dir, 'log.key'),
    durability: 'full',
    now,
    random: randomBytes,
  });
  const open = (): Room => {
    const approvals = openApprovals({
      ...{ state, log: faulty(log), now, hold, expire, people: who, owner: 'ann', perGateway: 1_000 },
    });
    return {
      approvals,
      log,
      again() {
        approvals.close();
        return open();
      },
      async close() {
        approvals.close();
        await log.close();
        state.close();
        rmSync(dir, { recursive: true, force: true });
      },
    };
  };
  return open();
}
