/** Opens the rooms that must be one for the whole proxy, in the order in which one needs the other. */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync } from 'node:fs';
import { type Approvals, openApprovals } from '../../src/approvals/index.js';
import { exitCode, Fault } from '../../src/errors.js';
import { type Gateways, openGateways } from '../../src/identity/gateways.js';
import { type Keys, openKeys } from '../../src/identity/keys.js';
import { type KillSwitch, openKillSwitch } from '../../src/identity/kill.js';
import { openRuns, type Runs } from '../../src/identity/runs.js';
import { openState, type State, type StoredRun } from '../../src/identity/state.js';
import { type Log, openLog } from '../../src/log/index.js';
import { type Policy, toData } from '../../src/policy/index.js';
import { type Ledger, openLedger } from '../../src/spending/index.js';
import { type CertificateAuthority, openAuthority } from '../../src/tls/authority.js';
import type { Vault } from '../../vault/index.js';
import { type Paths, unusable } from '../home.js';
import type { ProxyOptions } from './open.js';
import { openStoredPolicy } from './policy.js';
import { openSecrets } from './secrets.js';
import { type Door, succeed } from './succession.js';

/** What there is one of. */
export interface CoreRooms {
  readonly state: State;
  readonly gateways: Gateways;
  readonly keys: Keys;
  readonly kill: KillSwitch;
  readonly ledger: Ledger;
  readonly log: Log;
  readonly vault: Vault;
  readonly policy: Policy;
  readonly authority: CertificateAuthority;
  readonly runs: Runs;
  readonly approvals: Approvals;
}

/** Makes the directories of a home. Throws `Fault`. */
export function makePlace(at: Paths): void {
  try {
    mkdirSync(at.root, { recursive: true, mode: 0o700 });
    mkdirSync(at.run, { recursive: true, mode: 0o700 });
    chmodSync(at.root, 0o700);
  } catch (error) {
    throw unusable(at.root, error);
  }
}

function readable<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if ((error as { code?: string }).code === 'SQLITE_BUSY')
      throw Object.assign(new Fault(exitCode.failed, 'Another proxy uses this TF_HOME.', 'See it with: tf status'), {
        code: 'busy',
      });
    throw new Fault(
      exitCode.failed,
      `The state can't be read, so nothing is let through: ${error instanceof Error ? error.message : 'unknown'}`,
      `Restore ${path} from a backup, or move it away: gateways and permissions are then gone, the log stays.`,
    );
  }
}

/** Whether the process of a run from before a restart still lives. */
function alive({ pid }: StoredRun): boolean {
  if (pid === null) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Opens them; `door`: the port, if it was taken while another proxy ended. Throws `Fault`. */
export async function openRooms(
  { config, waits, diagnose }: ProxyOptions,
  at: Paths,
  listen: string,
  now: () => number,
): Promise<{ readonly rooms: CoreRooms; readonly door: Door | null }> {
  const opening = (): State => readable(at.state, () => openState(at.state));
  const { opened: state, door } = await succeed(opening, waits, listen, at.port);
  const gateways = readable(at.state, () => openGateways(state));
  const keys = openKeys(state, now);
  const kill = openKillSwitch(state);
  const ledger = openLedger({ store: state.spending, permission: id => gateways.permission(id), now });
  const { durability } = config.log;
  const log = await openLog({ path: at.ledger, keyPath: at.logKey, durability, now, random: randomBytes });
  const vault = await openSecrets(at, config, state);
  const data = toData(gateways.permissions(), gateways.list());
  const policy = await openStoredPolicy(at, state, data, config.policy.deadline, diagnose);
  const authority = openAuthority({ dir: at.ca, now, random: randomBytes, cache: config.limits.leaves });
  const runs = openRuns(state, gateways.find, alive, now);
  const { hold, expire } = config.approvals;
  const approvals = openApprovals({ log, now, hold, expire, perGateway: config.limits.approvals_per_gateway });
  return { rooms: { state, gateways, keys, kill, ledger, log, vault, policy, authority, runs, approvals }, door };
}
