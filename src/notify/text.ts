/** Text of agents, made inert for people's eyes: what could hide, turn around or end a line is shown by its number. */
import { inert as spelledOut } from '../inert.js';

/** One line of at most `most` characters, without controls, bidi marks or anything that isn't seen. */
export function inert(text: string, most = 300): string {
  const shown = spelledOut(text.slice(0, most * 2)).replace(/\p{Zs}/gu, ' ');
  const characters = [...shown];
  return characters.length > most ? `${characters.slice(0, most - 1).join('')}…` : shown;
}
