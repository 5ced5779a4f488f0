/**
 * The door of this room. The Rego compiler has its own, `compiler.ts`, because only the command line needs it.
 */

export { stillStands } from './again.js';
export { pointIn, printWall } from './clock.js';
export { type Counters, openCounters, type Past, sameness } from './counters.js';
export { type Around, type PolicyData, permissionLimits, toData } from './data.js';
export { openPolicy, type Policy, type PolicyOptions } from './decide.js';
export { type Freezes, frozenBy, frozenReason, openFreezes, type ParsedFreeze, parseFreeze } from './freezes.js';
export { covers, obstacle, withinGrants } from './granted.js';
export { hoursHold, parseHours, printHours } from './hours.js';
export { type ParsedPermission, type PermissionDraft, parsePermission } from './permissions.js';
export { loopSuspected, type Repeats } from './repeats.js';
export { sha256 } from './shipped.js';
