// OpenAI's API, from the resources of its own SDK; its OpenAPI document isn't in a package.
import { rowsOf } from '../sdk/rows.mjs';
import { scopeOf } from '../sdk/scope.mjs';
import { operations } from '../sdk/stainless.mjs';

export default {
  name: 'openai',
  packages: [
    {
      name: 'openai',
      version: '7.55.0',
      integrity: 'sha512-0r4snVSRN46m4wL2vXCW5Xw6CKGPbdNI8t79KZOpe8GKKPmhL8peDXN8YOY/2ipsOVWSfsP/vgkLjTmWB+kMug==',
      licence: 'Apache-2.0',
      files: ['src/resources/'],
    },
  ],
  build(files) {
    const found = operations(files);
    const paths = found.map(({ path }) => path);
    const resource = scopeOf(paths, ['organization', 'fine_tuning'], { job: 'fine_tune', completion: 'chat' });
    // Who administers an organisation decides who may do what, and what it may cost; a session gives a secret for a browser.
    const rights = /^\w+ \/v1\/(?:(?:organization|projects)\/|(?:realtime|chatkit)\/(?:transcription_)?sessions$)/;
    return { routes: rowsOf(found, { base: '/v1', resource, rights }) };
  },
};
