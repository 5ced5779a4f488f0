/** How a secret becomes credentials on the wire, and how it is found again where it must not be. Pure. */
export {
  type Answer,
  type Call,
  type Gained,
  type Kind,
  kindOf,
  NoToken,
  scopeOf,
  type Target,
} from './exchange/index.js';
export { inject, type Place, stripOwn } from './inject.js';
export { NeedleSet, type Spans } from './needle-set.js';
export { needles } from './needles.js';
export { containsPlaceholder, findPlaceholder, holdsPlaceholder, placeholderMarker } from './placeholders.js';
export { parseScheme, secretParts, valueFault } from './scheme.js';
export { isSignedByPlaceholder } from './sigv4-own.js';
export { type Signed, signAws } from './sigv4-sign.js';
export { type Members, readMembers } from './structured.js';
export { isWebhook, signWebhook, webhookSignature } from './webhook.js';
