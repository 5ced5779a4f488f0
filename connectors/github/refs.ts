/** GitHub: one ref. https://docs.github.com/rest/git/refs */
import type { RequestView, Route, Value } from '../../src/model.js';

type Read = (request: RequestView) => {
  readonly parameters: { readonly [name: string]: Value };
  readonly unknown: readonly string[];
};

const nothing: Read = () => ({ parameters: {}, unknown: [] });

/** `force` and `sha` of an update; of another type, in a body that can't be read, or in the query they are unknown. */
const update: Read = ({ json, query }) => {
  const types = { force: 'boolean', sha: 'string' };
  const body =
    typeof json === 'object' && json !== null && !Array.isArray(json)
      ? (json as { readonly [name: string]: Value })
      : null;
  const parameters: { [name: string]: Value } = {};
  const unknown: string[] = [];
  for (const [name, type] of Object.entries(types)) {
    const value = body !== null && Object.hasOwn(body, name) ? body[name]! : undefined;
    const elsewhere = query.some(([given]) => given.split('[', 1)[0] === name);
    if (value === undefined && body !== null && !elsewhere) continue;
    if (!elsewhere && value !== undefined && typeof value === type) parameters[name] = value;
    else unknown.push(name);
  }
  return { parameters, unknown };
};

/**
 * Branches and tags by their own names. One route for all refs, because octokit writes `heads%2Fmain`, others
 * `heads/main`, and GitHub takes both for the same.
 */
const ofRef =
  (verb: 'get' | 'update' | 'delete', read: Read = nothing): Route =>
  (request, { owner, repo, ref = '' }) => {
    const [, kind, name] = /^(?:refs\/)*(heads|tags)\/(.+)$/.exec(ref) ?? [];
    const { parameters, unknown } = read(request);
    const common = {
      aliases: [`git.${verb}_ref`],
      resource: `repo:${owner}/${repo}`,
      unknown,
      ...(verb === 'delete' && { hints: ['destructive' as const] }),
    };
    if (kind === 'heads') return { action: `branch.${verb}`, ...common, parameters: { branch: name!, ...parameters } };
    if (kind === 'tags' && verb === 'delete')
      return { action: 'tag.delete', ...common, parameters: { tag: name!, ...parameters } };
    return { action: `ref.${verb}`, ...common, parameters: { ref, ...parameters } };
  };

export const refs: { readonly [methodAndTemplate: string]: Route } = {
  'GET /repos/{owner}/{repo}/git/ref/{ref+}': ofRef('get'),
  'PATCH /repos/{owner}/{repo}/git/refs/{ref+}': ofRef('update', update),
  'DELETE /repos/{owner}/{repo}/git/refs/{ref+}': ofRef('delete'),
};
