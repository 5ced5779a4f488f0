/** OIDC: the section `oidc` of the configuration: which providers may say who a user is, or where a workload runs. */
import { z } from 'zod';

/** Whether a text can be an issuer (OpenID Connect Discovery §2): https, nothing behind the path; http at loopback alone. */
function isIssuer(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, search, hash, username, password } = new URL(text);
  if (search + hash + username + password !== '' || /[?#]$/.test(text)) return false;
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}

/** Whether a host of a URL is this machine, whatever a resolver says. */
const isLoopback = (host: string): boolean => /^(127(\.\d{1,3}){3}|\[::1\]|localhost)$/.test(host);

const name = z.string().min(1).max(256);
const issuer = z
  .strictObject({
    issuer: z.string().refine(isIssuer, 'must be an https URL without query (http for 127.0.0.1 and ::1 alone)'),
    audience: z.union([name, z.array(name).min(1)]).transform(names => [names].flat()),
    identifies: z.enum(['user', 'kubernetes', 'github-actions']).default('user'),
    groups_claim: name.default('groups'),
    roles: z.record(name, z.array(name)).default({}),
    nonce: name.optional(),
  })
  .refine(({ identifies, roles }) => identifies === 'user' || Object.keys(roles).length === 0, 'only users have roles');

/** What `oidc` may hold. */
export const oidc = z
  .array(issuer)
  .refine(all => new Set(all.map(({ issuer }) => issuer)).size === all.length, 'names an issuer twice')
  .default([]);

/** A provider, once read. */
export type OidcIssuer = z.output<typeof issuer>;
