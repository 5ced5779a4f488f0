/**
 * Patterns over names made of segments: actions (`github.pr.*`, segments of `.`) and resources (`repo:acme/*`, segments
 * of `/`). The default policy has the same semantics in Rego.
 */

/** What separates the segments. */
export type Separator = '.' | '/';

/** The segments of a resource begin after its type: `repo:acme/site` has `repo`, `acme` and `site`. */
function segments(text: string, separator: Separator): string[] {
  if (separator === '.') return text.split('.');
  const colon = text.indexOf(':');
  return colon < 0 ? text.split('/') : [text.slice(0, colon), ...text.slice(colon + 1).split('/')];
}

/**
 * Whether `value` fits `pattern`: a segment `*` stands for exactly one segment, at the end for one or more. A lone `*`
 * fits everything.
 */
export function matchesPattern(pattern: string, value: string, separator: Separator): boolean {
  if (pattern === '*') return true;
  const wanted = segments(pattern, separator);
  const given = segments(value, separator);
  const open = wanted.at(-1) === '*';
  if (open ? given.length < wanted.length : given.length !== wanted.length) return false;
  return wanted.every((segment, i) => segment === '*' || segment === given[i]);
}

/** Number of literal segments: the pattern that has more is the more specific one. */
export const specificity = (pattern: string, separator: Separator): number =>
  segments(pattern, separator).filter(segment => segment !== '*').length;

/** What is wrong with a pattern, as a sentence for whoever wrote it; null if nothing is. */
export function patternFault(pattern: string, separator: Separator): string | null {
  if (pattern === '') return 'A pattern can’t be empty; `*` fits everything.';
  if (pattern === '*') return null;
  if (/[\s\u0000-\u001f\u007f]/.test(pattern)) return `The pattern ${JSON.stringify(pattern)} contains white space.`;
  if (separator === '/' && !/^[^:/]+(:|$)/.test(pattern)) {
    return `The resource pattern ${JSON.stringify(pattern)} does not begin with a type, such as \`repo:\`.`;
  }
  // Calls of gRPC are named as their service spells itself, and those of AWS as IAM does.
  const segmentOfAction = /^(grpc|aws)\./.test(pattern) ? /^[A-Za-z0-9_-]+$/ : /^[a-z0-9_-]+$/;
  for (const segment of segments(pattern, separator)) {
    if (segment === '' && !pattern.endsWith(':')) return `The pattern ${JSON.stringify(pattern)} has an empty segment.`;
    if (segment !== '*' && segment.includes('*')) {
      return `In the pattern ${JSON.stringify(pattern)}, \`*\` must be a whole segment: ${JSON.stringify(segment)} is not.`;
    }
    if (separator === '.' && segment !== '*' && !segmentOfAction.test(segment)) {
      return `The action pattern ${JSON.stringify(pattern)} has a segment that no action has: ${JSON.stringify(segment)}.`;
    }
  }
  return null;
}
