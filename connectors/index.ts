/** Every connector that comes with Tollfence. To add one, write its file and name it here. */
import type { Connector } from '../src/model.js';
import anthropic from './anthropic.js';
import { github, githubArchives, githubGit, githubRaw } from './github.js';
import npm from './npm.js';
import { dockerAuth, oci } from './oci.js';
import openai from './openai.js';
import slack from './slack.js';
import stripe from './stripe.js';
import tollfence from './tollfence.js';

export const connectors: readonly Connector[] = [
  anthropic,
  github,
  githubGit,
  githubRaw,
  githubArchives,
  npm,
  oci,
  dockerAuth,
  openai,
  slack,
  stripe,
  tollfence,
];
