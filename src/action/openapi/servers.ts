/** Where an API is: the hosts of its servers, and the paths that its own paths begin with. Pure. */
import { isHostPattern } from '../hosts.js';
import { items, type Node, node, own, text } from './document.js';

/** One server. */
export interface Server {
  /** Host pattern, or null if the description doesn't say. */
  readonly host: string | null;
  /** What every path begins with: `/api/v3`, or nothing. */
  readonly base: string;
}

/** Names of hosts that a variable may stand for one by one. */
const mostNames = 40;

/** Swagger 2: `host`, `basePath`, `schemes`. */
export function swaggerServers(document: Node, fault: (sentence: string) => void): readonly Server[] {
  const host = text(document.host).toLowerCase();
  const schemes = items(document.schemes);
  const base = text(document.basePath).replace(/\/+$/, '');
  if (host === '') return [{ host: null, base }];
  const scheme = schemes.length === 0 || schemes.includes('https') ? 'https' : String(schemes[0]);
  return [{ host: usable(`${scheme}://${host}`, host, fault), base }];
}

/** OpenAPI 3: a list of servers; undefined if there is none, and what is around it counts. */
export function openApiServers(servers: unknown, fault: (sentence: string) => void): readonly Server[] | undefined {
  const list = items(servers);
  return list.length === 0 ? undefined : list.flatMap(server => expanded(node(server), fault));
}

function expanded(server: Node, fault: (sentence: string) => void): Server[] {
  const url = text(server.url);
  const variables = node(server.variables);
  const [, origin = '', path = ''] = /^((?:[a-z][a-z0-9+.-]*|\{[^{}]*\}):\/\/[^/]*|)(.*)$/is.exec(url) ?? [];
  const base = path
    .replace(/\{([^{}]*)\}/g, (_, name: string) => String(node(own(variables, name)).default ?? ''))
    .replace(/^(?!\/)(?=.)/, '/')
    .replace(/\/+$/, '');
  if (/[?#{}%]|\/\//.test(base)) {
    fault(`The server ${url} has a path that no template can begin with.`);
    return [];
  }
  if (origin === '') return [{ host: null, base }];
  return spellings(origin.toLowerCase(), lowerCased(variables)).map(spelled => ({
    host: usable(spelled, spelled.replace(/^[^/]*\/\//, ''), fault),
    base,
  }));
}

const lowerCased = (variables: Node): Node =>
  Object.fromEntries(Object.entries(variables).map(([name, value]) => [name.toLowerCase(), value]));

/** An origin with its variables put in: the values of one of them where they are told, a `*` where they aren't. */
function spellings(origin: string, variables: Node): readonly string[] {
  const told = [...origin.matchAll(/\{([^{}]*)\}/g)].find(([, name]) => valuesOf(variables, name!).length > 0)?.[1];
  return (told === undefined ? [''] : valuesOf(variables, told)).map(value =>
    origin.replace(/\{([^{}]*)\}(:\/\/)?/g, (_, name: string, scheme?: string) => {
      if (name === told) return `${value}${scheme ?? ''}`;
      // A scheme or a port has no `*`.
      const usual = String(node(own(variables, name)).default ?? '');
      return scheme !== undefined || /^\d+$/.test(usual) ? `${usual}${scheme ?? ''}` : '*';
    }),
  );
}

/** The values that a variable is told to have; none if there are too many to tell apart. */
function valuesOf(variables: Node, name: string): readonly string[] {
  const values = items(node(own(variables, name)).enum).map(value => String(value).toLowerCase());
  return values.length <= mostNames ? values : [];
}

/** The host of an origin if requests to it can be judged; else null, and told. */
function usable(origin: string, authority: string, fault: (sentence: string) => void): string | null {
  const host = authority.replace(/:443$/, '');
  if (origin.startsWith('https://') && isHostPattern(host)) return host;
  fault(`The server ${origin} is left out: it is not the name of a host with https on port 443.`);
  return null;
}
