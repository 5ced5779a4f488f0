/** Start-up: how long a command takes that does next to nothing, against Node that does nothing. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median, row, times } from './table.js';

/** Measures in turns, each command as often, and prints the medians of the ratios. */
export function startUp(dir: string, rounds: number): void {
  const home = join(dir, 'start-up');
  mkdirSync(home, { mode: 0o700 });
  const env = { ...process.env, TF_HOME: home, XDG_CONFIG_HOME: join(home, 'config'), TF_RUN: '', TF_GATEWAY: '' };
  const node = (...args: readonly string[]): number => {
    const start = performance.now();
    execFileSync(process.execPath, args, { env, stdio: 'ignore' });
    return performance.now() - start;
  };
  const program = fileURLToPath(new URL('../bin/tf.js', import.meta.url));
  const commands: Readonly<Record<string, readonly string[]>> = {
    'tf --help': [program, '--help'],
    'tf --version': [program, '--version'],
    'tf run -- NAME true': [program, 'run', '--', 'bench', 'true'],
  };
  try {
    // This starts the background proxy, too: what is measured is a run that finds it there.
    node(program, 'gateway', 'create', 'bench');
    const ratios = new Map(Object.keys(commands).map(name => [name, [] as number[]]));
    for (let i = 0; i <= rounds; i++) {
      const floor = node('-e', '0');
      for (const [name, args] of Object.entries(commands)) {
        const ratio = node(...args) / floor;
        if (i > 0) ratios.get(name)!.push(ratio);
      }
    }
    console.log('\nStart-up, against node -e 0');
    row(['', 'time']);
    for (const [name, values] of ratios) row([name, times(median(values))]);
  } finally {
    node(program, 'stop');
  }
}
