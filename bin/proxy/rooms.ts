/** Opens the rooms that must be one for the whole proxy, in the order in which one needs the other. */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync } from 'node:fs';
import { type Approvals, openApprovals } from '../../src/approvals/index.js';
import { type Approvers, type Links, openApprovers, openLinks } from '../../src/approvers/index.js';
import { type Deferrals, openDeferrals } from '../../src/deferrals/index.js';
import { exitCode, Fault } from '../../src/errors.js';
import { withGrants } from '../../src/identity/bearers.js';
import { type Gateways, openGateways } from '../../src/identity/gateways.js';
import { type Grants, openGrants } from '../../src/identity/grants.js';
import { type Internals, openInternals } from '../../src/identity/internal.js';
import { type Keys, openKeys } from '../../src/identity/keys.js';
import { type KillSwitch, openKillSwitch } from '../../src/identity/kill.js';
import { bootId, exists } from '../../src/identity/liveness.js';
import { processes } from '../../src/identity/processes.js';
import { type Digests, openDigests } from '../../src/identity/program.js';
import { openRemains, type Remains } from '../../src/identity/remains.js';
import { openRuns, type Runs } from '../../src/identity/runs.js';
import { signSubject } from '../../src/identity/signature.js';
import { standing } from '../../src/identity/standing.js';
import { openState, type State, type StoredRun } from '../../src/identity/state.js';
import { type Log, openLog } from '../../src/log/index.js';
import type { Subject } from '../../src/model.js';
import { type Freezes, openFreezes, type Policy, toData } from '../../src/policy/index.js';
import { type Ledger, openLedger } from '../../src/spending/index.js';
import { type CertificateAuthority, openAuthority } from '../../src/tls/authority.js';
import type { Vault } from '../../vault/index.js';
import { type Paths, unusable } from '../home.js';
import { userName } from '../user.js';
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
  readonly freezes: Freezes;
  readonly ledger: Ledger;
  readonly log: Log;
  readonly vault: Vault;
  readonly policy: Policy;
  readonly authority: CertificateAuthority;
  readonly runs: Runs;
  readonly remains: Remains;
  readonly digests: Digests;
  readonly boot: string | null;
  readonly grants: Grants;
  readonly approvers: Approvers;
  readonly approvals: Approvals;
  readonly links: Links;
  readonly deferrals: Deferrals;
  readonly internals: Internals;
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

/** Whether the process of a run from before a restart still lives: that one, and not another one with its number. */
const alive =
  (boot: string | null) =>
  ({ pid, footprint, binding }: StoredRun): boolean =>
    pid !== null &&
    exists(pid) &&
    (binding?.boot ?? boot) === boot &&
    (footprint === undefined || processes.read(pid)?.started === footprint.started);

/**
 * A proxy that an agent starts has that one's variables, and is below it: ended with it, for one. Throws `Fault`. Those that
 * stand outside of the run start one again by themselves, its `tf run` as well.
 */
function refuseInside(state: State, lives: (run: StoredRun) => boolean): void {
  // Until its agent is there a run is known by its `tf run`, which may start one itself; what that has started otherwise may not.
  const ownStart = ({ starting, pid }: StoredRun): boolean => starting === true && pid === process.ppid;
  const place = standing(
    process.pid,
    null,
    state.runs.all().filter(run => !ownStart(run) && lives(run)),
  );
  if (place?.how !== 'ancestry') return;
  state.close();
  throw new Fault(
    exitCode.refused,
    `A proxy isn't started from inside a run (${place.run}).`,
    'Start it outside: tf serve   (any tf run starts one, too)',
  );
}

/** Opens them; `base`: where people reach our pages; `door`: the port, if it was taken while another proxy ended. Throws `Fault`. */
export async function openRooms(
  { config, waits, diagnose }: ProxyOptions,
  at: Paths,
  listen: string,
  now: () => number,
  base: () => string | null,
): Promise<{ readonly rooms: CoreRooms; readonly door: Door | null }> {
  const opening = (): State => readable(at.state, () => openState(at.state));
  const { opened: state, door } = await succeed(opening, waits, listen, at.port);
  refuseInside(state, alive(bootId()));
  const gateways = readable(at.state, () => openGateways(state));
  const keys = openKeys(state, now);
  const kill = openKillSwitch(state);
  const ledger = openLedger({ store: state.spending, permission: id => gateways.permission(id), now });
  const { durability } = config.log;
  const log = await openLog({ path: at.ledger, keyPath: at.logKey, durability, now, random: randomBytes });
  const vault = await openSecrets(at, config, state);
  const freezes = readable(at.state, () => openFreezes(state.shelf('freeze'), () => state.next('freeze')));
  const around = { timezone: config.timezone, freezes: freezes.list() };
  const data = toData(gateways.permissions(), gateways.list(), around);
  const policy = await openStoredPolicy(at, state, data, config.policy.deadline, diagnose);
  const authority = openAuthority({ dir: at.ca, now, random: randomBytes, cache: config.limits.leaves });
  const boot = bootId();
  const digests = openDigests(state.shelf('digest'));
  const sign = (subject: Subject) => signSubject(keys, subject);
  const remains = openRemains(state.shelf('remains'), boot);
  const processes = openRuns(state, gateways.find, alive(boot), now, sign, remains.add);
  const grants = openGrants({ state, keys, runs: processes, gateway: gateways.find, now, issuer: log.origin, sign });
  const runs = withGrants(processes, grants);
  const { hold, expire } = config.approvals;
  const approvers = await openApprovers(state, keys, log, now);
  const approvals = openApprovals({
    ...{ state, log, now, hold, expire },
    people: approvers,
    owner: userName(),
    perGateway: config.limits.approvals_per_gateway,
  });
  const links = openLinks({ state, log, approvals, approvers, now, base });
  const deferrals = openDeferrals({
    ...{ state, log, vault, now },
    run: id => runs.find(id)?.stored,
    window: config.defer.window,
    perGateway: config.limits.deferrals_per_gateway,
    bytesPerGateway: config.limits.deferred_per_gateway,
  });
  const internals = openInternals();
  return {
    rooms: {
      state,
      gateways,
      keys,
      kill,
      freezes,
      ledger,
      log,
      vault,
      policy,
      authority,
      runs,
      remains,
      digests,
      boot,
      grants,
      approvers,
      approvals,
      links,
      deferrals,
      internals,
    },
    door,
  };
}
