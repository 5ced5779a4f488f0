/** Stall: what is to be moved and isn't. A wait for something that may never come is none; that is for others to limit. */
import type { Readable, Writable } from 'node:stream';
import { Crowd, type Member } from './crowd.js';

/** Watches over one direction of one exchange. */
export interface Stall {
  /** Something is there to be moved, or some of it was moved: the time begins anew. */
  begin(): void;
  /** Nothing is left to be moved for now. */
  end(): void;
}

/** Watches a pipe that is there: something is to be moved as long as `to` doesn't take what `from` had for it. */
export function watchPipe(from: Readable, to: Writable, stall: Stall): void {
  from.on('data', () => {
    if (to.writableNeedDrain) stall.begin();
  });
  // What it left behind is still to be taken.
  from.once('close', () => {
    if (to.writableLength > 0) stall.begin();
  });
  to.on('drain', () => stall.end());
  to.once('close', () => stall.end());
}

/** All watches of a data path. */
export interface Stalls {
  /** Calls `onStall` once when nothing has moved for too long. */
  watch(onStall: () => void): Stall;
}

/** So often within the limit the watches are looked at. */
const looks = 20;

/**
 * Watches with one limit, in milliseconds; what is longer than that, by a twentieth at most, is a stall. They keep no process
 * alive. One timer looks at all of them: one for each would cost as much as a quarter of a small request.
 */
export function openStalls(limit: number): Stalls {
  const watched = new Crowd<Watch>();
  let timer: NodeJS.Timeout | null = null;
  const look = (): void => {
    const oldest = performance.now() - limit;
    for (const watch of watched.all()) {
      if (watch.since > oldest) continue;
      watched.delete(watch);
      watch.onStall();
    }
    if (watched.size > 0 || timer === null) return;
    clearInterval(timer);
    timer = null;
  };
  class Watch implements Stall, Member {
    place = -1;
    since = 0;
    readonly onStall: () => void;
    constructor(onStall: () => void) {
      this.onStall = onStall;
    }
    begin(): void {
      this.since = performance.now();
      watched.add(this);
      timer ??= setInterval(look, limit / looks).unref();
    }
    end(): void {
      watched.delete(this);
    }
  }
  return { watch: onStall => new Watch(onStall) };
}
