/** Starting: who it is that a run is started for, with which program and where: what is said, made into what was found out. */
import { exitCode, Fault } from '../errors.js';
import type { Verified } from '../identity/oidc/index.js';
import type { BoundFile, Digested } from '../identity/program.js';
import type { Run, RunFields } from '../identity/runs.js';
import type { Agent, User, Value } from '../model.js';
import type { House } from './house.js';
import type { Call } from './server.js';

/** What a run is started with. */
export interface Identified {
  readonly fields: Pick<RunFields, 'user' | 'agent' | 'workload' | 'binding'>;
  /** For its entry: under which keys tokens were accepted, and which weren't, and why. */
  readonly verified: readonly Verified[];
  readonly unverified: readonly string[];
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
const object = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};

/** A name, cut to what an entry can bear. */
const named = (value: unknown): string | undefined => text(value)?.slice(0, 256);

const longest = 4_096;
const mostTokens = 8;

/** The facts of a workload, without what only the proxy may say of it. */
function workloadOf(said: unknown): Record<string, Value> {
  const facts: Record<string, Value> = {};
  for (const name of ['host', 'boot', 'pid', 'started', 'container', 'cwd', 'commit', 'command']) {
    const value = object(said)[name];
    if (typeof value === 'number' || (typeof value === 'string' && value.length <= longest)) facts[name] = value;
  }
  return facts;
}

async function programOf(house: House, said: Record<string, unknown>) {
  const files: BoundFile[] = [];
  const digest = async (is: BoundFile['is']): Promise<Digested | null> => {
    const path = text(said[is]);
    const file = path === undefined ? null : await house.digests.of(path);
    if (file !== null) files.push({ path: path!, is, mark: file.mark });
    return file;
  };
  const [program, script] = [await digest('program'), await digest('script')];
  return { files, program: program?.sha256, script: script?.sha256 };
}

/** Rejects `Fault` when the token of a user, or one of a workload that was named, isn't good. */
export async function identify({ house, body }: Call, parent: Run | null): Promise<Identified> {
  const verified: Verified[] = [];
  const unverified: string[] = [];
  let user: User = { sub: named(body.user) ?? 'unknown' };
  // A sub-agent acts for whoever its parent does.
  if (parent !== null) user = parent.stored.user;
  else if (body.id_token !== undefined) {
    const nonce = body.nonce === undefined ? undefined : String(body.nonce);
    const found = await house.oidc.user(text(body.id_token) ?? '', nonce);
    user = found.user;
    verified.push(found.verified);
  }

  const attestations: Value[] = [];
  const shown: readonly unknown[] = Array.isArray(body.attestations) ? body.attestations : [];
  if (shown.length > mostTokens)
    throw new Fault(exitCode.usage, `A run has at most ${mostTokens} tokens of workloads.`, 'Leave some of them away.');
  for (const said of shown) {
    const { token, required } = object(said);
    try {
      const found = await house.oidc.workload(text(token) ?? '');
      attestations.push(found.facts);
      verified.push(found.verified);
    } catch (error) {
      if (required === true) throw error;
      unverified.push(error instanceof Error ? error.message : 'unknown');
    }
  }

  const said = object(body.program);
  const { files, program, script } = await programOf(house, said);
  const version = named(said.version);
  const agent: Agent = {
    name: named(said.name) ?? named(body.gateway) ?? 'unknown',
    ...(version !== undefined && { version }),
    ...(program !== undefined && { executable_sha256: program }),
    ...(script !== undefined && { script_sha256: script }),
  };
  const workload = workloadOf(body.workload);
  return {
    fields: {
      user,
      agent,
      workload: {
        ...workload,
        ...(program !== undefined && { executable_sha256: program }),
        ...(attestations.length > 0 && { attestations }),
      },
      binding: { boot: house.boot, files },
    },
    verified,
    unverified,
  };
}

/** Records a gateway's key, once, so that what is signed with it can be checked with nothing but the log. */
export async function recordKey({ house, by }: Pick<Call, 'house' | 'by'>, gateway: string): Promise<void> {
  const key = house.keys.current(gateway);
  const name = `key.recorded.${gateway}`;
  const [log, id] = (house.state.get(name) ?? '').split(' ');
  // The entry of a rotation has the new one as well.
  if (log === house.log.origin && (id === key.id || house.keys.list(gateway).length > 1)) return;
  await house.log.record({ type: 'key.created', run: null, gateway, key, by });
  house.state.set(name, `${house.log.origin} ${key.id}`);
}
