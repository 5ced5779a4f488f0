/** How a secret becomes credentials on the wire, and how it is found again where it must not be. Pure. */
export { inject, type Place, stripOwn } from './inject.js';
export { NeedleSet, type Spans } from './needle-set.js';
export { needles } from './needles.js';
export { containsPlaceholder, findPlaceholder, placeholderMarker } from './placeholders.js';
export { parseScheme, secretParts, valueFault } from './scheme.js';
