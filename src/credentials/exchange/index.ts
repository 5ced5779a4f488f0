/** Exchange: structured secrets that become something short-lived, and how. Pure: requests are yielded, not sent. */
import type { Scheme } from '../../model.js';
import { isStructured } from '../structured.js';
import { githubApp } from './github-app.js';
import { google } from './google.js';
import type { Kind, Target } from './kind.js';
import { oauth2 } from './oauth2.js';
import { registry, registryScope } from './registry.js';
import { vault } from './vault.js';

export { type Answer, type Call, type Gained, type Kind, NoToken, type Target, type Wanted } from './kind.js';

const kinds: Readonly<Record<string, Kind>> = { oauth2, 'github-app': githubApp, google, registry };

/** How a secret of this scheme is exchanged; null if it is used as it is. */
export function kindOf(scheme: Scheme): Kind | null {
  if (!isStructured(scheme)) return null;
  return scheme.startsWith('vault:') ? vault : (kinds[scheme] ?? null);
}

/** What a token for this request must be good for: requests with the same one may share it. */
export const scopeOf = (scheme: Scheme, target: Target): string => (scheme === 'registry' ? registryScope(target) : '');
