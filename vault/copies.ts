/**
 * Copies: the vault as a worker process has it. Descriptions of all secrets; values and needles only of those that are in
 * use, lent by the parent, who has the vault, for as long as a lease lasts there, and dropped when it says so.
 */
import { NeedleSet, needles, scopeOf, type Target } from '../src/credentials/index.js';
import { Refusal } from '../src/errors.js';
import type { KillScope } from '../src/model.js';
import { type Permit, spend } from '../src/permit.js';
import { bindingAmong } from './binding.js';
import type { Lease } from './lease.js';
import { needlesLifetime } from './needle-sets.js';
import type { SecretMeta, Want } from './secret.js';

/** The parent's vault. Both reject `Refusal`, as the vault does. */
export interface Lender {
  /** What the parent leases for this permit, whose request has this hash. */
  lease(permit: Permit, requestHash: string, target: Target): Promise<Lease>;
  /** Everything that answers to this gateway must not show, in all its forms. */
  needles(gateway: string): Promise<readonly Buffer[]>;
  /** Hears that an API refused what was leased under this entry. */
  refused(opened_by: string): void;
}

/** The parts of a vault that the data path needs. */
export class Copies {
  readonly #lender: Lender;
  readonly #now: () => number;
  #secrets: ReadonlyMap<string, { readonly meta: SecretMeta }> = new Map();
  /** By gateway, run, secret, and what a token is good for. */
  readonly #leases = new Map<string, { readonly lease: Lease; readonly gateway: string; readonly run: string }>();
  /** Under which key the lease for a permit is. */
  readonly #keys = new WeakMap<Permit, string>();
  readonly #needles = new Map<string, { readonly set: NeedleSet; readonly age: number }>();
  /** One more whenever there are other tokens; sets that are older are asked for anew. */
  #age = 0;
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

  /** Sets of needles are asked for anew by the next request. Whoever has been given one goes on with it. */
  renew(): void {
    this.#age += 1;
  }

  /** Gets what the request of this permit needs from the parent; null if it is all here. */
  fetch(permit: Permit, requestHash: string, target: Target): Promise<void> | null {
    const { gateway, run, secret } = permit.allowed;
    if (secret === null) return this.#fetchNeedles(gateway);
    const scheme = this.#secrets.get(secret)?.meta.scheme;
    // As the parent tells tokens apart: what one registry gave is no other's.
    const place = scheme === 'registry' ? `${permit.allowed.host}:${permit.allowed.port}` : '';
    const key = [gateway, run, secret, place, scheme === undefined ? '' : scopeOf(scheme, target)].join('\n');
    this.#keys.set(permit, key);
    if (this.#leaseOf(key) !== undefined) return this.#fetchNeedles(gateway);
    const leased = this.#once(key, async () => {
      const lease = await this.#lender.lease(permit, requestHash, target);
      return () => {
        this.#leases.set(key, { lease, gateway, run });
        // Whatever the clock says by then.
        const over = (): void => void (this.#leases.get(key)?.lease === lease && this.#drop(key, lease));
        setTimeout(over, lease.expires_at - this.#now()).unref();
      };
    });
    // Only then: a lease may bring a token, which answers must not show either.
    return leased.then(() => this.#fetchNeedles(gateway) ?? undefined);
  }

  /** As `Vault.lease`, of what {@link fetch} got. */
  lease(permit: Permit, requestHash: string): Lease {
    const { secret } = spend(permit, 'vault', requestHash, this.#now());
    if (secret === null) throw new Refusal('credential_unavailable', 'The decision names no secret.');
    const lease = this.#leaseOf(this.#keys.get(permit) ?? '');
    if (lease === undefined)
      throw new Refusal('credential_unavailable', `The lease of the secret ${secret} has just ended.`, {
        next: 'Send the request again.',
      });
    return lease;
  }

  /** Drops what an API refused, if it was made under this entry, and says so to the parent. */
  refused(opened_by: string): void {
    for (const [key, { lease }] of this.#leases) if (lease.opened_by === opened_by) this.#drop(key, lease);
    this.#lender.refused(opened_by);
  }

  /** As `Vault.needles`, of what {@link fetch} got. */
  needles(gateway: string): NeedleSet {
    const known = this.#needles.get(gateway);
    if (known !== undefined) return known.set;
    throw new Refusal('credential_unavailable', `What ${gateway} must not see in answers has just changed.`, {
      next: 'Send the request again.',
    });
  }

  /** As `Vault.revoke`. */
  revoke(scope: KillScope): void {
    if (scope.kind === 'grant') return;
    for (const [key, { lease, gateway, run }] of this.#leases) {
      const named = scope.kind === 'gateway' ? gateway : scope.kind === 'run' ? run : null;
      if (named === null || named === (scope as { name?: string }).name) this.#drop(key, lease);
    }
  }

  #fetchNeedles(gateway: string): Promise<void> | null {
    const age = this.#age;
    if (this.#needles.get(gateway)?.age === age) return null;
    return this.#once(`needles\n${gateway}\n${age}`, async () => {
      const forms = await this.#lender.needles(gateway);
      return () => {
        if ((this.#needles.get(gateway)?.age ?? -1) > age) return;
        const kept = { set: new NeedleSet([...forms, ...this.#ownForms(gateway)]), age };
        this.#needles.set(gateway, kept);
        setTimeout(() => {
          if (this.#needles.get(gateway) === kept) this.#needles.delete(gateway);
        }, needlesLifetime).unref();
      };
    });
  }

  /** Of what is sent from here for as long as its lease lasts, also when the parent has dropped the token meanwhile. */
  #ownForms(gateway: string): Buffer[] {
    const own = [...this.#leases.values()].filter(
      // What is sent as it is in the vault is among the parent's.
      ({ lease: { name, scheme }, gateway: of }) => of === gateway && this.#secrets.get(name)?.meta.scheme !== scheme,
    );
    return own.flatMap(({ lease: { value, scheme } }) => needles(value, scheme));
  }

  #leaseOf(key: string): Lease | undefined {
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
