/** Every connector that comes with Tollfence. To add one, write its file and name it here. */
import type { Connector } from '../src/model.js';
import anthropic from './anthropic.js';
import aws from './aws.js';
import cloudflare from './cloudflare.js';
import entra from './entra.js';
import { github, githubArchives, githubGit, githubRaw } from './github.js';
import gitlab from './gitlab.js';
import google from './google.js';
import hashivault from './hashivault.js';
import jira from './jira.js';
import kubernetes from './kubernetes.js';
import linear from './linear.js';
import mcp from './mcp.js';
import notion from './notion.js';
import npm from './npm.js';
import { dockerAuth, oci } from './oci.js';
import okta from './okta.js';
import openai from './openai.js';
import slack from './slack.js';
import stripe from './stripe.js';
import tollfence from './tollfence.js';
import { twilio } from './twilio.js';

export const connectors: readonly Connector[] = [
  anthropic,
  aws,
  cloudflare,
  entra,
  github,
  githubGit,
  githubRaw,
  githubArchives,
  gitlab,
  google,
  hashivault,
  jira,
  kubernetes,
  linear,
  mcp,
  notion,
  npm,
  oci,
  dockerAuth,
  okta,
  openai,
  slack,
  stripe,
  tollfence,
  ...twilio,
];
