/** The main job, from nothing: checks what is needed, builds if what is built is not of these sources, and runs it. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { build, demandPrerequisites, root } from './prerequisites.mjs';

const built = `${root}dist/examples/main-job/main.js`;

/** Whether a source is younger than what was built. */
function stale() {
  if (!existsSync(built)) return true;
  const since = statSync(built).mtimeMs;
  return ['src', 'bin', 'vault', 'connectors', 'examples'].some(room =>
    readdirSync(`${root}${room}`, { recursive: true, withFileTypes: true }).some(
      entry => entry.isFile() && statSync(join(entry.parentPath, entry.name)).mtimeMs > since,
    ),
  );
}

await demandPrerequisites();
if (stale()) build();
const child = spawn(process.execPath, [built], { stdio: 'inherit' });
// The terminal's interrupt reaches the child too, which cleans up before it ends.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => signal === 'SIGTERM' && child.kill(signal));
child.once('exit', code => process.exit(code ?? 1));
