/**
 * Offboarding: a gateway is removed in two phases. At once everything of it is stopped, and nothing is lost; some minutes
 * later all that it had is purged, also if the proxy was restarted in between.
 */
import { exitCode, Fault } from '../errors.js';
import type { Gateway } from '../model.js';
import type { House } from './house.js';
import { endRun } from './routes/runs.js';

/** A gateway as people see it: with the time at which it is purged, if it was removed. */
export const withPurge = ({ config }: Pick<House, 'config'>, gateway: Gateway): Gateway & { purge_at?: string } => ({
  ...gateway,
  ...(gateway.removed_at !== undefined && {
    purge_at: new Date(Date.parse(gateway.removed_at) + config.gateways.purge_after).toISOString(),
  }),
});

/** What a removal has stopped. */
export interface Removed {
  readonly gateway: ReturnType<typeof withPurge>;
  readonly stopped: { readonly exchanges: number; readonly tunnels: number };
  readonly runs: readonly string[];
  readonly terminated: number;
}

/** Phase one: acts at once; a failure to write it down is thrown after it has taken effect. Throws `Fault`. */
export async function removeGateway(
  house: House,
  name: string,
  { reason, by, terminate }: { readonly reason: string; readonly by: string; readonly terminate: boolean },
): Promise<Removed> {
  let unwritten: unknown = null;
  let gateway = house.gateways.find(name);
  try {
    gateway = house.gateways.remove(name, house.now());
  } catch (error) {
    if (house.gateways.find(name) === gateway) throw error;
    unwritten = error;
    gateway = house.gateways.find(name);
  }
  const stopped = await house.stop({ kind: 'gateway', name });
  const runs = house.runs.list().filter(({ stored }) => stored.chain.includes(name));
  if (terminate) for (const { stored } of runs) house.tell(stored.id, { event: 'terminate' });
  for (const { stored } of runs) await endRun(house, stored.id);
  house.log.note({ type: 'gateway.removed', run: null, gateway: name, reason, by, stopped });
  if (unwritten !== null) throw unwritten;
  return {
    gateway: withPurge(house, gateway!),
    stopped,
    runs: runs.map(({ stored }) => stored.id),
    terminated: terminate ? runs.length : 0,
  };
}

/** Takes a removal back: all that it had holds again, but for runs, which have ended. Throws `Fault`. */
export async function reinstateGateway(house: House, name: string, by: string): Promise<Gateway> {
  const before = house.gateways.find(name);
  const { purge_at } = before === undefined ? {} : withPurge(house, before);
  if (purge_at !== undefined && Date.parse(purge_at) <= house.now())
    throw new Fault(exitCode.failed, `It is too late: the gateway ${name} is being purged since ${purge_at}.`);
  const gateway = house.gateways.reinstate(name);
  try {
    await house.log.record({ type: 'gateway.reinstated', run: null, gateway: name, by });
  } catch (error) {
    // What can't be recorded isn't done.
    house.gateways.remove(name, Date.parse(before!.removed_at!));
    throw error;
  }
  await house.refreshPolicy();
  return gateway;
}

/** Secrets that were bound to it: alone, or with others. */
function secretsOf({ vault }: House, name: string): { readonly alone: string[]; readonly shared: string[] } {
  const bound = vault.list().filter(({ gateways }) => gateways.includes(name));
  const only = bound.filter(({ gateways }) => gateways.length === 1);
  return {
    alone: only.map(secret => secret.name),
    shared: bound.filter(secret => !only.includes(secret)).map(secret => secret.name),
  };
}

/** Phase two. Begun again, after a failure or a crash, it does the rest; `recorded`: those of which the log has it already. */
async function purge(house: House, { name }: Gateway, recorded: Set<string>): Promise<void> {
  const { gateways, grants, keys, deferrals, approvals, freezes, vault, ledger, state, log } = house;
  const secrets = secretsOf(house, name);
  // Its secrets can't be taken out of a vault that is locked; it stays out of use until that is open.
  if (vault.locked && secrets.alone.length + secrets.shared.length > 0) return;
  const permissions = gateways.permissions(name).map(({ id }) => id);
  if (!recorded.has(name))
    await log.record({
      type: 'gateway.purged',
      run: null,
      gateway: name,
      permissions,
      secrets_removed: secrets.alone,
      secrets_unbound: secrets.shared,
      grants: grants.list(name).map(({ id }) => id),
      keys: keys.list(name).map(({ id }) => id),
      deferrals: deferrals.list().flatMap(({ id, gateway }) => (gateway === name ? [id] : [])),
    });
  recorded.add(name);
  for (const secret of secrets.alone) vault.remove(secret);
  for (const secret of secrets.shared) vault.unbind(secret, name);
  state.set('vault.seen', JSON.stringify({ id: vault.id, generation: vault.generation }));
  for (const id of permissions) ledger.forget(id);
  for (const { id, gateway } of freezes.list()) if (gateway === name) freezes.remove(id);
  grants.forget(name);
  deferrals.forget(name);
  // Those that are open: answered ones are forgotten by themselves.
  approvals.stop({ kind: 'gateway', name });
  approvals.forget(name);
  keys.forget(name);
  gateways.purge(name);
  recorded.delete(name);
  await house.changed('secrets');
  await house.refreshPolicy();
}

/** How often it is looked whether one is to be purged, in milliseconds: the clock may have been set. */
const step = 500;

/** Purges what was removed long enough ago, from now on; what fails is tried again. */
export function openPurges(house: House, diagnose: (error: unknown) => void): { close(): Promise<void> } {
  let under: Promise<void> = Promise.resolve();
  let busy = false;
  const recorded = new Set<string>();
  const look = async (): Promise<void> => {
    for (const gateway of house.gateways.list()) {
      const { purge_at } = withPurge(house, gateway);
      if (purge_at !== undefined && Date.parse(purge_at) <= house.now() && house.log.healthy)
        await purge(house, gateway, recorded);
    }
  };
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    under = look()
      .catch(diagnose)
      .finally(() => {
        busy = false;
      });
  }, step).unref();
  return {
    close() {
      clearInterval(timer);
      return under;
    },
  };
}
