/**
 * GitHub: whether a query stays in the repository that it names. From a repository a selection leads on to its owner and to
 * all else that the token may read, so only fields that are known to give what is in the repository keep it inside.
 */
import { steps } from '../graphql/reach.js';
import type { Document, Selection } from '../graphql/syntax.js';

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/));

/** What they give is in the repository, whatever is asked of it. */
const within = words(`nodes edges node pageInfo labels label milestone milestones issue issues issueOrPullRequest
  pullRequest pullRequests comments reviews reviewThreads files commits commit history ref refs defaultBranchRef target object
  tree entries blame ranges releases release latestRelease releaseAssets languages primaryLanguage branchProtectionRules
  branchProtectionRule rulesets statusCheckRollup status contexts checkSuites checkSuite checkRuns baseRef
  mergeCommit discussions discussion discussionCategories deployments environments deployKeys`);

/** What they give may be elsewhere, so that only its own values may be asked for. */
const aside = words(`author owner user committer requestedReviewer mergedBy headRepository headRepositoryOwner creator
  licenseInfo actor editor headRef`);

/** True if everything that is selected below `repository` is certainly in it. */
export const staysInside = (selections: readonly Selection[], fragments: Document['fragments']): boolean =>
  steps(selections, fragments)?.every(
    ([outer, field]) => !aside.has(outer) && (within.has(field) || aside.has(field)),
  ) ?? false;
