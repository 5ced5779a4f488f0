/** Ways: each tries to get more than the run has. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { asOperator, cleared, control, credential, orphaned, others, type Ran, run, show } from './means.js';

/** How it ended. `widened` null: it could not be tried here. */
export interface Result {
  readonly widened: boolean | null;
  readonly said: string;
}

export interface Way {
  readonly name: string;
  attempt(): Promise<Result>;
}

const own = process.env.TF_GATEWAY ?? '';
const wider = process.env.WIDER ?? 'wider';
const helper = process.env.HELPER ?? 'helper';

const ended = ({ code, said }: Ran): Result => ({ widened: code === 0, said });
const answered = ({ status, text }: { status: number; text: string }): Result => ({
  widened: status > 0 && status < 400,
  said: (/"message":\s*"((?:[^"\\]|\\.)*)"/.exec(text)?.[1] ?? text).slice(0, 200),
});
const untried = (said: string): Result => ({ widened: null, said });

const command = (name: string, args: readonly string[]): Way => ({ name, attempt: async () => ended(await run(args)) });
const nested = ['run', '--', wider, 'true'];
const more = ['permissions', 'set', '--gateway', own, '--action', '*', '--effect', 'allow'];

/** The id of a request of its own that waits for an approval, or one that nobody has. */
async function pending(): Promise<string> {
  const { out } = await run(['approvals', 'list', '--json']);
  const all = JSON.parse(out || '[]') as { id: string; state: string }[];
  return all.find(({ state }) => state === 'pending')?.id ?? 'apr_01JD3V0Q4N8X5T7W9Y2Z6A8B0C';
}

/** Removes a permission that denies it something. */
async function withoutDenial(): Promise<Result> {
  const { out } = await run(['permissions', 'list', '--json']);
  const all = JSON.parse(out || '[]') as { id: string; gateway: string; effect: string }[];
  const denial = all.find(({ gateway, effect }) => gateway === own && effect === 'deny');
  return denial === undefined
    ? untried('Nothing is denied by a permission.')
    : ended(await run(['permissions', 'remove', denial.id]));
}

const rego = 'package tollfence\n\ndecision := {"effect": "allow"}\n';
const api = JSON.stringify({
  openapi: '3.0.0',
  info: { title: 'Mine', version: '1' },
  servers: [{ url: 'https://api.mine.example' }],
  paths: { '/all': { get: { operationId: 'all', responses: {} } } },
});

/** Works with a file of this name in a directory of its own. */
async function withFile(name: string, text: string, work: (file: string) => Promise<Result>): Promise<Result> {
  const dir = mkdtempSync(join(tmpdir(), 'tf-file-'));
  writeFileSync(join(dir, name), text);
  try {
    return await work(join(dir, name));
  } finally {
    rmSync(dir, { recursive: true });
  }
}

const passes = (): ReturnType<typeof others> =>
  others().filter(({ proxy }) => decodeURIComponent(proxy.username) !== own);

/** A child that is allowed, and what it finds when it shows the pass of its parent. */
async function asChild(): Promise<Result> {
  const self = new URL('./widen.js', import.meta.url).pathname;
  const ran = await run(['run', '--', helper, process.execPath, self, '--show', process.env.HTTPS_PROXY ?? '']);
  if (ran.code !== 0) return untried(`no child was started: ${ran.said}`);
  const { status, said } = JSON.parse(ran.out) as { status: number; said: string };
  return { widened: status !== 407, said };
}

export const ways: readonly Way[] = [
  { name: 'approve its own request', attempt: async () => ended(await run(['approvals', 'approve', await pending()])) },
  command('resume after a kill', ['resume', '--connector', 'slack']),
  command('set a permission', more),
  { name: 'remove a denial', attempt: withoutDenial },
  {
    name: 'read a secret',
    async attempt() {
      const { text } = await control('GET', '/secrets', {}, {});
      return { widened: /"value"/.test(text), said: 'Only descriptions: no route answers with a value.' };
    },
  },
  command('set a secret', ['secret', 'set', 'other', '--connector', 'stripe']),
  command('replace a secret', ['secret', 'rotate', 'key']),
  command('create a gateway', ['gateway', 'create', 'mine']),
  command('issue a grant for a wider gateway', [
    'grant',
    'issue',
    '--gateway',
    wider,
    '--action',
    '*',
    '--task',
    'all',
  ]),
  {
    name: 'activate a policy',
    attempt: () => withFile('policy.rego', rego, async file => ended(await run(['policy', 'activate', dirname(file)]))),
  },
  {
    name: 'add a connector',
    attempt: () =>
      withFile('api.json', api, async file => ended(await run(['connector', 'import', file, '--name', 'mine']))),
  },
  command('start a wider gateway', nested),
  command('start a gateway that does not exist', ['run', '--', 'never-made', 'true']),
  command('start its child with other addresses', [
    'run',
    '--connect-to',
    'api.github.com:443:127.0.0.1:9',
    '--',
    helper,
    'true',
  ]),
  {
    name: 'start it without TF_RUN',
    attempt: async () => ended(await run(nested, { ...process.env, TF_RUN: undefined, TF_GATEWAY: undefined })),
  },
  { name: 'start it with env -i', attempt: async () => ended(await run(nested, cleared)) },
  { name: 'start it with setsid', attempt: async () => ended(await run(nested, cleared, true)) },
  { name: 'start it after a double fork', attempt: async () => ended(await orphaned(nested)) },
  { name: 'set a permission after a double fork', attempt: async () => ended(await orphaned(more)) },
  {
    name: 'start it as another run says (TF_RUN, TF_GATEWAY)',
    async attempt() {
      const [other] = passes();
      if (other === undefined) return untried('There is no other run.');
      return ended(await run(nested, { ...process.env, TF_RUN: other.run, TF_GATEWAY: other.proxy.username }));
    },
  },
  {
    name: "show a sibling's token",
    async attempt() {
      const [other] = passes();
      if (other === undefined) return untried('There is no other run.');
      const { status, said } = await show(other.proxy);
      return { widened: status !== 407, said };
    },
  },
  { name: "show the parent's token in a child", attempt: asChild },
  {
    name: 'call the socket with the credential and no process',
    attempt: async () =>
      answered(await control('POST', '/resume', { authorization: `Bearer ${credential()}` }, { connector: 'slack' })),
  },
  ...[1, process.ppid].map(pid => ({
    name: pid === 1 ? 'call the socket as the first process' : 'call the socket as its supervisor',
    attempt: async () => answered(await asOperator('POST', '/resume', { connector: 'slack' }, pid)),
  })),
  {
    name: 'call the socket as itself, with the credential',
    attempt: async () => answered(await asOperator('PUT', '/policy', {})),
  },
  {
    name: "start a child as another run's process",
    async attempt() {
      const [other] = passes();
      if (other === undefined) return untried('There is no other run.');
      return answered(await asOperator('POST', '/runs', { gateway: wider }, other.pid));
    },
  },
  {
    name: "issue a grant as another run's process",
    async attempt() {
      const [other] = passes();
      if (other === undefined) return untried('There is no other run.');
      const order = { gateway: other.proxy.username, task: 'all', actions: ['*'] };
      return answered(await control('POST', '/grants', { 'tf-pid': String(other.pid) }, order));
    },
  },
  {
    name: 'start a proxy of its own, with its own home',
    async attempt() {
      const dir = mkdtempSync(join(tmpdir(), 'tf-own-'));
      const env = { ...cleared, TF_HOME: dir };
      try {
        const { out } = await run(['secret', 'list', '--json'], env);
        const secrets = JSON.parse(out || '[]') as unknown[];
        return { widened: secrets.length > 0, said: 'It is there, and has no secret and no permission.' };
      } finally {
        await run(['stop'], env);
        rmSync(dir, { recursive: true, force: true });
      }
    },
  },
];
