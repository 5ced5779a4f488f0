/**
 * Several: a request that would do several things is several questions, and the strictest answer counts for all of it. What
 * one part may do is no reason to let another one through.
 */
import type { Decision, Effect, Question } from '../model.js';

/** The effects, the mildest first. */
export const severity: readonly Effect[] = ['allow', 'defer', 'require_approval', 'deny'];

/** A question for each thing that the request would do. */
export const questionsIn = (question: Question): readonly Question[] =>
  question.also === undefined ? [question] : [question, ...question.also.map(part => ({ ...question, ...part }))];

/** The strictest of the answers to `questions`, the first of equals, with the name of what it is about in its reason. */
export function strictest(questions: readonly Question[], answers: readonly Decision[]): Decision {
  let at = 0;
  for (const [i, { effect }] of answers.entries())
    if (severity.indexOf(effect) > severity.indexOf(answers[at]!.effect)) at = i;
  const { exact: _, limits: __, demands: ___, ...decision } = answers[at]!;
  // A permission is named as often as it allows something: its rate counts each.
  const limits = answers.flatMap(({ limits = [] }) => limits);
  const secrets = new Set(answers.map(({ secret }) => secret).filter(secret => secret !== null));
  const { action, resource } = questions[at]!;
  const what = `${action.name} on ${resource.id === '' ? resource.type : `${resource.type}:${resource.id}`}`;
  const reason = `Of the ${questions.length} actions in this request, ${what}: ${decision.reason}`;
  if (decision.effect !== 'deny' && secrets.size > 1)
    return { ...decision, effect: 'deny', secret: null, reason: 'The actions in this request need different secrets.' };
  const [secret = null] = secrets;
  return {
    ...decision,
    reason,
    secret,
    ...(answers.every(({ exact }) => exact === true) && { exact: true }),
    ...(decision.effect !== 'deny' && limits.length > 0 && { limits }),
    ...(decision.effect === 'require_approval' && demanded(answers)),
  };
}

/** Who must approve: what each answer demands, none of which is enough for another. */
export function demanded(answers: readonly Decision[]): Pick<Decision, 'demands'> {
  const all = answers
    .filter(({ effect }) => effect === 'require_approval')
    .flatMap(({ demands, approvers = [], approvals = 1 }) => demands ?? [{ approvers, approvals }]);
  const different = [...new Map(all.map(demand => [JSON.stringify(demand), demand])).values()];
  return different.length > 1 ? { demands: different } : {};
}
