/** Google service account: a signed JWT as a grant (RFC 7523 §2.1) for an access token; for `subject` where a domain delegates. */

import { signedJwt } from './jwt.js';
import { type Call, documentOf, form, formFields, type Kind, type Meanings, textOf } from './kind.js';
import { bearerIn, refusals } from './oauth2.js';

/** Source: Google's "Using OAuth 2.0 for Server to Server Applications", JWT error codes. */
const meanings: Meanings = {
  ...refusals,
  invalid_grant: [
    'does not accept the signature of the account, or its time',
    'Is the key still there, and is the clock of this machine right? A new key is stored with `tf secret rotate`.',
  ],
  unauthorized_client: [
    'does not let the account act for the subject with these scopes',
    'An administrator of the domain must allow it.',
  ],
};

export const google: Kind = function* (members, { now }) {
  const url = textOf(members, 'token_uri') || 'https://oauth2.googleapis.com/token';
  const seconds = Math.floor(now / 1000);
  const subject = textOf(members, 'subject');
  const key = textOf(members, 'private_key_id');
  const assertion = signedJwt(
    {
      iss: textOf(members, 'client_email'),
      scope: textOf(members, 'scopes') || 'https://www.googleapis.com/auth/cloud-platform',
      aud: url,
      iat: seconds,
      exp: seconds + 3600,
      ...(subject === '' ? {} : { sub: subject }),
    },
    textOf(members, 'private_key'),
    key === '' ? {} : { kid: key },
  );
  const call: Call = {
    step: 'token',
    method: 'POST',
    url,
    fields: formFields,
    body: form({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion }),
  };
  return bearerIn(documentOf(call, yield call, meanings), call);
};
