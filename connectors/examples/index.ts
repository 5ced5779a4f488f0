/** The examples of every connector, by its name. */
import anthropic from './anthropic.js';
import github from './github.js';
import npm from './npm.js';
import oci from './oci.js';
import openai from './openai.js';
import slack from './slack.js';
import stripe from './stripe.js';
import tollfence from './tollfence.js';

export const examples: { readonly [connector: string]: string } = {
  anthropic,
  github,
  npm,
  oci,
  openai,
  slack,
  stripe,
  tollfence,
};
