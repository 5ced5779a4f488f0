/**
 * Copies: the vault as a worker process has it. Descriptions of all secrets; values and needles only of those that are in
 * use, lent by the parent, who has the vault, for as long as a lease lasts there, and dropped when it says so.
 */
import { NeedleSet } from '../src/credentials/index.js';
import { Refusal } from '../src/errors.js';
import type { KillScope } from '../src/model.js';
import { type Permit, spend } from '../src/permit.js';
import { bindingAmong } from './binding.js';
import type { Lease } from './lease.js';
import { needlesLifetime } from './needle-sets.js';
import type { SecretMeta, Want } from './secret.js';

/** The parent's vault. Both reject `Refusal`, as the vault does. */
export interface Lender {
  /** What the parent leases for the recorded allow with this id, whose request has this hash. */
  lease(evidence: string, requestHash: string): Promise<Lease>;
  /** Everything that answers to this gateway must not show, in all its forms. */
  needles(gateway: string): Promise<readonly Buffer[]>;
}

/** The parts of a vault that the data path needs. */
export class Copies {
  readonly #lender: Lender;
  readonly #now: () => number;
  #secrets: ReadonlyMap<string, { readonly meta: SecretMeta }> = new Map();
  /** By gateway, run and secret. */
  readonly #leases = new Map<string, { readonly lease: Lease; readonly gateway: string; readonly run: string }>();
  readonly #needles = new Map<string, NeedleSet>();
  readonly #coming = new Map<string, Promise<void>>();

  constructor(lender: Lender, now: () => number) {
    this.#lender = lender;
    this.#now = now;
  }

  /** Takes over what the vault holds now, and drops every copy. */
  take(secrets: readonly SecretMeta[]): void {
    this.#secrets = new Map(secrets.map(meta => [meta.name, { meta }]));
    this.revoke({ kind: 'all' });
    this.#needles.clear();
    this.#coming.clear();
  }

  /** As `Vault.bindingFor`. */
  bindingFor(want: Want & { readonly secret: string | null }): SecretMeta | null {
    return bindingAmong(this.#secrets, want);
  }

  /** Gets what the request of this permit needs from the parent; null if it is all here. */
  fetch({ allowed }: Permit, requestHash: string): Promise<void> | null {
    const { gateway, run, secret, evidence } = allowed;
    const missing: Promise<void>[] = [];
    if (!this.#needles.has(gateway))
      missing.push(
        this.#once(`needles\n${gateway}`, async () => {
          const forms = await this.#lender.needles(gateway);
          return () => {
            this.#needles.set(gateway, new NeedleSet([...forms]));
            setTimeout(() => this.#needles.delete(gateway), needlesLifetime).unref();
          };
        }),
      );
    if (secret !== null && this.#leaseOf(gateway, run, secret) === undefined)
      missing.push(
        this.#once(keyOf(gateway, run, secret), async () => {
          const lease = await this.#lender.lease(evidence, requestHash);
          return () => {
            this.#leases.set(keyOf(gateway, run, secret), { lease, gateway, run });
            setTimeout(() => this.#leaseOf(gateway, run, secret), lease.expires_at - this.#now()).unref();
          };
        }),
      );
    return missing.length === 0 ? null : Promise.all(missing).then(() => {});
  }

  /** As `Vault.lease`, of what {@link fetch} got. */
  lease(permit: Permit, requestHash: string): Lease {
    const { gateway, run, secret } = spend(permit, 'vault', requestHash, this.#now());
    if (secret === null) throw new Refusal('credential_unavailable', 'The decision names no secret.');
    const lease = this.#leaseOf(gateway, run, secret);
    if (lease === undefined)
      throw new Refusal('credential_unavailable', `The lease of the secret ${secret} has just ended.`, {
        next: 'Send the request again.',
      });
    return lease;
  }

  /** As `Vault.needles`, of what {@link fetch} got. */
  needles(gateway: string): NeedleSet {
    const set = this.#needles.get(gateway);
    if (set !== undefined) return set;
    throw new Refusal('credential_unavailable', `What ${gateway} must not see in answers has just changed.`, {
      next: 'Send the request again.',
    });
  }

  /** As `Vault.revoke`. */
  revoke(scope: KillScope): void {
    for (const [key, { lease, gateway, run }] of this.#leases) {
      const named = scope.kind === 'gateway' ? gateway : scope.kind === 'run' ? run : null;
      if (named === null || named === (scope as { name?: string }).name) this.#drop(key, lease);
    }
  }

  #leaseOf(gateway: string, run: string, secret: string): Lease | undefined {
    const key = keyOf(gateway, run, secret);
    const known = this.#leases.get(key);
    if (known !== undefined && this.#now() >= known.lease.expires_at) this.#drop(key, known.lease);
    return this.#leases.get(key)?.lease;
  }

  #drop(key: string, lease: Lease): void {
    lease.value.fill(0);
    this.#leases.delete(key);
  }

  /** Asks once for all who want the same now. An answer that comes after everything was dropped is dropped as well. */
  #once(key: string, ask: () => Promise<() => void>): Promise<void> {
    const known = this.#coming.get(key);
    if (known !== undefined) return known;
    const coming = ask().then(
      keep => {
        if (this.#coming.get(key) !== coming) return;
        this.#coming.delete(key);
        keep();
      },
      (error: unknown) => {
        if (this.#coming.get(key) === coming) this.#coming.delete(key);
        throw error;
      },
    );
    this.#coming.set(key, coming);
    return coming;
  }
}

const keyOf = (gateway: string, run: string, secret: string): string => `${gateway}\n${run}\n${secret}`;
