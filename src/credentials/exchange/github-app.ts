/**
 * GitHub App: a JWT of the app for an installation token. Source: GitHub's documentation, "Generating an installation
 * access token for a GitHub App".
 */

import { signedJwt } from './jwt.js';
import { type Call, documentOf, type Kind, type Meanings, textOf, tokenIn } from './kind.js';

const meanings: Meanings = {
  401: [
    'does not accept the signature of the app, or its time',
    'Are app_id and private_key those of one app, and is the clock of this machine right?',
  ],
  403: ['does not let the app act there', 'Is the installation suspended?'],
  404: [
    'knows no such installation of the app',
    'Was it removed? Store the number of the new one with `tf secret rotate`.',
  ],
};

export const githubApp: Kind = function* (members, { now }) {
  const seconds = Math.floor(now / 1000);
  const app = textOf(members, 'app_id');
  const installation = textOf(members, 'installation_id');
  // A minute back for clocks that differ; GitHub takes ten minutes at most.
  const jwt = signedJwt({ iat: seconds - 60, exp: seconds + 540, iss: app }, textOf(members, 'private_key'));
  const api = (textOf(members, 'api_url') || 'https://api.github.com').replace(/\/+$/, '');
  const call: Call = {
    step: 'token',
    method: 'POST',
    url: `${api}/app/installations/${installation}/access_tokens`,
    fields: [
      ['accept', 'application/vnd.github+json'],
      ['authorization', `Bearer ${jwt}`],
      ['user-agent', 'tollfence'],
      ['x-github-api-version', '2022-11-28'],
    ],
    body: null,
  };
  const { token, expires_at: until } = documentOf(call, yield call, meanings);
  const end = typeof until === 'string' ? Date.parse(until) : Number.NaN;
  const value = tokenIn(token, call);
  return { scheme: 'bearer', value, seconds: Number.isNaN(end) ? 3600 : Math.max(1, (end - now) / 1000) };
};
