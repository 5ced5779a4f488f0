/**
 * Session: a run of the proxy's own under a gateway, so that what the proxy sends for itself is judged, recorded and given its
 * credential as everybody's is. It begins when something is to be sent, and ends with the proxy.
 */
import { endRun, type House, recordKey } from '../../../src/control/index.js';
import type { Run } from '../../../src/identity/runs.js';
import type { Gateway } from '../../../src/model.js';
import { Undelivered } from '../../../src/notify/index.js';

export interface Session {
  readonly gateway: string;
  /** Id of the run, or null while there is none. */
  readonly run: string | null;
  /** The token of the run; the same for as long as the run lives. Rejects `Undelivered` if there is no such gateway. */
  token(): Promise<string>;
  end(): Promise<void>;
}

/** Why nothing can be sent under this gateway, and what to do about it; null if it is there. */
export const lack = (name: string, gateway: Gateway | undefined): string | null =>
  gateway === undefined
    ? `there is no gateway ${name}; make it with: tf gateway create ${name}`
    : gateway.removed_at !== undefined
      ? `the gateway ${name} was removed; bring it back with: tf gateway reinstate ${name}`
      : null;

/** `gateway` is the operator's to make: this makes none. */
export function openSession(house: House, gateway: string): Session {
  let current: { readonly run: Run; readonly token: string } | null = null;
  let starting: Promise<string> | null = null;
  async function start(): Promise<string> {
    const owner = house.gateways.find(gateway);
    const lacking = lack(gateway, owner);
    if (owner === undefined || lacking !== null) throw new Undelivered(lacking!);
    await recordKey({ house, by: 'notify' }, gateway);
    const { run, token } = house.runs.start(owner, {
      pid: null,
      user: { sub: house.owner },
      workload: { internal: 'notify' },
    });
    try {
      await house.log.record({ type: 'run.started', run: run.stored.id, subject: run.subject, boundary: 'internal' });
      await house.changed('state');
    } catch (error) {
      await endRun(house, run.stored.id);
      throw error;
    }
    current = { run, token };
    return token;
  }
  return {
    gateway,
    get run() {
      return current?.run.stored.id ?? null;
    },
    async token() {
      if (current !== null && !current.run.ended && starting === null) return current.token;
      starting ??= start().finally(() => {
        starting = null;
      });
      return starting;
    },
    async end() {
      if (current !== null) await endRun(house, current.run.stored.id);
    },
  };
}
