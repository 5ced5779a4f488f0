/**
 * Exchange: between the vault and the line. Secrets that are never sent themselves become tokens here: one exchange for all
 * who want the same at once, and what a server changes about a secret is in the vault before its token is used.
 */
import { kindOf, NeedleSet, scopeOf, type Target } from '../../../src/credentials/index.js';
import { Refusal } from '../../../src/errors.js';
import { alone, belonging } from '../../../src/identity/kill.js';
import type { KillScope } from '../../../src/model.js';
import type { Permit } from '../../../src/permit.js';
import { type Lease, leaseLifetime, type Vault } from '../../../vault/index.js';
import { lastOf, Once, type OnceParts } from './once.js';
import { formsOf, type Token, Tokens } from './tokens.js';

export interface ExchangeParts extends OnceParts {
  readonly vault: Vault;
  /** There are other tokens; resolves when no answer is searched without them any more. */
  changed(): Promise<void>;
}

/** So long a failure is the answer to others who want the same, in milliseconds. */
const moment = 1_000;
/** A token that an API refuses is dropped, but not more often than this: what an agent asks for may always be refused. */
const patience = 10_000;

/** Refusals of one request, not of the exchange. */
const ownFaults: ReadonlySet<string> = new Set(['denied', 'killed', 'unauthenticated']);

/** What the data path sees as the vault. */
export class Exchange {
  readonly #parts: ExchangeParts;
  readonly #vault: Vault;
  readonly #once: Once;
  readonly #tokens: Tokens;
  /** Exchanges under way, by what they are for. */
  readonly #pending = new Map<
    string,
    { readonly done: Promise<Token>; readonly run: string; readonly gateway: string }
  >();
  readonly #failed = new Map<string, Refusal>();
  /** Of secrets whose server may change them: the last exchange, after which the next may begin. */
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #handed = new WeakMap<Permit, { readonly token: Token; readonly lease: Lease }>();
  readonly #dropped = new Map<string, number>();
  /** By the vault's own set, which gateways with the same secrets share: with which tokens. */
  readonly #sets = new WeakMap<NeedleSet, { generation: number; readonly tokens: string; readonly set: NeedleSet }>();

  constructor(parts: ExchangeParts) {
    this.#parts = parts;
    this.#vault = parts.vault;
    this.#once = new Once(parts);
    this.#tokens = new Tokens(parts.now);
  }

  /** As `Vault.list`. */
  list = (): ReturnType<Vault['list']> => this.#vault.list();

  /** As `Vault.bindingFor`. */
  bindingFor(want: Parameters<Vault['bindingFor']>[0]): ReturnType<Vault['bindingFor']> {
    return this.#vault.bindingFor(want);
  }

  /** Gets a token for the request of this permit, if its secret needs one; null if there is nothing to wait for. Rejects `Refusal`. */
  fetch(permit: Permit, requestHash: string, asked: Target): Promise<void> | null {
    const name = permit.allowed.secret;
    const meta = name === null ? undefined : this.#vault.find(name);
    if (meta === undefined || kindOf(meta.scheme) === null) return null;
    const { host, port } = permit.allowed;
    const target: Target = { method: asked.method, path: asked.path, query: asked.query, host, port };
    const token = this.#tokens.find(this.#keyFor(permit, target));
    if (token === undefined) return this.#obtain(permit, requestHash, target);
    this.#lend(permit, requestHash, token);
    return null;
  }

  /** As `Vault.lease`; of what {@link fetch} got, if it got something. */
  lease(permit: Permit, requestHash: string): Lease {
    const handed = this.#handed.get(permit);
    if (handed === undefined) return this.#vault.lease(permit, requestHash);
    this.#handed.delete(permit);
    if (permit.allowed.request !== requestHash)
      throw new Refusal('denied', 'The permit was rejected: it is for another request.', { rule: 'permit' });
    if (handed.token.ended)
      throw new Refusal('credential_unavailable', `The token for the secret ${handed.lease.name} has just ended.`, {
        next: 'Send the request again.',
      });
    return handed.lease;
  }

  /** As `Vault.needles`, with the tokens that there are. */
  needles(gateway: string): NeedleSet {
    const base = this.#vault.needles(gateway);
    const { generation } = this.#tokens;
    const known = this.#sets.get(base);
    if (known?.generation === generation) return known.set;
    const tokens = this.#tokens.of(this.#usableBy(gateway));
    const named = tokens.map(({ number }) => number).join();
    if (known?.tokens === named) {
      // Those that are new are not for this gateway.
      known.generation = generation;
      return known.set;
    }
    const all = tokens.length === 0 ? [] : [...this.#vault.needleForms(gateway), ...formsOf(tokens)];
    const set = tokens.length === 0 ? base : new NeedleSet(all);
    for (const form of all) form.fill(0);
    this.#sets.set(base, { generation, tokens: named, set });
    return set;
  }

  /** As `Vault.needleForms`, with the tokens that there are. */
  needleForms(gateway: string): Buffer[] {
    return [...this.#vault.needleForms(gateway), ...formsOf(this.#tokens.of(this.#usableBy(gateway)))];
  }

  /**
   * As `Vault.revoke`; ends exchanges and tokens too. Nothing more is sent, but a server that may just have replaced a secret
   * is listened to a while: without its answer the secret would be lost to all.
   */
  revoke(scope: KillScope): void {
    this.#vault.revoke(scope);
    this.#tokens.revoke(scope);
    if (this.#turns.size === 0) this.#parts.upstreams.stop(scope);
    else void lastOf(this.#turns.values()).then(() => this.#parts.upstreams.stop(scope));
  }

  /** The API refused the token that this entry is about: the next request gets another. */
  refused(opened_by: string): void {
    const now = this.#parts.now();
    this.#tokens.end(({ id, secret }) => {
      const since = now - (this.#dropped.get(secret) ?? Number.NEGATIVE_INFINITY);
      // Less than nothing: the clock went back.
      if (id !== opened_by || (since >= 0 && since < patience)) return false;
      this.#dropped.set(secret, now);
      return true;
    });
  }

  /** Ends the tokens of secrets that are no longer what they were. */
  keep(): void {
    this.#tokens.end(({ secret, version }) => this.#vault.find(secret)?.version !== version);
    this.#once.keep();
  }

  /** Ends all tokens, and waits a while for what has to be stored and taken back. */
  async close(): Promise<void> {
    await lastOf(this.#turns.values());
    this.#once.save();
    this.#tokens.end(() => true);
    await this.#once.cleaned();
    this.#parts.upstreams.stop({ kind: 'all' });
  }

  /** Whether this gateway may use a secret. */
  #usableBy(gateway: string): (secret: string) => boolean {
    return name => {
      const gateways = this.#vault.find(name)?.gateways ?? [];
      return gateways.length === 0 || gateways.includes(gateway);
    };
  }

  /** What may share a token: requests for one secret as it is now, with one scope, over the same way. */
  #keyFor({ allowed: { secret, run } }: Permit, target: Target): string {
    const meta = this.#vault.find(secret!);
    const place = meta?.scheme === 'registry' ? `${target.host}:${target.port}` : '';
    const way = this.#parts.upstreams.own(run) ? run : '';
    return [secret, meta?.version, place, meta === undefined ? '' : scopeOf(meta.scheme, target), way].join('\n');
  }

  /** Under the request's own permit, by which the vault judges whether it may have the secret at all. */
  #lend(permit: Permit, requestHash: string, token: Token): void {
    this.#vault.lease(permit, requestHash);
    this.#hand(permit, token);
  }

  #hand(permit: Permit, token: Token): void {
    const { gateway, run } = permit.allowed;
    token.users.set(run, gateway);
    const { secret: name, version, scheme, connector, value, id: opened_by } = token;
    const expires_at = Math.min(token.expires, this.#parts.now() + leaseLifetime);
    this.#handed.set(permit, { token, lease: { name, version, scheme, connector, value, expires_at, opened_by } });
  }

  async #obtain(permit: Permit, requestHash: string, target: Target): Promise<void> {
    const { run } = permit.allowed;
    // Whoever may not have it neither begins an exchange nor waits for one.
    this.#vault.bindingFor(permit.allowed);
    for (;;) {
      const key = this.#keyFor(permit, target);
      const token = this.#tokens.find(key);
      if (token !== undefined) return this.#lend(permit, requestHash, token);
      const failed = this.#failed.get(key);
      if (failed !== undefined) throw failed;
      const pending = this.#pending.get(key);
      if (pending === undefined) return this.#hand(permit, await this.#begin(permit, requestHash, target, key));
      await pending.done.catch((error: unknown) => {
        // What is wrong with the request that began it, or was done to its run, is nobody else's fault.
        const own = error instanceof Refusal && ownFaults.has(error.code);
        if (!own && (pending.run === run || !this.#stopped(pending))) throw error;
      });
    }
  }

  #begin(permit: Permit, requestHash: string, target: Target, key: string): Promise<Token> {
    const { gateway, run, secret } = permit.allowed;
    const before = this.#turns.get(secret!) ?? Promise.resolve();
    const changes = this.#vault.find(secret!)?.scheme === 'oauth2';
    const work = async (): Promise<Token> => {
      const given = await this.#once.exchange(permit, requestHash, target);
      const token = this.#tokens.put({ ...given, key: this.#keyFor(permit, target) });
      this.#parts.log.note(leased(permit, token));
      await this.#parts.changed();
      return token;
    };
    const done = (changes ? before.then(work, work) : work()).finally(() => this.#pending.delete(key));
    if (changes) {
      const turn = done.catch(() => {});
      this.#turns.set(secret!, turn);
      void turn.then(() => this.#turns.get(secret!) === turn && this.#turns.delete(secret!));
    }
    this.#pending.set(key, { done, gateway, run });
    done.catch((error: unknown) => {
      if (!(error instanceof Refusal) || error.code !== 'credential_unavailable' || this.#stopped({ gateway, run }))
        return;
      this.#failed.set(key, error);
      setTimeout(() => this.#failed.delete(key), moment).unref();
    });
    return done;
  }

  #stopped({ gateway, run }: { gateway: string; run: string }): boolean {
    try {
      const known = this.#parts.runs.find(run);
      this.#parts.kill.check(known === undefined ? alone(gateway, run, null) : belonging(known.subject, null));
      return known === undefined;
    } catch {
      return true;
    }
  }
}

function leased({ allowed: { run, gateway } }: Permit, { id, secret: name, version, scheme, expires }: Token) {
  const expires_at = new Date(expires).toISOString();
  return {
    type: 'credential.leased',
    run,
    gateway,
    decided: id,
    credential: { name, version, scheme },
    expires_at,
  } as const;
}
