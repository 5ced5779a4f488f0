/**
 * Once: one exchange from beginning to end. What the server has changed about the secret is in the vault before anything
 * is made of the token; what is to be taken back is, whatever happens.
 */
import {
  type Gained,
  type Kind,
  kindOf,
  type Members,
  NoToken,
  readMembers,
  type Target,
} from '../../../src/credentials/index.js';
import { Refusal } from '../../../src/errors.js';
import { alone, belonging } from '../../../src/identity/kill.js';
import type { Run, Runs } from '../../../src/identity/runs.js';
import type { Permit } from '../../../src/permit.js';
import type { Vault } from '../../../vault/index.js';
import { type CallParts, type Errand, openCalls, type SendCall } from './calls.js';
import type { NewToken } from './tokens.js';

export interface OnceParts extends CallParts {
  readonly vault: Pick<Vault, 'find' | 'lease' | 'rotate' | 'generation'>;
  readonly runs: Pick<Runs, 'find'>;
  /** A secret was rotated in the vault. */
  rotated(): void;
}

/** Waited for what cleans up, and for a server that may just have replaced a secret, when all ends, in milliseconds. */
const lastWords = 3_000;

/** Resolves when all of these are over, or after a while. */
export async function lastOf(works: Iterable<Promise<unknown>>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise(resolve => {
    timer = setTimeout(resolve, lastWords).unref();
  });
  await Promise.race([Promise.allSettled(works), late]);
  clearTimeout(timer);
}

export class Once {
  readonly #parts: OnceParts;
  readonly #send: SendCall;
  /** What servers have made of secrets of these versions, and the vault could not store, by name. */
  readonly #unsaved = new Map<string, { readonly version: number; readonly members: Members }>();
  readonly #cleaning = new Set<Promise<unknown>>();

  constructor(parts: OnceParts) {
    this.#parts = parts;
    this.#send = openCalls(parts);
  }

  /** Exchanges the secret of a permit, under that permit. Rejects `Refusal`. */
  async exchange(permit: Permit, requestHash: string, target: Target): Promise<Omit<NewToken, 'key'>> {
    const { connector, evidence } = permit.allowed;
    const { vault, now } = this.#parts;
    const { subject } = this.#living(permit);
    const lease = vault.lease(permit, requestHash);
    const { name, scheme } = lease;
    const kind = kindOf(scheme);
    const stored = readMembers(scheme, lease.value);
    if (kind === null || typeof stored === 'string')
      throw new Refusal('credential_unavailable', `The secret ${name} is not what its scheme takes.`);
    this.keep();
    const unsaved = this.#unsaved.get(name)?.members;
    let version = unsaved === undefined ? lease.version : this.#store(name, lease.version, unsaved);
    const errand: Errand = { subject, connector, evidence, secret: name, version, scheme };
    const { gained, id } = await this.#steps(errand, kind(unsaved ?? stored, { scheme, now: now(), target }));
    const over = (): void => this.#clean(errand, gained.after ?? []);
    try {
      // Before anything else: what the server no longer takes is of no use, whoever was stopped meanwhile.
      if (gained.rotated !== undefined) version = this.#store(name, version, gained.rotated);
      this.#living(permit);
      if (vault.find(name)?.version !== version) throw changed(name);
    } catch (error) {
      gained.value.fill(0);
      over();
      throw error;
    }
    const { value, seconds, scheme: sent } = gained;
    return { id, secret: name, version, scheme: sent, connector: lease.connector, value, seconds, over };
  }

  /** Resolves when nothing is left to be taken back, or after a while. */
  cleaned(): Promise<void> {
    return lastOf(this.#cleaning);
  }

  /** Tries once more to store what servers have made of secrets. */
  save(): void {
    for (const [name, { version, members }] of [...this.#unsaved]) {
      try {
        this.#store(name, version, members);
      } catch {
        // Whoever needed it has been told.
      }
    }
  }

  /** Forgets what has come of secrets that are no longer what they were. */
  keep(): void {
    for (const [name, { version }] of [...this.#unsaved])
      if (this.#parts.vault.find(name)?.version !== version) this.#unsaved.delete(name);
  }

  #living({ allowed: { gateway, run, connector } }: Permit): Run {
    const known = this.#parts.runs.find(run);
    this.#parts.kill.check(known === undefined ? alone(gateway, run, connector) : belonging(known.subject, connector));
    if (known !== undefined) return known;
    throw new Refusal('unauthenticated', 'The run that this request belongs to has ended.');
  }

  /** Goes through the steps; what they give, and the id of the entry of the last that mattered. */
  async #steps(errand: Errand, steps: ReturnType<Kind>): Promise<{ gained: Gained; id: string }> {
    let id = errand.evidence;
    try {
      let step = steps.next();
      while (step.done !== true) {
        const call = step.value;
        const sent = await this.#send(errand, call).catch((error: unknown) => ({ error }));
        if ('error' in sent) step = steps.throw(sent.error);
        else {
          if (call.optional !== true) id = sent.evidence;
          step = steps.next(sent.answer);
        }
      }
      return { gained: step.value, id };
    } catch (error) {
      throw refusalFor(errand.secret, error);
    }
  }

  /** Makes this the secret's next version. Throws `Refusal` if it can't be stored; it is then kept, and tried again. */
  #store(name: string, version: number, members: Members): number {
    const { vault, log } = this.#parts;
    if (vault.find(name)?.version !== version) throw changed(name);
    try {
      const secret = vault.rotate(name, Buffer.from(JSON.stringify(members)));
      this.#unsaved.delete(name);
      this.#parts.rotated();
      log.note({ type: 'credential.rotated', run: null, secret, generation: vault.generation, by: 'exchange' });
      return secret.version;
    } catch (error) {
      this.#unsaved.set(name, { version, members });
      throw new Refusal(
        'credential_unavailable',
        `The server has replaced what is in the secret ${name}, and the vault can't store what it is now.`,
        { next: 'An operator must look at the disk. Until then it is kept in memory only.', cause: error },
      );
    }
  }

  #clean(errand: Errand, calls: NonNullable<Gained['after']>): void {
    if (calls.length === 0) return;
    const cleaned = (async () => {
      for (const call of calls) await this.#send(errand, call);
    })();
    this.#cleaning.add(cleaned);
    void cleaned.finally(() => this.#cleaning.delete(cleaned));
  }
}

const changed = (name: string): Refusal =>
  new Refusal('credential_unavailable', `The secret ${name} was changed while it was exchanged for a token.`, {
    next: 'Send the request again.',
  });

/** What went wrong in an exchange, for whoever sent the request that needs it. */
function refusalFor(name: string, error: unknown): unknown {
  const about = (why: string): string => `The secret ${name} can't be exchanged for a token: ${why}`;
  if (error instanceof NoToken)
    return new Refusal('credential_unavailable', about(`${error.message}.`), error.next ? { next: error.next } : {});
  const outside = error instanceof Refusal && /^(upstream_|destination_)/.test(error.code);
  return outside ? new Refusal('credential_unavailable', about(error.message)) : error;
}
