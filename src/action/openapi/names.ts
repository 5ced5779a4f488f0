/** Names of a description in the form that actions, resources and parameters have here. Pure. */

/** What is longer is nobody's name, and would take its time. */
const longest = 300;

/** `mergePullRequest`, `merge-pull-request` and `MergePullRequest` as `merge_pull_request`. */
export const snake = (text: string): string =>
  text
    .slice(0, longest)
    .replace(/OAuth/g, 'Oauth')
    .replace(/[A-Z]{2,}s(?![a-z])/g, plural => plural[0] + plural.slice(1).toLowerCase())
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .toLowerCase();

/** A word that begins with a letter. */
const word = (text: string): string => (/^[0-9]/.test(text) ? `n${text}` : text);

/** The name of a parameter: `X-Request-Id` as `x_request_id`; empty if nothing is left of it. */
export const parameterName = (text: string): string => word(snake(text));

/** The name of an action: `pulls/merge` as `pulls.merge`, `chat.postMessage` as `chat.post_message`; empty if nothing is left. */
export const actionName = (operationId: string): string =>
  operationId
    .split(/[./:#]+/)
    .map(part => word(snake(part)))
    .filter(part => part !== '')
    .join('.');

/** The name of an operation that has none of its own: `GET /users/{id}` as `get_users_id`. */
export const nameOfPath = (method: string, path: string): string =>
  [method.toLowerCase(), ...path.split('/').map(snake)].filter(part => part !== '').join('_');

/** The name of one of them: `policies` as `policy`, `addresses` as `address`. */
export function singular(name: string): string {
  if (/(?:ss|us|is)$/.test(name) || !name.endsWith('s')) return name;
  if (/(?:alias|status)es$/.test(name)) return name.slice(0, -2);
  if (name.endsWith('ies')) return `${name.slice(0, -3)}y`;
  return /(?:ss|x|ch|sh)es$/.test(name) ? name.slice(0, -2) : name.slice(0, -1);
}
