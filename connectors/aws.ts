/**
 * Amazon Web Services: every service of the SDK, named as in IAM (`aws.iam.UpdateAccessKey`, `aws.s3.DeleteObject`), about
 * ARNs (`arn:aws:s3:::bucket/key`), whose account is empty where the request doesn't say it. Region and service are
 * parameters of every action, names and ids are those that say what it is about; values, documents and statements are
 * never. Which service a host is, its name says; which are unknown have no meaning, and no credential.
 */
import type { Connector } from '../src/model.js';
import { placeOf } from './aws/host.js';
import { keyOf, operationsOf } from './aws/model.js';
import { routesOf } from './aws/rest.js';
import { readS3 } from './aws/s3.js';
import { shownOf } from './aws/shown.js';

export default {
  name: 'aws',
  hosts: ['*.amazonaws.com', '*.amazonaws.com.cn', '*.api.aws', '*.api.amazonwebservices.com.cn'],
  credentials: {
    scheme: 'sigv4',
    placeholder: 'AKIAtfplaceholder000',
    env: ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'],
  },
  generated: 'aws',
  part(host, data) {
    const place = placeOf(host);
    if (place === null) return null;
    if (place.service === 's3') return readS3;
    const name = keyOf(data, place.service);
    return name === null ? null : { name, routes: () => routesOf(operationsOf(data, name)) };
  },
  shown: shownOf,
  // An ARN in front of another one: nothing else could say where it ends.
  encoded: ['app_instance_arn', 'arn', 'channel_arn', 'directory_registration_arn', 'flow_arn', 'principal_arn'],
  routes: {},
} satisfies Connector;
