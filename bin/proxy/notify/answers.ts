/** Answers from Slack: who pressed must be a registered approver, and hears alone what became of it if that isn't seen by all. */
import type { House } from '../../../src/control/index.js';
import { Fault } from '../../../src/errors.js';
import { escaped, inert, type Press } from '../../../src/notify/index.js';
import type { Slack } from './slack.js';

interface Options {
  readonly house: House;
  readonly slack: Slack;
  /** The message in which we asked for it, as `CHANNEL TIMESTAMP`. */
  placeOf(approval: string): string | undefined;
  /** Records that somebody who may not wanted to answer. */
  rejected(reason: string, approval: string): void;
  diagnose(error: unknown): void;
}

/** Takes a press, and sees to everything else by itself. */
export function openAnswers({ house, slack, placeOf, rejected, diagnose }: Options): (press: Press | null) => void {
  const { approvals, approvers, config } = house;

  /** What whoever pressed is told; null: all see it in the channel. */
  async function answer({ user, approval: id, verdict, at }: Press): Promise<string | null> {
    const approver = approvers.list().find(each => each.slack === user);
    if (approver === undefined) {
      rejected(`The member ${inert(user, 40)} is no approver.`, id);
      return `You aren't registered as an approver here. An operator can do that with: tf approver add NAME --slack ${inert(user, 40)}`;
    }
    // Whoever else may post with the bot's token, agents among them, can make a button that looks like another.
    if (placeOf(id) !== at) {
      rejected('The button is not on the message that asks for it.', id);
      return `This button isn't on the message in which I asked for ${id}. Answer there, or at a terminal: tf approvals show ${id}`;
    }
    try {
      const approval = approvals.find(id);
      const signed = await approvers.vouch(approver.name, approval, { verdict, scope: {} }, 'slack');
      const { state } = await approvals.answer(id, { verdict, by: approver.name, reason: '', signed });
      return state === 'pending' ? 'Your yes is noted. It takes another person as well.' : null;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return error.message;
    }
  }
  return press => {
    if (press === null || config.notify.slack === 'off') return;
    const { channel } = config.notify.slack;
    answer(press)
      .then(async told => {
        if (told === null) return;
        const text = escaped(inert(told));
        await slack.call('chat.postEphemeral', { channel, user: press.user, text, parse: 'none', link_names: false });
      })
      // Slack may not take it, or our own permissions not allow it: the answer itself has had its effect.
      .catch(error => {
        if ((error as Error).name !== 'Undelivered') diagnose(error);
      });
  };
}
