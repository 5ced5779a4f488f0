/**
 * Examples of a connector, as text that a stranger can read: a request, and indented below it what it is.
 *
 *     POST /emails {"from":"a@x.dev","to":"b@y.dev"}
 *       resend.email.send  write  email  from=a@x.dev to=b@y.dev
 *
 * A target may be absolute; a body is JSON, a form, or (in quotes) a JSON string of raw text; indented `Name: value`
 * lines are header fields; `?name` is an unknown parameter; `#` begins a comment.
 */
import type { CanonicalRequest, Classified, Field, Value } from '../model.js';
import type { Catalog } from './catalog.js';

/** One example. */
export interface Example {
  /** Number of its first line, from 1. */
  readonly line: number;
  readonly request: CanonicalRequest;
  /** The request as it is written in the file. */
  readonly text: string;
  /** What it should be, as {@link describe} prints it. */
  readonly expected: string;
}

const fieldLine = /^([A-Za-z][A-Za-z0-9-]*): (.*)$/;

/** The canonical request that a line and its header fields stand for. */
export function exampleRequest(text: string, host: string, fields: readonly Field[] = []): CanonicalRequest {
  const [, method = '', target = '', rest = ''] = /^(\S+) (\S+)(?: (.*))?$/.exec(text) ?? [];
  const [, scheme = 'https', authority = host, origin = target] = /^(https?):\/\/([^/]+)(\/.*)$/.exec(target) ?? [];
  const [name = '', port = scheme === 'https' ? '443' : '80'] = authority.split(':');
  const question = origin.indexOf('?');
  const json = /^[{[]/.test(rest);
  const content = rest === '' ? null : new TextEncoder().encode(rest.startsWith('"') ? String(JSON.parse(rest)) : rest);
  const typed =
    fields.some(([field]) => field.toLowerCase() === 'content-type') || content === null || rest.startsWith('"');
  const type: Field[] = typed
    ? []
    : [['Content-Type', json ? 'application/json' : 'application/x-www-form-urlencoded']];
  return {
    scheme: scheme as 'http' | 'https',
    host: name,
    port: Number(port),
    method,
    path: question < 0 ? origin : origin.slice(0, question),
    query: question < 0 ? '' : origin.slice(question + 1),
    fields: [...fields, ...type],
    body: content === null ? { state: 'none', bytes: 0 } : { state: 'complete', bytes: content.length },
    content,
    upgrade: null,
  };
}

/** Reads a file of examples; requests without a host go to `host`. Throws an Error that names the line. */
export function readExamples(text: string, host: string): readonly Example[] {
  const examples: Example[] = [];
  let open: { line: number; text: string; fields: Field[] } | null = null;
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const [, name, value] = fieldLine.exec(line.trim()) ?? [];
    if (!line.startsWith(' ')) {
      if (open !== null) throw new Error(`line ${open.line}: nothing says what this request is`);
      open = { line: i + 1, text: line.trimEnd(), fields: [] };
    } else if (open === null) throw new Error(`line ${i + 1}: there is no request above`);
    else if (name !== undefined && value !== undefined) open.fields.push([name, value]);
    else {
      const request = exampleRequest(open.text, host, open.fields);
      examples.push({ line: open.line, request, text: open.text, expected: line.trim().replace(/ {2,}/g, ' ') });
      open = null;
    }
  }
  if (open !== null) throw new Error(`line ${open.line}: nothing says what this request is`);
  return examples;
}

/** A value as text that can be told from every other: bare where it can't be mistaken. */
function printValue(value: Value): string {
  const bare = typeof value === 'string' && /^[^\s"[\]{}?=]+$/.test(value) && !/^(-?\d|true$|false$|null$)/.test(value);
  return bare ? value : JSON.stringify(value);
}

/** What a request is, on one line: name, access, resource, parameters, and `?` before each unknown one. */
export function describe({ action, resource }: Classified): string {
  const about = resource.id === '' ? resource.type : `${resource.type}:${resource.id}`;
  const parameters = Object.entries(action.parameters).map(([name, value]) => `${name}=${printValue(value)}`);
  return [action.name, action.access, about, ...parameters, ...action.unknown.map(name => `?${name}`)].join(' ');
}

/** The sentences that say which examples aren't what they should be. */
export function checkExamples(catalog: Catalog, examples: readonly Example[]): readonly string[] {
  return examples.flatMap(({ line, request, text, expected }) => {
    const found = describe(catalog.classify(request));
    return found === expected ? [] : [`line ${line}: ${text}\n    should be  ${expected}\n    but is     ${found}`];
  });
}
