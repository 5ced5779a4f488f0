/** Bulk both ways through one connection, with the memory that it takes; and what a stream of events is delayed by. */
import { cores, message, peakMemory, resetPeak, startOwn } from './processes.js';
import { row, times } from './table.js';
import type { Target } from './targets.js';

interface Streamed {
  readonly seconds: number;
  readonly delays: readonly number[];
}

/** A target that can't do it (Squid cuts a long upload off) has no figure, and the others still have theirs. */
const stream = (target: Target, kind: 'download' | 'upload' | 'events', amount: number): Promise<Streamed> =>
  message<Streamed>(startOwn(cores.around, 'streams.js', { ...target.way, kind, amount })).catch(() => ({
    seconds: Number.NaN,
    delays: [],
  }));

/** Bulk of so many MiB. */
export async function bulk(targets: readonly Target[], mebibytes: number): Promise<void> {
  console.log(`\n${mebibytes} MiB through one connection, against the floor`);
  row(['', 'download/s', 'upload/s', 'peak memory']);
  const seconds = new Map<string, readonly [number, number]>();
  for (const target of targets) {
    if (target.pid !== null) resetPeak(target.pid);
    const pair = [
      (await stream(target, 'download', mebibytes << 20)).seconds,
      (await stream(target, 'upload', mebibytes << 20)).seconds,
    ] as const;
    seconds.set(target.name, pair);
    const base = seconds.get('floor') ?? [Number.NaN, Number.NaN];
    row([
      target.name,
      times(base[0] / pair[0]),
      times(base[1] / pair[1]),
      target.pid === null ? '–' : `${peakMemory(target.pid).toFixed(0)} MiB`,
    ]);
  }
}

/** So many events. */
export async function events(targets: readonly Target[], count: number): Promise<void> {
  console.log(`\n${count} server-sent events, delay from write to arrival, against the floor`);
  row(['', 'median', 'p99']);
  const delays = new Map<string, readonly number[]>();
  for (const target of targets)
    delays.set(
      target.name,
      [...(await stream(target, 'events', count)).delays].sort((a, b) => a - b),
    );
  const at = (name: string, share: number): number => delays.get(name)?.[Math.floor(share * (count - 1))] ?? Number.NaN;
  for (const { name } of targets) row([name, ...[0.5, 0.99].map(share => times(at(name, share) / at('floor', share)))]);
}
