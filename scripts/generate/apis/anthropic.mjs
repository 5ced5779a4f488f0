// Anthropic's API, from the resources of its own SDK. What is in beta has the paths of what isn't.
import { rowsOf } from '../sdk/rows.mjs';
import { scopeOf } from '../sdk/scope.mjs';
import { operations } from '../sdk/stainless.mjs';

export default {
  name: 'anthropic',
  packages: [
    {
      name: '@anthropic-ai/sdk',
      version: '1.11.0',
      integrity: 'sha512-lW16YCGJ7ItUy92hehGjuMIxvhCeW8pYi4w4jzzfo8UtRbEamagUJAzAEh1VxS6wHfDh6yB+/KE/Rqp2i6elIw==',
      licence: 'MIT',
      files: ['src/resources/'],
    },
  ],
  build(files) {
    const found = operations(files);
    const paths = found.map(({ path }) => path);
    // Who administers an organisation decides who may do what, and what it may cost; a tunnel and a URL let somebody in.
    const rights = /^\w+ \/v1\/(?:organizations|tunnels)(?:\/|$)|\/(?:enrollment_url|action_urls)$/;
    return { routes: rowsOf(found, { resource: scopeOf(paths, ['organizations']), rights }) };
  },
};
