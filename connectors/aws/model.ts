/**
 * The models of AWS's services, as the generated file has them: one text for each name in front of the region, of which
 * only the one that is asked for is read.
 */
import type { Access, Hint, Value } from '../../src/model.js';
import { accesses } from './s3-operations.js';

/** One operation of one service. */
export interface Operation {
  /** Prefix in IAM: `dynamodb`. */
  readonly service: string;
  /** `DeleteTable` */
  readonly name: string;
  readonly protocol: 'query' | 'ec2' | 'json' | 'rest-json' | 'rest-xml';
  /** `Version` of a query, or what is in front of the dot in `X-Amz-Target`. */
  readonly mark: string;
  readonly access: Access;
  readonly hints: readonly Hint[];
  /** Whether its input has a place for a role, which a service then has. */
  readonly passes: boolean;
  /** Method and template of the path, and what the query must have; for REST only. */
  readonly route: string;
  readonly literals: readonly (readonly [name: string, value: string])[];
  /** Where what it is about is; null if no name or id says it. */
  readonly about: string | null;
  /** What it is the name of, where the place doesn't say it: `document`; empty if it does. */
  readonly noun: string;
  /** Whether it is always there, or (without it) whether it is about nothing but the account. */
  readonly certain: boolean;
  /** Whether nothing else could be it instead. */
  readonly alone: boolean;
  /** Where other names and ids are. */
  readonly places: readonly string[];
}

/** `/tags?operation=add` → the path, and the pairs that the query must have. */
function split(target: string): [path: string, literals: [string, string][]] {
  const [path = '', query] = target.split('?') as [string, string?];
  const pairs = query === undefined ? [] : query.split('&').map(pair => pair.split('='));
  return [path, pairs.map(([name = '', value = '']) => [name, value])];
}

/** `/functions/{name}/url` → `function`. */
function nounOf(path: string, place: string): string {
  const segments = path.split('/');
  const before = segments[segments.findIndex(segment => segment.replace('+', '') === place) - 1] ?? '';
  return /[{}]/.test(before)
    ? ''
    : before
        .replace(/ies$/, 'y')
        .replace(/(?<!s)s$/, '')
        .toLowerCase();
}

function operationOf(line: string, service: string, protocol: Operation['protocol'], mark: string): Operation {
  const [name = '', access = '', ...rest] = line.split(' ');
  const [method, target] = protocol.startsWith('rest') ? rest.splice(0, 2) : ['POST', '/'];
  const [path, literals] = split(target!);
  const [about = '-', ...places] = rest;
  // A mark by itself, or in front of a place, which may begin with `?` as well.
  const [place = '', noun = nounOf(path, about)] = about.replace(/^(?:[~=]|[?-]$)/, '').split(':');
  return {
    service,
    name,
    protocol,
    mark,
    access: accesses[access[0]!] ?? 'write',
    hints: access.includes('x') ? ['destructive'] : [],
    passes: access.endsWith('@'),
    route: `${method} ${path}`,
    literals,
    about: place === '' ? null : place,
    noun,
    certain: !/^(?:[~=]|\?$)/.test(about),
    alone: !about.startsWith('~'),
    places,
  };
}

/** The name that the file has the service behind a host under, `*` for a first label that is somebody's own; else null. */
export function keyOf(data: Value, service: string): string | null {
  const texts = data as { readonly [name: string]: string };
  const has = (key: string): boolean => Object.hasOwn(texts, key);
  const key = has(service) ? service : service.replace(/^[^.]+/, '*');
  if (!has(key)) return null;
  const text = texts[key]!;
  return text.startsWith('= ') ? text.slice(2) : key;
}

/** The operations under a key of the file. */
export function operationsOf(data: Value, key: string): readonly Operation[] {
  const text = (data as { readonly [name: string]: string })[key]!;
  let head: [string, Operation['protocol'], string] = ['', 'json', ''];
  const found: Operation[] = [];
  for (const line of text.split('\n')) {
    const [hash, service = '', protocol = '', mark = ''] = line.split(' ');
    if (hash === '#') head = [service, protocol as Operation['protocol'], mark];
    else found.push(operationOf(line, ...head));
  }
  return found;
}
