/**
 * Resolve: names become addresses as the system does it (`getaddrinfo`: hosts file, search domains, name service switch).
 * A look-up holds one of few threads until the system gives up, which can be much later than anybody waits for it; so no
 * gateway may have all of them.
 */
import { lookup as systemLookup } from 'node:dns';
import { Refusal } from '../errors.js';

/** Resolves a name, for a gateway, to all its addresses in order of preference; rejects as `dns.lookup` does. */
export type Resolve = (host: string, gateway: string) => Promise<readonly string[]>;

/** How names are looked up. */
export interface ResolverOptions {
  /** Milliseconds that anybody waits for an answer. */
  readonly deadline: number;
  /** How many look-ups the system takes at once; others wait for these. */
  readonly slots?: number;
  /** All addresses of a name, whenever that may be. */
  readonly lookup?: (host: string) => Promise<readonly string[]>;
}

/** libuv runs slow work, such as this, in half of its threads (`slow_work_thread_threshold`). */
const systemSlots = (): number => {
  const threads = Number(process.env.UV_THREADPOOL_SIZE ?? 4) || 1;
  return Math.floor((Math.min(Math.max(threads, 1), 1_024) + 1) / 2);
};

const getaddrinfo = (host: string): Promise<string[]> =>
  new Promise((resolve, reject) => {
    systemLookup(host, { all: true, verbatim: true }, (error, found) => {
      if (error) reject(error);
      else resolve(found.map(({ address }) => address));
    });
  });

/** Somebody for whom no look-up has begun yet. */
interface Waiting {
  readonly host: string;
  readonly gateway: string;
  join(found: Promise<readonly string[]>): void;
}

/**
 * Builds the function that looks names up. A gateway gets a further slot only while more are free than it has, so that there
 * is one left for the next gateway. Who gets none in time is refused (`upstream_dns`).
 */
export function systemResolver({ deadline, slots = systemSlots(), lookup = getaddrinfo }: ResolverOptions): Resolve {
  const running = new Map<string, Promise<readonly string[]>>();
  const held = new Map<string, number>();
  const waiting = new Set<Waiting>();

  const begin = (host: string, gateway: string): Promise<readonly string[]> | null => {
    const holds = held.get(gateway) ?? 0;
    if (holds >= slots - running.size) return null;
    held.set(gateway, holds + 1);
    const found = lookup(host).finally(() => {
      running.delete(host);
      const left = (held.get(gateway) ?? 1) - 1;
      if (left > 0) held.set(gateway, left);
      else held.delete(gateway);
      for (const each of waiting) offer(each);
    });
    running.set(host, found);
    return found;
  };
  const offer = (who: Waiting): void => {
    // A name that is being looked up takes no second slot, whoever asks for it.
    const found = running.get(who.host) ?? begin(who.host, who.gateway);
    if (found === null) return;
    waiting.delete(who);
    who.join(found);
  };

  return (host, gateway) =>
    new Promise((resolve, reject) => {
      const who: Waiting = {
        host,
        gateway,
        join: found =>
          void found.then(resolve, reject).finally(() => {
            clearTimeout(timer);
          }),
      };
      const timer = setTimeout(() => {
        reject(
          waiting.delete(who)
            ? new Refusal(
                'upstream_dns',
                `The name ${host} was not looked up in time: DNS has not answered earlier questions of this gateway, or of too many others.`,
              )
            : Object.assign(new Error('The lookup took too long.'), { code: 'ETIMEOUT' }),
        );
      }, deadline);
      waiting.add(who);
      offer(who);
    });
}
