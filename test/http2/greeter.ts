/** Greeter: a service of gRPC with one method of each kind, its server, and a client that calls them all and prints what it got. */
import { writeFileSync } from 'node:fs';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { createServer, type SecureContext } from 'node:tls';
import { fileURLToPath } from 'node:url';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const proto = `syntax = "proto3";
package helloworld.v1;
service Greeter {
  rpc SayHello (Word) returns (Word);
  rpc Fail (Word) returns (Word);
  rpc Secret (Word) returns (Word);
  rpc Count (Word) returns (stream Word);
  rpc Sum (stream Word) returns (Word);
  rpc Talk (stream Word) returns (stream Word);
}
message Word { string text = 1; }
`;

interface Word {
  readonly text: string;
}

function load(dir: string): grpc.ServiceClientConstructor {
  const file = join(dir, 'greeter.proto');
  writeFileSync(file, proto);
  const root = grpc.loadPackageDefinition(loadSync(file)) as unknown as {
    helloworld: { v1: { Greeter: grpc.ServiceClientConstructor } };
  };
  return root.helloworld.v1.Greeter;
}

/** Serves it over TLS that offers `h2` alone. `calls` gets the name and metadata of each that came. */
export async function serveGreeter(
  dir: string,
  context: () => SecureContext,
  calls: { readonly name: string; readonly metadata: Record<string, unknown> }[],
): Promise<{ port: number; close(): void }> {
  const server = new grpc.Server();
  const came = (name: string, { metadata }: { metadata: grpc.Metadata }): void => {
    calls.push({ name, metadata: metadata.getMap() });
  };
  server.addService(load(dir).service, {
    SayHello(call: grpc.ServerUnaryCall<Word, Word>, done: grpc.sendUnaryData<Word>) {
      came('SayHello', call);
      const trailer = new grpc.Metadata();
      trailer.set('x-trailer', 'at the end');
      call.sendMetadata(new grpc.Metadata());
      done(null, { text: `hello ${call.request.text}` }, trailer);
    },
    Fail(call: grpc.ServerUnaryCall<Word, Word>, done: grpc.sendUnaryData<Word>) {
      came('Fail', call);
      const metadata = new grpc.Metadata();
      metadata.set('x-why', 'none');
      done({ code: grpc.status.NOT_FOUND, details: 'there is no such café', metadata });
    },
    Secret(call: grpc.ServerUnaryCall<Word, Word>, done: grpc.sendUnaryData<Word>) {
      came('Secret', call);
      const trailer = new grpc.Metadata();
      trailer.set('x-seen', String(call.metadata.get('authorization')[0]));
      done(null, { text: `you are ${call.metadata.get('authorization')[0]}` }, trailer);
    },
    Count(call: grpc.ServerWritableStream<Word, Word>) {
      came('Count', call);
      for (let i = 1; i <= Number(call.request.text); i++) call.write({ text: String(i) });
      call.end();
    },
    Sum(call: grpc.ServerReadableStream<Word, Word>, done: grpc.sendUnaryData<Word>) {
      came('Sum', call);
      let sum = 0;
      call.on('data', ({ text }: Word) => {
        sum += Number(text);
      });
      call.on('end', () => done(null, { text: String(sum) }));
    },
    Talk(call: grpc.ServerDuplexStream<Word, Word>) {
      came('Talk', call);
      call.on('data', ({ text }: Word) => call.write({ text: `${text}!` }));
      call.on('end', () => call.end());
    },
  });
  const inner = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    );
  });
  // In front of it, because its own TLS takes keys in files only.
  const outer = createServer({ ALPNProtocols: ['h2'], SNICallback: (_, done) => done(null, context()) }, secure => {
    const socket = connect(inner, '127.0.0.1');
    secure.pipe(socket).pipe(secure);
    for (const [one, other] of [[secure, socket] as const, [socket, secure] as const])
      one.on('error', () => {}).once('close', () => other.destroy());
  });
  await new Promise<void>(resolve => outer.listen(0, '127.0.0.1', resolve));
  return {
    port: (outer.address() as AddressInfo).port,
    close() {
      outer.close();
      server.forceShutdown();
    },
  };
}

/** What a call came to. */
export interface Called {
  readonly code: number;
  readonly details: string;
  readonly words: readonly string[];
  readonly trailers: Record<string, unknown>;
}

/** Calls one method. `Talk` says the next word only once the one before was answered. */
function call(client: grpc.Client, name: string, words: readonly string[]): Promise<Called> {
  const methods = client as unknown as Record<string, (...args: unknown[]) => grpc.ClientDuplexStream<Word, Word>>;
  return new Promise(resolve => {
    const got: string[] = [];
    const unary = (error: grpc.ServiceError | null, answer?: Word): void => {
      if (error === null && answer !== undefined) got.push(answer.text);
    };
    const made =
      name === 'Count'
        ? methods[name]!({ text: words[0] })
        : name === 'Talk'
          ? methods[name]!()
          : name === 'Sum'
            ? methods[name]!(unary)
            : methods[name]!({ text: words[0] }, unary);
    made.on('error', () => {});
    made.on('status', ({ code, details, metadata }: grpc.StatusObject) =>
      resolve({ code, details, words: got, trailers: metadata.getMap() }),
    );
    if (name === 'Sum') {
      for (const text of words) made.write({ text });
      made.end();
    }
    if (name === 'Count') made.on('data', ({ text }: Word) => got.push(text));
    if (name === 'Talk') {
      const say = (): void => {
        if (got.length < words.length) made.write({ text: words[got.length]! });
        else made.end();
      };
      made.on('data', ({ text }: Word) => {
        got.push(text);
        say();
      });
      say();
    }
  });
}

/** The client as a program: `node greeter.js DIR HOST [METHOD:WORD,WORD …]`; prints what each came to, as JSON. */
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [dir, host, ...calls] = process.argv.slice(2) as [string, string, ...string[]];
  const client = new (load(dir))(host, grpc.credentials.createSsl());
  const results: Called[] = [];
  for (const each of calls) {
    const [name, words = ''] = each.split(':');
    results.push(await call(client, name!, words.split(',')));
  }
  client.close();
  process.stdout.write(JSON.stringify(results));
}
