/** Google service account: a signed JWT as a grant (RFC 7523 §2.1) for an access token; for `subject` where a domain delegates. */

import { signedJwt } from './jwt.js';
import { type Call, documentOf, form, formFields, type Kind, textOf } from './kind.js';
import { bearerIn, refusalOf } from './oauth2.js';

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
  return bearerIn(documentOf(call, yield call, refusalOf(url)), call);
};
