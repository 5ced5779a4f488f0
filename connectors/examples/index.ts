/** The examples of every connector, by its name. */
import anthropic from './anthropic.js';
import github from './github.js';
import openai from './openai.js';
import slack from './slack.js';
import stripe from './stripe.js';
import tollfence from './tollfence.js';

export const examples: { readonly [connector: string]: string } = {
  anthropic,
  github,
  openai,
  slack,
  stripe,
  tollfence,
};
