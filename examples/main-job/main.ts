/**
 * The main job, from beginning to end: an agent without keys does what it may, is refused what it may not, is stopped in
 * the middle of a stream, and all of it is in a log that can be verified. Every sentence is checked; exit code 1 if one
 * doesn't hold. `npm run demo`
 */
import { randomBytes } from 'node:crypto';
import { expect, note, openStage, type Stage, say, step } from './stage.js';
import { streamLength } from './stand-ins.js';

const token = `ghp_${randomBytes(18).toString('hex')}`;

/** The kill switch is thrown after this many events. */
const enough = 5;

async function furnish({ tf }: Stage): Promise<void> {
  step('1. A gateway for the agent. A new one may do nothing; these are the exceptions.');
  const gateway = ['--gateway', 'research-agent'];
  const rules = [
    ['--action', 'github.issue.*', '--effect', 'allow'],
    ['--action', 'openai.chat.create', '--effect', 'allow'],
    ['--action', 'stripe.charge.create', '--effect', 'allow'],
    [
      '--action',
      'stripe.charge.create',
      '--effect',
      'deny',
      '--where',
      'amount > 1000',
      '--reason',
      'Agents spend 10 euros at most.',
    ],
  ];
  expect((await tf(['gateway', 'create', 'research-agent'])).code === 0, 'the gateway is created');
  for (const rule of rules)
    expect((await tf(['permissions', 'set', ...gateway, ...rule])).code === 0, 'the permission is set');

  step('2. The secret goes into the vault, and comes out only towards GitHub.');
  const set = await tf(['secret', 'set', 'github-token', '--connector', 'github'], { input: `${token}\n` });
  expect(set.code === 0, 'the secret is set');
}

async function environment({ tf }: Stage): Promise<void> {
  step('3. The agent is started from a shell that has GITHUB_TOKEN. What the agent has:');
  const { code, output } = await tf(['run', '--', 'research-agent', 'env'], {
    env: { GITHUB_TOKEN: token },
    show: line => line.startsWith('GITHUB_TOKEN='),
  });
  expect(code === 0 && output.includes('PATH='), 'the agent prints its environment');
  expect(!output.includes(token), "the token is nowhere in the agent's environment");
  expect(/^GITHUB_TOKEN=.*placeholder/m.test(output), 'GITHUB_TOKEN is a placeholder');
  note('A placeholder: it has the shape of a token, and is worth nothing.');
}

async function allowed({ agent, standIns: { received } }: Stage): Promise<void> {
  step('4. Allowed: the agent opens an issue.');
  const { output } = await agent('issue', { env: { GITHUB_TOKEN: token } });
  const [request] = received;
  expect(output.includes('→ 201 allow'), 'the request is allowed');
  expect(received.length === 1 && request?.host === 'api.github.com', 'one request arrives at api.github.com');
  expect(request.authorization === `Bearer ${token}`, 'it carries the token from the vault');
  expect(!output.includes(token), 'the agent does not see the token, although the answer had it');
  note(`api.github.com: ${request.line}, authorization: Bearer ${token.slice(0, 8)}…  (the token from the vault)`);
}

async function denied({ agent, standIns: { received } }: Stage): Promise<void> {
  step('5. Denied: the agent charges 4,200 euros.');
  const { output } = await agent('charge');
  expect(output.includes('→ 403 deny'), 'the request is denied');
  expect(output.includes('Agents spend 10 euros at most.'), 'the agent is told the reason');
  expect(!received.some(({ host }) => host === 'api.stripe.com'), 'nothing arrives at api.stripe.com');
  note('api.stripe.com: nothing arrived.');
}

async function stopped({ agent, tf, standIns: { received } }: Stage): Promise<void> {
  step(`6. Stopped: the agent reads a stream of ${streamLength} events, and somebody has seen enough.`);
  const before = received.length;
  let kill: ReturnType<Stage['tf']> | undefined;
  const { output } = await agent('chat', {
    show: line => !line.includes('so far') || kill === undefined,
    onLine(line) {
      const events = Number(/(\d+) events so far/.exec(line)?.[1] ?? 0);
      if (events >= enough) kill ??= tf(['kill', 'research-agent', '--reason', 'It talks too much']);
    },
  });
  expect(kill !== undefined, `the agent gets ${enough} events`);
  expect((await kill).code === 0, 'the kill switch is thrown');
  const stream = received[before];
  expect(stream?.cut === true && stream.events < streamLength, 'the stream is cut before its end');
  expect(/the stream broke off after \d+ events/.test(output), 'the agent sees the stream break off');
  expect(
    output.includes('→ 403 deny') && output.includes('It talks too much'),
    "the agent's next request is refused, with the reason",
  );
  expect(received.length === before + 1, 'the next request does not arrive');
  note(
    `api.openai.com: the connection was cut after ${stream.events} of ${streamLength} events; nothing arrived since.`,
  );
}

async function proven({ tf }: Stage): Promise<void> {
  step('7. The log: who, what, why, which rule. Each line was on disk before its request left.');
  const logs = await tf(['logs']);
  for (const line of [
    /allow +github\.issue\.create/,
    /deny +stripe\.charge\.create/,
    /allow +openai\.chat\.create/,
    /kill\.activated/,
  ])
    expect(line.test(logs.output), `the log has ${line.source.replace(/ \+|\\/g, ' ')}`);
  expect(!logs.output.includes(token), 'the log does not have the token');

  step('8. The log is verified, from its file and a public key alone.');
  const verified = await tf(['audit', 'verify']);
  expect(verified.code === 0 && verified.output.includes('The log holds together'), 'the log verifies');
}

const began = Date.now();
say('Tollfence, the main job. Stand-ins for three APIs run on this machine under their real names; nothing leaves it.');
let stage: Stage | undefined;
const leave = async (): Promise<void> => {
  await stage?.close();
  stage = undefined;
};
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void leave().finally(() => process.exit(1)));
try {
  stage = await openStage(['api.github.com', 'api.stripe.com', 'api.openai.com']);
  for (const part of [furnish, environment, allowed, denied, stopped, proven]) await part(stage);
  await leave();
  say(
    `\nDone in ${((Date.now() - began) / 1000).toFixed(1)} s: everything above was checked, and nothing is left behind.`,
  );
} catch (error) {
  await leave().catch(() => {});
  console.error(`\nerror: The main job failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
