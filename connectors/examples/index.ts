/** The examples of every connector, by its name. */
import anthropic from './anthropic.js';
import aws from './aws.js';
import cloudflare from './cloudflare.js';
import entra from './entra.js';
import github from './github.js';
import gitlab from './gitlab.js';
import google from './google.js';
import hashivault from './hashivault.js';
import jira from './jira.js';
import kubernetes from './kubernetes.js';
import linear from './linear.js';
import mcp from './mcp.js';
import notion from './notion.js';
import npm from './npm.js';
import oci from './oci.js';
import okta from './okta.js';
import openai from './openai.js';
import slack from './slack.js';
import stripe from './stripe.js';
import tollfence from './tollfence.js';
import twilio from './twilio.js';

export const examples: { readonly [connector: string]: string } = {
  anthropic,
  aws,
  cloudflare,
  entra,
  github,
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
  okta,
  openai,
  slack,
  stripe,
  tollfence,
  twilio,
};

/** Hosts of the operator's own, for the examples of connectors that have none otherwise or need none in particular, as config.yaml names them. */
export const exampleHosts: { readonly [connector: string]: { readonly [instance: string]: string } } = {
  hashivault: { main: 'vault.example.com' },
  jira: { main: 'acme.atlassian.net' },
  okta: { main: 'acme.okta.com' },
  mcp: { jira: 'mcp.example.com' },
  npm: { main: 'npm.example.com' },
};
