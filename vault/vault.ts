/** What can be done with a vault. Plaintext exists only inside a call, or inside a lease. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { type NeedleSet, secretParts } from '../src/credentials/index.js';
import { Refusal } from '../src/errors.js';
import type { KillScope } from '../src/model.js';
import { type Permit, spend } from '../src/permit.js';
import { bindingAmong, bound } from './binding.js';
import { VaultError } from './error.js';
import { existingKey, type KeyKind, type KeySource, newKey, readStored } from './keys.js';
import { type Lease, Leases } from './lease.js';
import { formsFor, NeedleSets } from './needle-sets.js';
import { openedOutside, sealedOutside } from './outside.js';
import type { Contents, Entry } from './roster.js';
import { rewrapped, sealed, unsealed } from './row.js';
import { deriveKeys, forget, type Keys } from './seal.js';
import { checkedSecret, type NewSecret, type SecretMeta, spelled, valueFaults, type Want } from './secret.js';
import type { Change, State } from './state.js';
import { rowLimit } from './store.js';

/** An open vault. Its file may be shared with other processes; each call sees the last committed state. */
export class Vault {
  readonly #state: State;
  readonly #now: () => number;
  readonly #leases: Leases;
  readonly #needles: NeedleSets;

  /** @internal use openVault */
  constructor(state: State, now: () => number) {
    this.#state = state;
    this.#now = now;
    this.#leases = new Leases(now);
    this.#needles = new NeedleSets(now);
    state.onChange = contents => {
      this.#leases.keep(contents);
      this.#needles.forget();
    };
  }

  /** 32 hex digits, given when the vault was made. */
  get id(): string {
    return this.#state.known.header.id;
  }

  /** One more with each change: what the log remembers, so that an old copy of the whole file is noticed. */
  get generation(): number {
    return this.#state.known.header.generation;
  }

  /** Where the key comes from. */
  get source(): KeyKind {
    return readStored(this.#state.known.header.source).kind;
  }

  /** No key is known: descriptions can be read (unverified), nothing else. */
  get locked(): boolean {
    return this.#state.locked;
  }

  /** All descriptions, by name. */
  list(): SecretMeta[] {
    return [...this.#state.fresh().entries.values()]
      .map(entry => entry.meta)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** One description. */
  find(name: string): SecretMeta | undefined {
    return this.#state.fresh().entries.get(spelled(name))?.meta;
  }

  /**
   * The secret that serves this request: the named one, else the only one bound to its gateway, connector and host (one
   * that names the gateway goes before one for any gateway); null if none is. Throws Refusal `credential_unavailable`
   * if the named one is missing or not bound to it, or if several are.
   */
  bindingFor(want: Want & { readonly secret: string | null }): SecretMeta | null {
    return this.#refusing(`The secret ${want.secret ?? 'for this request'}`, () =>
      bindingAmong(this.#state.fresh().entries, want),
    );
  }

  /** Stores a new secret. Takes `value` over: it is zeroed, also when this throws. `exists`, `invalid`, `locked`, `corrupt`. */
  set(secret: NewSecret, value: Buffer): SecretMeta {
    return this.#taking(value, () => {
      const checked = checkedSecret(secret, value);
      return this.#state.commit((contents, keys) => {
        if (contents.entries.has(checked.name)) {
          throw new VaultError(
            'exists',
            `There is a secret ${checked.name} already.`,
            `Use \`tf secret rotate ${checked.name}\`.`,
          );
        }
        if (contents.entries.size >= rowLimit) {
          throw new VaultError('invalid', `The vault holds ${rowLimit} secrets: it is full.`);
        }
        const meta = { ...checked, version: 1, created_at: this.#time(), rotated_at: null };
        return this.#seal(contents, keys, meta, value);
      });
    });
  }

  /** Replaces a secret's value. Takes `value` over, as {@link set} does. */
  rotate(name: string, value: Buffer): SecretMeta {
    return this.#taking(value, () =>
      this.#state.commit((contents, keys) => {
        const { meta } = existing(contents, name);
        const faults = valueFaults(meta.scheme, value);
        if (faults.length > 0) {
          throw new VaultError('invalid', `The secret ${meta.name} was not rotated: ${faults.join('; ')}.`);
        }
        return this.#seal(contents, keys, { ...meta, version: meta.version + 1, rotated_at: this.#time() }, value);
      }),
    );
  }

  /** Removes a secret; says what it was. */
  remove(name: string): SecretMeta {
    return this.#state.commit(contents => {
      const { meta } = existing(contents, name);
      this.#state.store.removeRow(meta.name);
      const entries = new Map(contents.entries);
      entries.delete(meta.name);
      return { entries, result: meta };
    });
  }

  /** Puts the vault under another key: wraps each data key anew, in one transaction. The key before opens it no more. */
  async rekey(source: KeySource): Promise<void> {
    this.#state.keys();
    const { kek, stored } = await newKey(source, this.#state.random);
    const next = deriveKeys(kek, this.id);
    try {
      this.#state.commit((contents, keys) => {
        const entries = new Map<string, Entry>();
        for (const [name, entry] of contents.entries) {
          const under = rewrapped(entry, keys, next, this.#state.random);
          this.#state.store.putRow(under.row);
          entries.set(name, under);
        }
        return { entries, result: undefined, under: { keys: next, source: JSON.stringify(stored) } };
      });
    } catch (error) {
      forget(next);
      throw error;
    }
  }

  /** Opens a locked vault. Throws `wrong_key` if it isn't the passphrase, `invalid` if the vault has none. */
  async unlock(passphrase: string): Promise<void> {
    const stored = readStored(this.#state.known.header.source);
    if (stored.kind !== 'passphrase') {
      throw new VaultError('invalid', `The vault has no passphrase: its key comes from: ${stored.kind}.`);
    }
    const kek = await existingKey({ kind: 'passphrase', passphrase }, stored);
    if (kek === null) return;
    this.#state.unlock(deriveKeys(kek, this.id));
  }

  /**
   * Takes the permit's secret out, for the request with this hash. Requests of one gateway and run share what is out, each
   * under a permit of its own. Throws Refusal: `denied` if the permit is not good, `vault_locked`, or
   * `credential_unavailable` if the secret is missing, damaged, or not bound to this gateway, connector and host, or if
   * the request is not HTTPS.
   */
  lease(permit: Permit, requestHash: string): Lease {
    const allowed = spend(permit, 'vault', requestHash, this.#now());
    const name = allowed.secret;
    if (name === null) throw new Refusal('credential_unavailable', 'The decision names no secret.');
    return this.#refusing(`The secret ${name}`, () => {
      this.#state.keys();
      if (allowed.scheme !== 'https') {
        throw new Refusal('credential_unavailable', `The secret ${name} is only sent over HTTPS.`, {
          next: 'Use an https URL.',
        });
      }
      const entry = bound(this.#state.fresh().entries, name, allowed);
      return this.#leases.take(allowed, entry, () => this.#open(entry));
    });
  }

  /** Ends the leases that a kill switch, the end of a run or the removal of a gateway covers, and zeroes their values. */
  revoke(scope: KillScope): void {
    this.#leases.revoke(scope);
  }

  /**
   * What no answer may show to this gateway: every value that it may use, for whatever host, in all its forms. Throws
   * Refusal: `vault_locked`, or `credential_unavailable` if a secret is damaged or they are too long together.
   */
  needles(gateway: string): NeedleSet {
    return this.#refusing(`What ${gateway} must not see in answers`, () =>
      this.#needles.of(gateway, this.#state.fresh(), entry => this.#open(entry)),
    );
  }

  /** What {@link needles} looks for, for a worker process that makes the set itself. Throws as that does. */
  needleForms(gateway: string): Buffer[] {
    return this.#refusing(`What ${gateway} must not see in answers`, () =>
      formsFor(gateway, this.#state.fresh(), entry => this.#open(entry)),
    );
  }

  /**
   * For each hex SHA-256, whether it is that of a stored value (or of the password in a basic one). Compares in constant
   * time. So a caller can take secrets out of an environment, and no value leaves the vault.
   */
  recognises(digests: readonly string[]): readonly boolean[] {
    this.#state.keys();
    const wanted = digests.map(digest => Buffer.from(/^[0-9a-f]{64}$/i.test(digest) ? digest : '', 'hex'));
    const answers = digests.map(() => false);
    for (const entry of this.#state.fresh().entries.values()) {
      const value = this.#open(entry);
      for (const part of secretParts(value, entry.meta.scheme)) {
        const hash = createHash('sha256').update(part).digest();
        wanted.forEach((digest, i) => {
          if (digest.length === hash.length && timingSafeEqual(digest, hash)) answers[i] = true;
        });
      }
      value.fill(0);
    }
    return answers;
  }

  /** Seals what another room keeps in a file of its own; opened only for the same purpose. Throws Refusal (`vault_locked`). */
  seal(purpose: string, plain: Buffer): Buffer {
    return this.#refusing(`The key for ${purpose}`, () =>
      sealedOutside(this.id, this.#state.keys(), purpose, plain, this.#state.random),
    );
  }

  /** Opens what {@link seal} made under the key that the vault has now. Throws Refusal: `vault_locked`, `credential_unavailable`. */
  unseal(purpose: string, sealed: Buffer): Buffer {
    return this.#refusing(`The key for ${purpose}`, () => openedOutside(this.id, this.#state.keys(), purpose, sealed));
  }

  /** Takes a gateway away from those that a secret is bound to. Throws `missing`, `locked`, `corrupt`; `invalid` if it would be left to any gateway. */
  unbind(name: string, gateway: string): SecretMeta {
    return this.#state.commit((contents, keys) => {
      const entry = existing(contents, name);
      const gateways = entry.meta.gateways.filter(bound => bound !== gateway);
      // None would mean any.
      if (gateways.length === 0)
        throw new VaultError('invalid', `The secret ${name} is bound to no other gateway: remove it instead.`);
      const value = unsealed(entry, keys);
      return this.#taking(value, () => this.#seal(contents, keys, { ...entry.meta, gateways }, value));
    });
  }

  /** Ends all leases, forgets the keys, closes the file. */
  close(): void {
    this.#state.close();
  }

  #time(): string {
    return new Date(this.#now()).toISOString();
  }

  #taking<T>(value: Buffer, work: () => T): T {
    try {
      return work();
    } finally {
      value.fill(0);
    }
  }

  #seal(contents: Contents, keys: Keys, meta: SecretMeta, value: Buffer): Change<SecretMeta> {
    const entry = sealed(this.id, keys, meta, value, this.#state.random);
    this.#state.store.putRow(entry.row);
    return { entries: new Map(contents.entries).set(meta.name, entry), result: meta };
  }

  #open(entry: Entry): Buffer {
    return unsealed(entry, this.#state.keys());
  }

  /** What goes wrong in the vault becomes a refusal. */
  #refusing<T>(what: string, work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
      if (error.code === 'locked' || error.code === 'wrong_key') {
        throw new Refusal('vault_locked', `${what} can not be had: the vault is locked.`);
      }
      const next = error.hint === '' ? {} : { next: error.hint };
      throw new Refusal('credential_unavailable', `${what} can not be had: ${error.message}`, next);
    }
  }
}

function existing(contents: Contents, name: string): Entry {
  const entry = contents.entries.get(spelled(name));
  if (entry !== undefined) return entry;
  throw new VaultError('missing', `There is no secret ${name}.`, 'See `tf secret list`.');
}
