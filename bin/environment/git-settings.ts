/**
 * git's configuration by environment (git ≥ 2.31, GIT_CONFIG_COUNT): what has no variable of its own, and what a
 * ~/.gitconfig would otherwise decide against the proxy.
 */

type Environment = Readonly<Record<string, string | undefined>>;
type Pair = readonly [key: string, value: string];

const settings = (proxyUrl: string): readonly Pair[] => [
  // http.proxy of a ~/.gitconfig beats HTTPS_PROXY.
  ['http.proxy', proxyUrl],
  // The empty value forgets all helpers before it: the user's keychain would give the agent the user's own token.
  ['credential.helper', ''],
  // SSH doesn't pass the proxy, and the agent has no key for it.
  ['url.https://github.com/.insteadOf', 'git@github.com:'],
  ['url.https://github.com/.insteadOf', 'ssh://git@github.com/'],
];

const variable = /^GIT_CONFIG_(COUNT|KEY_\d+|VALUE_\d+)$/;

/** `env` with the operator's GIT_CONFIG_ pairs only: those of a run around this one are taken out. */
export function withoutOurGitSettings(env: Environment): Environment {
  const ours = new Set(settings('').map(([key, value]) => (key === 'http.proxy' ? key : `${key}=${value}`)));
  return withPairs(
    env,
    pairs(env).filter(([key, value]) => !ours.has(key) && !ours.has(`${key}=${value}`)),
  );
}

/** `env` with our settings after its own, so that ours win. */
export const withGitSettings = (env: Record<string, string>, proxyUrl: string): Record<string, string> =>
  withPairs(env, [...pairs(env), ...settings(proxyUrl)]) as Record<string, string>;

function pairs(env: Environment): Pair[] {
  const count = Number(env.GIT_CONFIG_COUNT ?? 0);
  // More than a command line could hold is not a count; git itself would refuse to start.
  if (!Number.isInteger(count) || count < 0 || count > 1_000) return [];
  return Array.from(
    { length: count },
    (_, i): Pair => [env[`GIT_CONFIG_KEY_${i}`] ?? '', env[`GIT_CONFIG_VALUE_${i}`] ?? ''],
  ).filter(([key]) => key !== '');
}

function withPairs(env: Environment, list: readonly Pair[]): Environment {
  const others = Object.entries(env).filter(([name]) => !variable.test(name));
  if (list.length === 0) return Object.fromEntries(others);
  const numbered = list.flatMap(
    ([key, value], i) =>
      [
        [`GIT_CONFIG_KEY_${i}`, key],
        [`GIT_CONFIG_VALUE_${i}`, value],
      ] as const,
  );
  return Object.fromEntries([...others, ['GIT_CONFIG_COUNT', String(list.length)], ...numbered]);
}
