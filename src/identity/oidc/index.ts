/**
 * OIDC: tokens of identity providers, verified: who a user is (ID tokens, OpenID Connect Core §3.1.3.7), and where a workload
 * runs. What is wrong with a token is said in a sentence that has nothing of the token in it.
 */
import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, type JWTVerifyResult, jwtVerify } from 'jose';
import type { OidcIssuer } from '../../config/oidc.js';
import { exitCode, Fault } from '../../errors.js';
import type { User, Value } from '../../model.js';
import { factsOf, userOf } from './claims.js';
import { type GetDocument, ProviderKeys } from './keys.js';

export type { GetDocument } from './keys.js';

/** Under what a token was accepted; for the log. */
export interface Verified {
  readonly issuer: string;
  readonly audience: string;
  readonly algorithm: string;
  readonly key: string | null;
}

/** What may be asked of providers. Everything rejects `Fault` with a sentence. */
export interface Oidc {
  /** The user that an ID token names. `nonce`: what its claim of that name must be, if the caller knows. */
  user(token: string, nonce?: string): Promise<{ readonly user: User; readonly verified: Verified }>;
  /** What a workload's token says of it. */
  workload(token: string): Promise<{ readonly facts: { readonly [name: string]: Value }; readonly verified: Verified }>;
}

/** Longest token, in characters. */
const longest = 16_384;
/** How far an issuer's clock may be ahead, in seconds. */
const leeway = 30;
/** Only those whose keys for checking can't sign: neither `none`, nor HMAC with what everybody can read. */
const algorithms = 'RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519'.split(' ');

const refused = (why: string, hint = 'Get a new one from your provider, and start the run again.'): Fault =>
  new Fault(exitCode.refused, `The token was refused: ${why}.`, hint);

/** What jose found, in words for people. */
function asFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  if (error instanceof errors.JWTExpired) return refused('it has expired');
  if (error instanceof errors.JOSEAlgNotAllowed) return refused('it is signed by an algorithm that is not allowed');
  if (error instanceof errors.JWSSignatureVerificationFailed) return refused('its signature is not right');
  if (error instanceof errors.JWKSNoMatchingKey) return refused('its issuer has no such key');
  if (error instanceof errors.JWKSMultipleMatchingKeys)
    return refused('it does not say which key of its issuer signed it');
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'aud') return refused('it is for another audience');
    if (error.claim === 'nbf') return refused('it is not valid yet');
    return refused(`its claim ${error.claim} is missing or not what it must be`);
  }
  return refused('it is not a token that can be read');
}

/** `now`: milliseconds since the epoch. Opens no connection before a token asks for it. */
export function openOidc(issuers: readonly OidcIssuer[], get: GetDocument, now: () => number): Oidc {
  const known = new Map(
    issuers.map(config => [config.issuer, { config, keys: new ProviderKeys(config.issuer, get, now) }]),
  );

  /** Who says that it comes from them, if they may. */
  function providerOf(token: string, workload: boolean) {
    if (token.length > longest) throw refused(`it has more than ${longest} characters`);
    if (decodeProtectedHeader(token).alg === 'none') throw refused('it is not signed');
    const { iss } = decodeJwt(token);
    const provider = typeof iss === 'string' ? known.get(iss) : undefined;
    const listed = 'List it under oidc in config.yaml (docs/identity.md).';
    if (provider === undefined) throw refused('its issuer is not one that this proxy trusts', listed);
    if ((provider.config.identifies !== 'user') !== workload)
      throw refused(
        `its issuer says ${workload ? 'who users are, not where workloads run' : 'where workloads run, not who users are'}`,
        listed,
      );
    return provider;
  }

  async function verify(
    token: string,
    workload: boolean,
  ): Promise<JWTVerifyResult & { config: OidcIssuer; verified: Verified }> {
    const { config, keys } = providerOf(token, workload);
    const result = await jwtVerify(token, keys.find, {
      algorithms,
      issuer: config.issuer,
      audience: config.audience,
      requiredClaims: ['sub', 'exp', 'iat'],
      clockTolerance: leeway,
      currentDate: new Date(now()),
    });
    const { payload, protectedHeader: head } = result;
    // Access tokens and log-outs of the same provider are signed by the same keys (RFC 9068 §2.1).
    if (head.typ !== undefined && head.typ.toLowerCase() !== 'jwt')
      throw refused('it is of another type than ID tokens are');
    // Not a moment longer: with it ends the run.
    if (payload.exp! <= now() / 1_000) throw refused('it has expired');
    if (payload.iat! > now() / 1_000 + leeway) throw refused('it was issued in the future');
    if (typeof payload.sub !== 'string' || payload.sub === '' || payload.sub.length > 255)
      throw refused('its claim sub is not a name');
    return {
      ...result,
      config,
      verified: {
        issuer: config.issuer,
        audience: audienceOf(payload, config),
        algorithm: head.alg,
        key: head.kid ?? null,
      },
    };
  }

  return {
    async user(token, nonce) {
      try {
        const { payload, config, verified } = await verify(token, false);
        const wanted = nonce ?? config.nonce;
        if (wanted !== undefined && payload.nonce !== wanted)
          throw refused('its nonce is not the one that was expected');
        return { user: userOf(payload, config), verified };
      } catch (error) {
        throw asFault(error);
      }
    },
    async workload(token) {
      try {
        const { payload, config, verified } = await verify(token, true);
        return { facts: factsOf(payload, config), verified };
      } catch (error) {
        throw asFault(error);
      }
    },
  };
}

/** The audience that a token was accepted for. Throws `Fault` if it has several and was not made for this one (§3.1.3.7). */
function audienceOf({ aud, azp }: JWTPayload, { audience }: OidcIssuer): string {
  const all = [aud ?? []].flat();
  if (azp !== undefined && all.length > 1 && !audience.includes(String(azp)))
    throw refused('it was made for another party');
  return all.find(each => audience.includes(each))!;
}
