/** Upstreams: connections as the configuration wants them, and apart from those the ones of runs with addresses and roots of their own. */
import type { Config } from '../../src/config.js';
import { openUpstream, type Upstream } from '../../src/http/upstream.js';
import type { Runs } from '../../src/identity/runs.js';
import type { KillScope } from '../../src/model.js';
import { upstreamTrust } from '../../src/tls/trust.js';
import { upstreamLimits } from './limits.js';

export interface Upstreams {
  /** The connections for a run. */
  for(run: string): Upstream;
  /** Whether that run has some of its own. */
  own(run: string): boolean;
  /** Ends what a scope covers. */
  stop(scope: KillScope): void;
}

/** Opens nothing yet. Throws `Fault` when a file of roots can't be used. */
export function openUpstreams(config: Config, runs: Pick<Runs, 'find'>): Upstreams {
  const trust = upstreamTrust({ extraFiles: config.upstream.ca_file });
  const rules = {
    connectTo: new Map(Object.entries(config.upstream.connect_to)),
    allowPrivate: config.upstream.allow_private,
  };
  const common = { proxy: config.upstream.proxy, ...upstreamLimits(config.limits) };
  const upstream = openUpstream({ ...common, rules, context: trust.context });
  const special = new Map<string, Upstream>();
  return {
    for(id) {
      const extra = runs.find(id)?.stored.upstream;
      if (extra === undefined) return upstream;
      let own = special.get(id);
      if (own === undefined) {
        const ownTrust = upstreamTrust({ extraFiles: [...config.upstream.ca_file, ...extra.ca] });
        const ownRules = { ...rules, connectTo: new Map([...rules.connectTo, ...Object.entries(extra.connect_to)]) };
        own = openUpstream({ ...common, rules: ownRules, context: ownTrust.context });
        special.set(id, own);
      }
      return own;
    },
    own: id => runs.find(id)?.stored.upstream !== undefined,
    stop(scope) {
      if (scope.kind === 'gateway' || scope.kind === 'all')
        for (const each of [upstream, ...special.values()]) each.destroy(scope.kind === 'all' ? undefined : scope.name);
      if (scope.kind === 'run') {
        special.get(scope.name)?.destroy();
        special.delete(scope.name);
      }
    },
  };
}
