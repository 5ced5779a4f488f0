/** Idle connections: how much memory one takes that has had its TLS handshake and one answer, and is kept. */
import type { Load } from './load.js';
import { cores, message, residentMemory, startOwn } from './processes.js';
import { row, times } from './table.js';
import type { Target } from './targets.js';

/** Opens so many connections to each target and prints what each of them took. */
export async function idle(targets: readonly Target[], connections: number): Promise<void> {
  console.log(`\n${connections} idle TLS connections, memory of one`);
  row(['', 'kB', 'to the floor']);
  let floor = Number.NaN;
  for (const { name, pid, way } of targets) {
    if (pid === null) continue;
    const before = residentMemory(pid);
    const holder = startOwn(cores.around, 'hold.js', {
      ...way,
      connections,
      request: '',
      warmUp: 0,
      count: 0,
    } satisfies Load);
    const each = await message(holder).then(
      () => ((residentMemory(pid) - before) * 1024) / connections,
      () => Number.NaN,
    );
    holder.kill();
    if (name === 'floor') floor = each;
    row([name, Number.isNaN(each) ? '–' : each.toFixed(1), times(each / floor)]);
  }
}
