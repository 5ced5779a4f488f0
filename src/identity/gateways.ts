/** Gateways and their permissions: named agent identities, and what an operator lets them do. A new one may do nothing. */
import { exitCode, Fault, Refusal } from '../errors.js';
import type { Gateway, Permission } from '../model.js';
import type { Belongs } from './kill.js';
import type { State } from './state.js';

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** What can be said about a gateway when it is made. */
export interface GatewayFields {
  readonly name: string;
  readonly description?: string;
  readonly environment?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Whether it may act only under a grant. */
  readonly grants?: 'required';
}

/** Gateways and permissions, in memory and on disk. */
export interface Gateways {
  list(): Gateway[];
  find(name: string): Gateway | undefined;
  /** The gateway that a run may be started under. Throws `Fault`: missing, or failed if it was removed. */
  inUse(name: string): Gateway;
  /** Throws `Fault`: usage for a bad name, failed if it exists. */
  create(fields: GatewayFields, now: number): Gateway;
  /** Puts it out of use, with all that it has; nothing of that is lost yet. Throws `Fault`: missing, or failed if it is so already. */
  remove(name: string, now: number): Gateway;
  /** Puts it into use again. Throws `Fault`: missing, or failed if it wasn't removed. */
  reinstate(name: string): Gateway;
  /** Says whether it may act only under a grant. Throws `Fault` (missing). */
  requireGrants(name: string, required: boolean): Gateway;
  /** Forgets it, and its permissions. */
  purge(name: string): void;
  permissions(gateway?: string): Permission[];
  permission(id: string): Permission | undefined;
  addPermission(fields: Omit<Permission, 'id' | 'created_at'>, now: number): Permission;
  /** Throws `Fault` (missing). */
  removePermission(id: string): Permission;
}

/** Throws `Refusal` (`denied`) if a gateway that a request belongs to was removed. */
export function refuseRemoved({ gateways }: Pick<Belongs, 'gateways'>, find: Gateways['find']): void {
  for (const name of gateways) {
    if (find(name)?.removed_at === undefined) continue;
    throw new Refusal('denied', `The gateway ${name} was removed.`, {
      rule: `removed:${name}`,
      next: `Stop. For some minutes an operator can bring it back with \`tf gateway reinstate ${name}\`.`,
    });
  }
}

const removed = (name: string): Fault =>
  new Fault(
    exitCode.failed,
    `The gateway ${name} was removed, and its name is not free until all of it is gone.`,
    `Bring it back with: tf gateway reinstate ${name}`,
  );

/** Says what is wrong with a name of a gateway, or null. It must fit in the user part of a URL. */
export const gatewayNameFault = (name: string): string | null =>
  namePattern.test(name)
    ? null
    : `"${name}" can't be the name of a gateway: use letters, digits, ".", "_" and "-", at most 63, starting with a letter or digit.`;

export function openGateways(state: State): Gateways {
  const gateways = new Map(state.gateways.all().map(gateway => [gateway.name, gateway]));
  const permissions = new Map(state.permissions.all().map(permission => [permission.id, permission]));
  const known = (name: string): Gateway => {
    const gateway = gateways.get(name);
    if (gateway !== undefined) return gateway;
    throw new Fault(exitCode.missing, `There is no gateway ${name}.`, 'List them with: tf gateway list');
  };
  const keep = (gateway: Gateway): Gateway => {
    state.gateways.put(gateway.name, gateway);
    gateways.set(gateway.name, gateway);
    return gateway;
  };
  return {
    list: () => [...gateways.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    find: name => gateways.get(name),
    inUse(name) {
      const gateway = known(name);
      if (gateway.removed_at !== undefined) throw removed(name);
      return gateway;
    },
    create({ name, description = '', environment = '', labels = {}, grants }, now) {
      const fault = gatewayNameFault(name);
      if (fault !== null) throw new Fault(exitCode.usage, fault);
      if (gateways.get(name)?.removed_at !== undefined) throw removed(name);
      if (gateways.has(name))
        throw new Fault(exitCode.failed, `The gateway ${name} exists already.`, `See it with: tf gateway show ${name}`);
      const created_at = new Date(now).toISOString();
      return keep({ name, description, environment, labels, created_at, ...(grants && { grants }) });
    },
    remove(name, now) {
      const gateway = known(name);
      if (gateway.removed_at !== undefined)
        throw new Fault(exitCode.failed, `The gateway ${name} was removed at ${gateway.removed_at} already.`);
      const gone = { ...gateway, removed_at: new Date(now).toISOString() };
      // In memory first: it is out of use even if that can't be written down.
      gateways.set(name, gone);
      return keep(gone);
    },
    reinstate(name) {
      const { removed_at, ...gateway } = known(name);
      if (removed_at === undefined) throw new Fault(exitCode.failed, `The gateway ${name} was not removed.`);
      return keep(gateway);
    },
    requireGrants(name, required) {
      const { grants: _, ...gateway } = known(name);
      return keep(required ? { ...gateway, grants: 'required' } : gateway);
    },
    purge(name) {
      const gone = [...permissions.values()].filter(({ gateway }) => gateway === name);
      state.together(() => {
        for (const { id } of gone) state.permissions.remove(id);
        state.gateways.remove(name);
      });
      for (const { id } of gone) permissions.delete(id);
      gateways.delete(name);
    },
    permissions: gateway => {
      const all = [...permissions.values()].sort((a, b) => Number(a.id.slice(5)) - Number(b.id.slice(5)));
      return gateway === undefined ? all : all.filter(permission => permission.gateway === gateway);
    },
    permission: id => permissions.get(id),
    addPermission(fields, now) {
      const permission: Permission = {
        ...fields,
        id: `perm_${state.next('permission')}`,
        created_at: new Date(now).toISOString(),
      };
      state.permissions.put(permission.id, permission);
      permissions.set(permission.id, permission);
      return permission;
    },
    removePermission(id) {
      const permission = permissions.get(id);
      if (permission === undefined)
        throw new Fault(exitCode.missing, `There is no permission ${id}.`, 'List them with: tf permissions list');
      state.permissions.remove(id);
      permissions.delete(id);
      return permission;
    },
  };
}
