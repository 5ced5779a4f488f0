/** Pages: what people with a one-time link see. Plain forms: no script, and all of it works without the style. */
import type { Approval } from '../approvals/index.js';
import { factsOf } from './facts.js';
import { html, page } from './html.js';

/** The approval, and the two buttons. The form goes to where it came from. */
export const askingPage = (approval: Approval, approver: string, expires: string): string =>
  page(
    'Approval',
    html`<p>You answer as <strong>${approver}</strong>, once, until <time datetime="${expires}">${expires}</time>. What you see is what
will be sent.</p>
${factsOf(approval)}
<form method="post">
<label for="reason">Reason (it is recorded; of a refusal the agent is told)</label>
<input id="reason" name="reason" maxlength="500" autocomplete="off">
<button type="submit" name="verdict" value="granted">Approve this</button>
<button type="submit" name="verdict" value="refused">Deny it</button>
</form>`,
  );

const said: Readonly<Record<string, string>> = {
  pending: 'Your yes is recorded. It takes another person before the request goes on.',
  granted: 'You have approved it. The request goes on when it is sent again.',
  redeemed: 'You have approved it, and it was sent.',
  refused: 'You have denied it. Nothing is sent.',
};

/** What came of an answer. */
export const answeredPage = ({ id, state }: Approval, approver: string): string =>
  page(
    'Answered',
    html`<p>${said[state] ?? `The request is ${state}.`}</p>
<p>${approver}, ${id}. You can close this page; the link is used.</p>`,
  );

/** A link that leads nowhere any more, or an answer that doesn't hold: why, and what next. */
export const overPage = (title: string, why: string, next: string): string =>
  page(
    title,
    html`<p>${why}</p>
<p>${next}</p>`,
  );
