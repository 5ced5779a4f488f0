/**
 * Slack: a notice as blocks. What comes from agents stands in code spans, where Slack formats, links and mentions nothing.
 * https://docs.slack.dev/messaging/formatting-message-text#escaping
 */
import { headline, isOpen, type Link, type Notice, rowsOf } from './notice.js';

/** Action ids of the two buttons; the value of either is the approval's id. */
export const buttons = { granted: 'tollfence_approve', refused: 'tollfence_deny' } as const;

/** The three characters that Slack takes for control, escaped. */
export const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** A text as Slack shows it and takes it for nothing else: a code span, which a backtick would end. */
const code = (text: string): string => `\`${escaped(text.replaceAll('`', 'ˋ')) || ' '}\``;

const mrkdwn = (text: string): object => ({ type: 'mrkdwn', text, verbatim: true });

/** A section's text may have 3,000 characters. */
const longest = 2_900;

/** Rows in as few sections as hold them; a row is never cut in two. */
function sections(rows: readonly string[]): object[] {
  const texts: string[] = [];
  for (const row of rows) {
    const last = texts.at(-1);
    if (last !== undefined && last.length + row.length < longest) texts[texts.length - 1] = `${last}\n${row}`;
    else texts.push(row);
  }
  return texts.map(text => ({ type: 'section', text: mrkdwn(text) }));
}

const button = (text: string, verdict: keyof typeof buttons, style: string, value: string): object => ({
  type: 'button',
  action_id: buttons[verdict],
  text: { type: 'plain_text', text },
  style,
  value,
});

/** Text for notifications, and blocks. `pressable`: whether an answer by button would reach us; `link`: of whom it is for. */
export function slackMessage(
  notice: Notice,
  pressable: boolean,
  link: Link | null = null,
): { readonly text: string; readonly blocks: readonly object[] } {
  const { approval, event, warning } = notice;
  const open = isOpen(event);
  return {
    text: `${headline[event]}: ${escaped(notice.actions.join(', ').replaceAll('`', 'ˋ'))} (${approval})`,
    blocks: [
      { type: 'section', text: mrkdwn(`*${headline[event]}*`) },
      ...(warning === null ? [] : [{ type: 'section', text: mrkdwn(`:warning: ${warning}`) }]),
      ...sections([
        ...rowsOf(notice).map(([name, value]) => `${name}: ${code(value)}`),
        ...Object.entries(notice.parameters ?? {}).map(([name, value]) => code(`${name} = ${value}`)),
      ]),
      ...(link === null
        ? []
        : [
            {
              type: 'section',
              text: mrkdwn(`<${link.url}|Look at it, and answer>: good once, for 15 minutes, for you alone.`),
            },
          ]),
      ...(open && pressable
        ? [
            {
              type: 'actions',
              block_id: 'tollfence',
              elements: [
                button('Approve', 'granted', 'primary', approval),
                button('Deny', 'refused', 'danger', approval),
              ],
            },
          ]
        : []),
      { type: 'context', elements: [mrkdwn(`\`tf approvals show ${approval}\``)] },
    ],
  };
}
