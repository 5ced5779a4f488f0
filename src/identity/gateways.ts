/** Gateways and their permissions: named agent identities, and what an operator lets them do. A new one may do nothing. */
import { exitCode, Fault } from '../errors.js';
import type { Gateway, Permission } from '../model.js';
import type { State } from './state.js';

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** What can be said about a gateway when it is made. */
export interface GatewayFields {
  readonly name: string;
  readonly description?: string;
  readonly environment?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Gateways and permissions, in memory and on disk. */
export interface Gateways {
  list(): Gateway[];
  find(name: string): Gateway | undefined;
  /** Throws `Fault`: usage for a bad name, failed if it exists. */
  create(fields: GatewayFields, now: number): Gateway;
  permissions(gateway?: string): Permission[];
  permission(id: string): Permission | undefined;
  addPermission(fields: Omit<Permission, 'id' | 'created_at'>, now: number): Permission;
  /** Throws `Fault` (missing). */
  removePermission(id: string): Permission;
}

/** Says what is wrong with a name of a gateway, or null. It must fit in the user part of a URL. */
export const gatewayNameFault = (name: string): string | null =>
  namePattern.test(name)
    ? null
    : `"${name}" can't be the name of a gateway: use letters, digits, ".", "_" and "-", at most 63, starting with a letter or digit.`;

export function openGateways(state: State): Gateways {
  const gateways = new Map(state.gateways.all().map(gateway => [gateway.name, gateway]));
  const permissions = new Map(state.permissions.all().map(permission => [permission.id, permission]));
  return {
    list: () => [...gateways.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    find: name => gateways.get(name),
    create({ name, description = '', environment = '', labels = {} }, now) {
      const fault = gatewayNameFault(name);
      if (fault !== null) throw new Fault(exitCode.usage, fault);
      if (gateways.has(name))
        throw new Fault(exitCode.failed, `The gateway ${name} exists already.`, `See it with: tf gateway show ${name}`);
      const gateway: Gateway = { name, description, environment, labels, created_at: new Date(now).toISOString() };
      state.gateways.put(name, gateway);
      gateways.set(name, gateway);
      return gateway;
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
