/**
 * The door of this room. The Rego compiler has its own, `compiler.ts`, because only the command line needs it.
 */
export { openPolicy, type Policy, type PolicyOptions } from './decide.js';
export {
  type ParsedPermission,
  type PermissionDraft,
  type PolicyData,
  parsePermission,
  permissionLimits,
  toData,
} from './permissions.js';
export { sha256 } from './shipped.js';
