/** House: the rooms that grants are in, over a state of their own, at a time that a test sets. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { withGrants } from '../../src/identity/bearers.js';
import { type Gateways, openGateways } from '../../src/identity/gateways.js';
import { type Grants, openGrants } from '../../src/identity/grants.js';
import { type Keys, openKeys } from '../../src/identity/keys.js';
import { openRuns, type Run, type Runs } from '../../src/identity/runs.js';
import { openState } from '../../src/identity/state.js';

const dir = mkdtempSync(join(tmpdir(), 'tf-grants-'));
after(() => rmSync(dir, { recursive: true, force: true }));
let count = 0;

export interface House {
  readonly clock: { now: number };
  readonly now: () => number;
  readonly keys: Keys;
  readonly gateways: Gateways;
  readonly grants: Grants;
  readonly runs: Runs;
  close(): void;
  again(): House;
}

/** The rooms that grants are in, at a time that a test sets; `again` opens them anew over the same state. */
export function open(path = join(dir, `state-${++count}.db`), clock = { now: Date.UTC(2026, 10, 20) }): House {
  const state = openState(path);
  const gateways = openGateways(state);
  const now = (): number => clock.now;
  const keys = openKeys(state, now);
  const processes = openRuns(state, gateways.find, () => true, now);
  const grants: Grants = openGrants({
    ...{ state, keys, runs: processes, gateway: gateways.find, now, issuer: 'tollfence.local/test' },
    sign: subject => keys.sign(subject.id, Buffer.from(subject.run)),
  });
  const runs: Runs = withGrants(processes, grants);
  if (gateways.find('agent') === undefined) gateways.create({ name: 'agent' }, clock.now);
  const close = (): void => {
    grants.close();
    state.close();
  };
  const again = (): House => {
    close();
    return open(path, clock);
  };
  return { clock, now, keys, gateways, grants, runs, close, again };
}
export const issue = (
  { grants, gateways }: House,
  {
    caller = null,
    whole = false,
    ttl = 60_000,
    actions = ['http.get'],
  }: {
    caller?: Run | null;
    whole?: boolean;
    ttl?: number;
    actions?: string[];
  } = {},
) =>
  grants.issue(
    { gateway: gateways.find('agent')!, task: 'a task', actions, resources: [], ttl },
    { caller, whole, user: { sub: 'u' }, by: 'tests' },
  );
export const start = ({ runs, gateways }: House): Run =>
  runs.start(gateways.find('agent')!, { pid: null, user: { sub: 'u' }, workload: {} }).run;
