/**
 * GitLab's own endpoints as @gitbeaker/core asks for them. Its classes put paths together at run time, from prefixes that
 * their constructors get, so the bundle runs in a context of its own, in which nothing is but what it needs, and each method
 * is called with names in place of values: what it would have sent is the operation.
 */
import { createContext, runInContext } from 'node:vm';
import { snake } from '../compiled.mjs';

const methods = ['get', 'post', 'put', 'patch', 'delete'];

/** The classes of the bundle, and the list that gets what they ask for. */
function load(text) {
  const asked = [];
  class BaseResource {
    constructor({ prefixUrl = '' } = {}) {
      const ask = method => path => {
        asked.push({ method: method.toUpperCase(), path: [prefixUrl, path].filter(part => part !== '').join('/') });
        return Promise.resolve({ body: {}, headers: {}, status: 200 });
      };
      // Some methods are only there for whoever has such a token.
      this.headers = { 'job-token': 'token' };
      this.requester = Object.fromEntries(methods.map(method => [method, ask(method)]));
    }
  }
  const same = value => value;
  const modules = {
    '@gitbeaker/requester-utils': { BaseResource },
    xcase: { camelizeKeys: same, decamelizeKeys: same },
    qs: { stringify: () => '', parse: () => ({}) },
  };
  class Form {
    append() {}
  }
  const exports = {};
  const context = createContext({
    exports,
    require: name => modules[name] ?? {},
    FormData: Form,
    Blob: Form,
    process: { emitWarning() {} },
  });
  runInContext(text, context);
  return { classes: exports, asked };
}

/** The parameters of a method as they are written, default values aside. */
function parametersOf(method) {
  const source = method.toString();
  const list = [];
  let depth = 0;
  let from = source.indexOf('(') + 1;
  for (let at = from; at < source.length; at++) {
    const character = source[at];
    if ('{[('.includes(character)) depth++;
    if ((character === ',' || character === ')') && depth === 0) {
      list.push(source.slice(from, at).trim());
      from = at + 1;
      if (character === ')') break;
    } else if ('}])'.includes(character)) depth--;
  }
  return list.filter(parameter => parameter !== '');
}

/** Every way to give some of these options: none, one, two of them, all. */
function choices(parameter) {
  const inside = /^\{([\s\S]*?)\}/.exec(parameter)?.[1] ?? '';
  const names = [...inside.matchAll(/(?:^|,)\s*(\w+)/g)].map(([, name]) => name);
  const one = names.map(name => [name]);
  const two = names.flatMap((name, i) => names.slice(i + 1).map(other => [name, other]));
  return [[], ...one, ...two, names].map(chosen => Object.fromEntries(chosen.map(name => [name, marked(name)])));
}

const marked = name => `{${snake(name)}}`;

/** An object that has whatever it is asked for. */
const anything = new Proxy({}, { get: (_, name) => (typeof name === 'string' ? marked(name) : undefined) });

/** The values to call a method with, one list after the other: its options given in every way. */
function* argumentsFor(parameters) {
  const open = parameters.findIndex(parameter => parameter.startsWith('{'));
  const values = options =>
    parameters.map((parameter, i) => {
      if (i === open) return options;
      return /^options/.test(parameter) ? (options ?? {}) : marked(/^\w+/.exec(parameter)?.[0] ?? '');
    });
  for (const options of open < 0 ? [undefined] : choices(parameters[open])) yield values(options);
  if (open < 0) yield values(anything);
}

/**
 * The operations of the bundle, `{ id, method, path }` for rows.mjs: what each method of each class asks for, those that
 * are inherited included. Throws if one of them asks for nothing.
 */
export function operations(text) {
  const { classes, asked } = load(text);
  const found = new Map();
  for (const [name, Class] of Object.entries(classes)) {
    if (typeof Class !== 'function' || Class.prototype === undefined || name === 'Gitlab') continue;
    for (const [method, run] of methodsOf(Class.prototype)) {
      const id = `${name}.${method}`;
      const before = asked.length;
      for (const values of argumentsFor(parametersOf(run))) {
        // What is asked for with made-up options counts only if nothing is asked for without.
        if (values.includes(anything) && asked.length > before) continue;
        try {
          // What it makes of the answer doesn't matter.
          Promise.resolve(run.apply(new Class({}), values)).catch(() => {});
        } catch {}
      }
      if (asked.length === before) throw new Error(`${id} asks for nothing.`);
      for (const { method: verb, path } of asked.splice(before)) {
        // Some packages are named by a path, which is encoded once more.
        const plain = decodeURIComponent(decodeURIComponent(path.replace(/\?.*$/, ''))).replace(/^\/+|\/+$/g, '');
        // An option that wasn't given, and methods that ask for something else than they are named for.
        const unlike = verb === 'GET' ? /^(remove|edit)/.test(method) : /^show/.test(method);
        if (unlike || /(^|\/)undefined(\/|$)/.test(plain)) continue;
        found.set(`${id} ${verb} ${plain}`, { id, method: verb, path: `/${plain}` });
      }
    }
  }
  return distinct([...found.values()]);
}

/** Of several paths of one method the first has its name, and the others what their paths have besides. */
function distinct(found) {
  const first = new Map();
  const taken = new Set();
  const literals = path => path.split('/').filter(part => part !== '' && !part.includes('{'));
  return found.map(({ id, method, path }) => {
    const known = first.get(id);
    if (known === undefined) {
      first.set(id, literals(path));
      taken.add(id);
      return { id, method, path };
    }
    const rest = literals(path).filter(part => !known.includes(part));
    let name = [id, 'at', ...(rest.length > 0 ? rest : ['variant'])].join('_');
    while (taken.has(name)) name += '_2';
    taken.add(name);
    return { id: name, method, path };
  });
}

/** The methods of a class, those that it inherits too. */
function methodsOf(prototype) {
  const found = new Map();
  for (let at = prototype; at !== null && at.constructor.name !== 'Object'; at = Object.getPrototypeOf(at))
    for (const name of Object.getOwnPropertyNames(at))
      if (name !== 'constructor' && !found.has(name) && typeof at[name] === 'function') found.set(name, at[name]);
  return found;
}
