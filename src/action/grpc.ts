/** gRPC: the name of a call, which its path spells (grpc/grpc, doc/PROTOCOL-HTTP2.md). */
import type { CanonicalRequest } from '../model.js';

// Identifiers of the Protocol Buffers language: package and service, then the method.
const call = /^\/([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)\/([A-Za-z_]\w*)$/;

/** `grpc.helloworld.Greeter.SayHello`; null for what is no call in exactly this form. */
export function grpcCall({ method, path, query, fields }: CanonicalRequest): string | null {
  if (method !== 'POST' || query !== '') return null;
  const types = fields.filter(([name]) => name.toLowerCase() === 'content-type');
  if (types.length !== 1 || !/^application\/grpc(\+[\w.-]+)?\s*(;|$)/i.test(types[0]![1])) return null;
  const match = call.exec(path);
  return match === null ? null : `grpc.${match[1]}.${match[2]}`;
}
