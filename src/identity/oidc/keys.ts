/**
 * Keys of a provider: its discovery document (OpenID Connect Discovery §4), and the keys that it names there (RFC 7517).
 * They are kept for a while; a token with a key that isn't among them has them fetched again, but not at anybody's pace.
 */
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey, type LocalJWKSet } from 'jose';
import { exitCode, Fault } from '../../errors.js';

/** Gets a document from a URL: its whole body with status 200, else a rejection whose message is a sentence. */
export type GetDocument = (url: string) => Promise<string>;

/** Milliseconds for which fetched keys are used. */
const lifetime = 600_000;
/** Milliseconds between two fetches for the sake of keys that are not known. */
const pause = 10_000;
const mostKeys = 100;

/** Refused, not failed: whoever starts a run asks a proxy that failed again and again. */
const unavailable = (issuer: string, why: string): Fault =>
  new Fault(
    exitCode.refused,
    `The keys of ${issuer} can't be had: ${why}`,
    'An operator must look at oidc and upstream in config.yaml (docs/identity.md).',
  );

/** A JSON object. Throws `Fault`. */
function parsed(issuer: string, url: string, text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // said below
  }
  throw unavailable(issuer, `what is at ${url} is not a JSON object.`);
}

/** Whether keys may come from there: as the issuer itself, so never less protected than it. */
function isGoodAddress(url: unknown, issuer: string): url is string {
  if (typeof url !== 'string' || !URL.canParse(url)) return false;
  const { protocol, hostname, username, password } = new URL(url);
  if (username + password !== '') return false;
  return (
    protocol === 'https:' ||
    (protocol === 'http:' && issuer.startsWith('http:') && hostname === new URL(issuer).hostname)
  );
}

/** The keys of one provider. */
export class ProviderKeys {
  readonly #issuer: string;
  readonly #get: GetDocument;
  readonly #now: () => number;
  #known: { readonly keys: LocalJWKSet; readonly since: number } | null = null;
  #fetching: Promise<LocalJWKSet> | null = null;

  constructor(issuer: string, get: GetDocument, now: () => number) {
    this.#issuer = issuer;
    this.#get = get;
    this.#now = now;
  }

  /** The key that a token's head names. Rejects `Fault` when keys can't be had, and as jose does when there is none for it. */
  readonly find: JWTVerifyGetKey = async (head, token) => {
    const known = this.#age() < lifetime ? this.#known!.keys : await this.#fetch();
    try {
      return await known(head, token);
    } catch (error) {
      // The provider may have changed its keys since.
      if (!(error instanceof errors.JWKSNoMatchingKey) || this.#age() < pause) throw error;
      return (await this.#fetch())(head, token);
    }
  };

  #age(): number {
    const age = this.#known === null ? Number.POSITIVE_INFINITY : this.#now() - this.#known.since;
    // Less than nothing: the clock went back.
    return age < 0 ? lifetime : age;
  }

  /** For all who wait for them at the same time. */
  #fetch(): Promise<LocalJWKSet> {
    this.#fetching ??= this.#fetched().finally(() => {
      this.#fetching = null;
    });
    return this.#fetching;
  }

  async #fetched(): Promise<LocalJWKSet> {
    const issuer = this.#issuer;
    const read = async (url: string): Promise<Record<string, unknown>> => {
      const text = await this.#get(url).catch((error: unknown) => {
        throw unavailable(issuer, error instanceof Error ? error.message : 'unknown.');
      });
      return parsed(issuer, url, text);
    };
    const at = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const document = await read(at);
    if (document.issuer !== issuer) throw unavailable(issuer, `the document at ${at} is about another issuer.`);
    const { jwks_uri: address } = document;
    if (!isGoodAddress(address, issuer)) throw unavailable(issuer, 'its discovery document names no https jwks_uri.');
    const set = await read(address);
    if (!Array.isArray(set.keys) || set.keys.length > mostKeys)
      throw unavailable(issuer, `what is at ${address} is not a set of at most ${mostKeys} keys.`);
    try {
      const keys = createLocalJWKSet(set as unknown as JSONWebKeySet);
      this.#known = { keys, since: this.#now() };
      return keys;
    } catch {
      throw unavailable(issuer, `what is at ${address} is not a set of keys.`);
    }
  }
}
