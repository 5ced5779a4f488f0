/**
 * SDKs whose resources are generated from an OpenAPI document, one class a file, one method an operation:
 * `this._client.post(path`/files/${fileID}`, { body, ...options })`. The document itself isn't in the package.
 */
import { snake } from '../compiled.mjs';
import { allMembers, declarations } from './typescript.mjs';

const call = /_client\s*\.(get|post|put|patch|delete|getAPIList)\b\s*(?:<[^(]*>)?\(\s*(?:path)?([`'])([^`']*)\2/g;

/** A request to an address that an answer gave; the operation is in the overlay. */
const elsewhere = /_client\s*\.get\(\s*batch\.results_url/g;
const anyCall = /_client\s*\.(?:get|post|put|patch|delete|getAPIList)\b/g;

/** `resources/chat/completions/completions.ts` holds `chat.completions`. */
function nameOf(file) {
  const parts = file
    .replace(/^.*?resources\//, '')
    .replace(/\.ts$/, '')
    .split('/');
  if (parts.at(-1) === parts.at(-2)) parts.pop();
  return parts.map(snake);
}

/**
 * The operations of such an SDK: `{ id, method, path, … }` for rows.mjs, in the order of the sources, beta last.
 * `files` are all its resources. Throws if a request in them isn't understood, so that none gets lost.
 */
export function operations(files) {
  const found = [];
  for (const [file, text] of files) {
    const requests = file.endsWith('.ts') ? [...text.matchAll(call)] : [];
    const others = file.endsWith('.ts') ? (text.match(anyCall) ?? []).length - (text.match(elsewhere) ?? []).length : 0;
    if (others !== requests.length)
      throw new Error(`${file}: ${others} requests, and ${requests.length} are understood.`);
    if (requests.length === 0) continue;
    const index = declarations(text);
    for (const { index: at, 1: word, 3: template } of requests) {
      const enclosing = [...text.slice(0, at).matchAll(/\n {2}(?:async )?(\w+)(?:<[^(\n]*>)?\(/g)].at(-1);
      if (enclosing === undefined) throw new Error(`${file}: a request to ${template} is in no method.`);
      const said = argumentsAt(text, at);
      const method = (/\bmethod: '(\w+)'/.exec(said)?.[1] ?? (word === 'getAPIList' ? 'get' : word)).toUpperCase();
      found.push({
        method,
        path: template.replace(/\?.*$/, '').replace(/\$\{(\w+)\}/g, (_, name) => `{${snake(name)}}`),
        id: [...nameOf(file), enclosing[1]].join('.'),
        many: word === 'getAPIList',
        documentation: documentationBefore(text, enclosing.index),
        members: parameterTypes(text, enclosing.index, at).flatMap(type => allMembers(index, type)),
        placeOf: placing(method, said),
      });
    }
  }
  // What is in beta has the paths of what isn't, whose name is the one that a request gets which both describe.
  return found.sort((a, b) => Number(a.id.startsWith('beta.')) - Number(b.id.startsWith('beta.')));
}

/** The text of the call's arguments. */
function argumentsAt(text, at) {
  let depth = 0;
  const start = text.indexOf('(', at);
  for (let i = start; i < text.length; i++) {
    if (text[i] === '(') depth++;
    else if (text[i] === ')' && --depth === 0) return text.slice(start, i);
  }
  return text.slice(start);
}

/** The comment that ends right before a method; overloads have theirs at the first one. */
function documentationBefore(text, at) {
  const before = text.slice(0, at);
  const end = before.lastIndexOf('*/');
  const between = before.slice(end);
  return /\n {2}}/.test(between) ? '' : before.slice(before.lastIndexOf('/**'), end).replace(/\s*\*\s*/g, ' ');
}

/** Types of the method's parameters that are declared in the same file. */
function parameterTypes(text, from, to) {
  const signature = text.slice(from, to).split(/\{\n/)[0];
  const names = [...signature.matchAll(/\b([A-Z]\w*Params)\b/g)].map(([, name]) => name);
  return [...new Set(names.flatMap(name => [`${name}Base`, name]))];
}

/** Where a member goes: as its comment says where there are several places, else as the call does. */
function placing(method, said) {
  const body = /\bbody\b/.test(said) || (/^(POST|PUT|PATCH)$/.test(method) && !/\bquery\b/.test(said));
  return ({ documentation }) => {
    if (/^(Path|Header) param\b/.test(documentation)) return null;
    if (/^Query param\b/.test(documentation)) return 'query';
    return body || /^Body param\b/.test(documentation) ? 'body' : 'query';
  };
}
