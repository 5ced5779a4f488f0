/** Names of AWS's hosts: which service, where, and what stands in front of it. All of it is attacker-controlled. */

/** What the name of a host says. */
export interface Place {
  /** `aws`, `aws-cn`, `aws-us-gov`. */
  readonly partition: string;
  /** `eu-west-1`; empty at an endpoint for all regions. */
  readonly region: string;
  /** `dynamodb`, `api.ecr`: as the service's model names it, FIPS and dual stack undone. */
  readonly service: string;
  /** The bucket in front of S3's name; empty if there is none, and for all other services. */
  readonly front: string;
}

/** https://docs.aws.amazon.com/general/latest/gr/rande.html; with `api.` in front of it for dual stack. */
const domains = ['.amazonaws.com', '.amazonaws.com.cn', '.api.aws', '.api.amazonwebservices.com.cn'];

const isRegion = (label: string): boolean => /^[a-z]{2}(?:-gov|-iso[a-z]?)?-[a-z]+-[0-9]$/.test(label);

/** The labels of S3 that mean S3: `s3-eu-west-1` is as old as `s3-external-1`. */
const isS3 = (label: string): boolean =>
  /^s3(?:-fips|-accelerate|-external-1)?$/.test(label) || (label.startsWith('s3-') && isRegion(label.slice(3)));

/** Reads a host in canonical form; null if it is none of AWS's services that we know how to read. */
export function placeOf(host: string): Place | null {
  const domain = domains.find(each => host.endsWith(each));
  if (domain === undefined) return null;
  const labels = host.slice(0, -domain.length).split('.');
  let region = '';
  if (isRegion(labels.at(-1)!)) region = labels.pop()!;
  if (labels.at(-1) === 'dualstack') labels.pop();
  const last = labels.at(-1);
  if (last === undefined) return null;
  const partition = domain.endsWith('.cn') ? 'aws-cn' : region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
  if (isS3(last)) {
    const old = last.slice(3);
    if (region === '' && isRegion(old)) region = old;
    else if (isRegion(old)) return null;
    return { partition, region, service: 's3', front: labels.slice(0, -1).join('.') };
  }
  const service = labels
    .filter((label, i) => label !== 'fips' || i > 0)
    .map(label => label.replace(/-fips$/, ''))
    .join('.');
  return { partition, region, service, front: '' };
}
