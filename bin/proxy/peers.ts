/** Peers: whether a connection comes from the run whose token it shows. Looked up once for each connection, and only if there are several runs. */
import type { Socket } from 'node:net';
import { isLocal, strangerAt } from '../../src/identity/peer.js';
import type { Run, Runs } from '../../src/identity/runs.js';

/** Null, or a promise of null, if nothing speaks against it; else the run that the connection comes from. */
export type PeerCheck = (client: Socket, run: Run) => Promise<string | null> | null;

/** Most connections that are looked up at once. */
const most = 32;

export function openPeers(runs: Pick<Runs, 'list'>): PeerCheck {
  const known = new WeakMap<Socket, Map<string, Promise<string | null> | null>>();
  const waiting: (() => void)[] = [];
  let busy = 0;
  const lookUp = async (client: Socket, { stored }: Run): Promise<string | null> => {
    if (busy >= most) await new Promise<void>(resolve => waiting.push(resolve));
    busy += 1;
    try {
      return await strangerAt(
        client,
        stored,
        runs.list().map(run => run.stored),
      );
    } catch {
      return null;
    } finally {
      busy -= 1;
      waiting.shift()?.();
    }
  };
  return (client, run) => {
    const before = known.get(client);
    const { id } = run.stored;
    if (before?.has(id)) return before.get(id)!;
    // A grant's bearer may be anywhere; and with one run there is nobody else.
    if (run.stored.pid === null || !isLocal(client)) return null;
    if (runs.list().filter(({ stored }) => stored.pid !== null).length < 2) return null;
    const found = lookUp(client, run);
    const answers = before ?? new Map<string, Promise<string | null> | null>();
    known.set(client, answers.set(id, found));
    void found.then(stranger => {
      if (stranger === null) answers.set(id, null);
    });
    return found;
  };
}
