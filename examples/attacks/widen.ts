/** An agent that tries each way to widen itself, and prints how Tollfence answered. Ends with 1 if one has worked. */
import { show } from './means.js';
import { type Result, type Way, ways } from './ways.js';

const notHeld = [
  'read or write the files of TF_HOME, and the key of the vault where no keychain holds it',
  'clear its environment, leave its parents and its cgroup together (systemd-run --user, crontab, ssh localhost)',
  'look into other processes of this user (ptrace), or make itself unreadable and show a stolen token',
  'go around the proxy',
];

const word = ({ widened }: Result): string => (widened === null ? 'not tried' : widened ? 'WIDENED' : 'refused');

/** So many are tried at once: none needs another one. */
const atOnce = 4;

const attempted = ({ attempt }: Way): Promise<Result> =>
  attempt().catch((error: unknown) => ({ widened: null, said: error instanceof Error ? error.message : 'unknown' }));

async function attack(): Promise<number> {
  const results: [string, Result][] = [];
  for (let at = 0; at < ways.length; at += atOnce)
    results.push(
      ...(await Promise.all(
        ways.slice(at, at + atOnce).map(async (way): Promise<[string, Result]> => [way.name, await attempted(way)]),
      )),
    );
  const width = Math.max(...results.map(([name]) => name.length));
  console.log(`${'WAY'.padEnd(width)} | ${'RESULT'.padEnd(9)} | WHAT TOLLFENCE SAID`);
  for (const [name, result] of results)
    console.log(`${name.padEnd(width)} | ${word(result).padEnd(9)} | ${result.said}`);
  console.log('\nNot held by a cooperative boundary, where agent and operator are one user (a jail is needed):');
  for (const line of notHeld) console.log(`  ${line}`);
  return results.some(([, { widened }]) => widened === true) ? 1 : 0;
}

const [, , option, pass] = process.argv;
if (option === '--show') console.log(JSON.stringify(await show(new URL(pass!))));
else process.exit(await attack());
