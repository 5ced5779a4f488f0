/** A request for every operation of AWS, as its model says, and what requests are, for the tests of the connector. */
import { generated } from '../../bin/proxy/generated.js';
import aws from '../../connectors/aws.js';
import { openCatalog } from '../../src/action/catalog.js';
import { exampleRequest } from '../../src/action/examples.js';
import type { Classified, Field } from '../../src/model.js';

export const catalog = openCatalog([aws], { generated, whole: true });
export const texts = generated('aws').data as { readonly [host: string]: string };

export interface Sample {
  readonly name: string;
  readonly host: string;
  readonly line: string;
  readonly fields: readonly Field[];
  /** Whether anything says what it is about. */
  readonly about: boolean;
}

const sampleAt = (place: string): string =>
  /arns?\b|Arns?\b|ARNs?\b|arn\}/.test(place.replace(/\.member|\.\*|\[\]|\+/g, ''))
    ? 'arn:aws:x:us-east-1:123456789012:thing'
    : 'sample';

/** One request of an operation, as its model says. */
function sampleOf(host: string, head: readonly string[], line: string): Sample {
  const [, service, protocol = '', mark = ''] = head;
  const [operation = '', , ...rest] = line.split(' ');
  const name = `aws.${service}.${operation}`;
  const at = `https://${host.replace('*', 'own')}.us-east-1.amazonaws.com`;
  if (protocol.startsWith('rest')) {
    const [method, target = ''] = rest;
    const path = target.replace(/\{(\w+)\+?\}/g, (place: string) => encodeURIComponent(sampleAt(place)));
    return { name, host, line: `${method} ${at}${path}`, fields: [], about: /^\{/.test(rest[2] ?? '') };
  }
  const place = (rest[0] ?? '-').replace(/^[~=?]|:.*$/g, '') || '-';
  const value = sampleAt(place);
  if (protocol === 'json') {
    const body = place === '-' ? {} : { [place.replace('[]', '')]: place.endsWith('[]') ? [value] : value };
    const fields: Field[] = [
      ['X-Amz-Target', `${mark}.${operation}`],
      ['Content-Type', 'application/x-amz-json-1.1'],
    ];
    return { name, host, line: `POST ${at}/ ${JSON.stringify(body)}`, fields, about: place !== '-' };
  }
  const about = place === '-' ? '' : `&${place.replace('*', '1')}=${value}`;
  return {
    name,
    host,
    line: `POST ${at}/ Action=${operation}&Version=${mark}${about}`,
    fields: [],
    about: place !== '-',
  };
}

export function samplesOf(hosts: readonly string[]): readonly Sample[] {
  return hosts.flatMap(host => {
    let head: readonly string[] = [];
    return texts[host]!.split('\n').flatMap(line => {
      if (line.startsWith('# ')) head = line.split(' ');
      return line.startsWith('# ') || line.startsWith('= ') ? [] : [sampleOf(host, head, line)];
    });
  });
}

export const samples = samplesOf(Object.keys(texts).filter(host => host !== 's3'));
export const classify = (line: string, fields: readonly Field[] = []): Classified =>
  catalog.classify(exampleRequest(line, 'iam.amazonaws.com', fields));

export const arn = ({ resource }: Classified): string => `${resource.type}:${resource.id}`;
