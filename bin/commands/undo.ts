/** `tf undo`: takes a deferred action back. Anybody who can reach the proxy may, also the agent that asked for it. */
import type { Command } from 'commander';
import type { Deferral } from '../../src/deferrals/index.js';
import { call } from '../control.js';
import { json, line } from '../print.js';

async function undo(id: string, options: { reason?: string; json?: boolean }): Promise<void> {
  const path = `/deferrals/${encodeURIComponent(id)}/undo`;
  const deferral = (await call('POST', path, { reason: options.reason ?? '' })) as Deferral;
  if (options.json) return json(deferral);
  line(`${deferral.id} is cancelled: ${deferral.action.name} will not be done for ${deferral.gateway}.`);
}

export default function register(program: Command): void {
  program
    .command('undo <id>')
    .description('take a deferred action back, before it is done (exit code 1 if it was done already)')
    .option('--reason <text>', 'why; the log is told')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  tf undo dfr_01JD3V0Q4N8X5T7W9Y2Z6A8B0C --reason "wrong repository"')
    .action(undo);
}
