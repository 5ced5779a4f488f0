/**
 * Chain: what a run may do that was started from others, by the operator's own Rego. It is asked once for each member, as if
 * that one did it by itself, and the strictest answer counts. The default policy does the same in its own Rego.
 */
import type { Decision, Gateway, Question } from '../model.js';
import { demanded, severity } from './several.js';

/** The question for each member of the chain, the outermost parent first: each with its own name, labels and parents. */
export function questionsAlong(
  question: Question,
  gateways: { readonly [name: string]: Pick<Gateway, 'environment' | 'labels'> },
): readonly Question[] {
  const { signature: _, ...subject } = question.subject;
  return subject.chain.map((id, i) =>
    i === subject.chain.length - 1
      ? question
      : {
          ...question,
          subject: {
            ...subject,
            id,
            environment: gateways[id]?.environment ?? '',
            labels: gateways[id]?.labels ?? {},
            run: subject.runs[i] ?? '',
            chain: subject.chain.slice(0, i + 1),
            runs: subject.runs.slice(0, i + 1),
          },
        },
  );
}

/** Each as often as it is in the one that has it more often: a permission is named once for each thing that it allows. */
const union = (all: readonly string[], more: readonly string[]): readonly string[] => {
  const missing = [...more];
  for (const each of all) if (missing.includes(each)) missing.splice(missing.indexOf(each), 1);
  return [...all, ...missing];
};

/** The strictest of the answers along a chain, the member's own among equals; its secret is the member's own and nobody else's. */
export function strictestAlong(answers: readonly Decision[]): Decision {
  const rank = ({ effect }: Decision): number => severity.indexOf(effect);
  const most = answers.reduce((strict, answer) => (rank(answer) >= rank(strict) ? answer : strict));
  const { exact: _, limits: __, hold: ___, demands: ____, ...decision } = most;
  if (most.effect === 'deny') return { ...decision, secret: null };
  const limits = answers.map(({ limits = [] }) => limits).reduce(union);
  const holds = answers.flatMap(({ hold = [] }) => hold);
  return {
    ...decision,
    secret: answers.at(-1)!.secret,
    ...(answers.every(({ exact }) => exact === true) && { exact: true }),
    ...(limits.length > 0 && { limits }),
    ...(holds.length > 0 && { hold: Math.min(...holds) }),
    ...(most.effect === 'require_approval' && demanded(answers)),
  };
}
