/** Resign: a body whose bytes are made anew while it goes by, at its reader's pace. */
import { pipeline, type Readable, Transform, type TransformCallback } from 'node:stream';

/** What makes them: pure, a piece at a time. Throws `Refusal` to end the body and the request. */
export interface Rewriter {
  push(bytes: Buffer): readonly Buffer[];
  end(): readonly Buffer[];
  /** Called once, when nothing more is wanted of it. */
  close(): void;
}

/** The body as the rewriter makes it. A stream fails as its body fails, and the other way round. */
export function rewritten(body: Readable | Buffer | null, rewriter: Rewriter): Readable | Buffer {
  if (body === null || Buffer.isBuffer(body)) {
    try {
      return Buffer.concat([...rewriter.push(body ?? Buffer.alloc(0)), ...rewriter.end()]);
    } finally {
      rewriter.close();
    }
  }
  const step = (stream: Transform, work: () => readonly Buffer[], done: TransformCallback): void => {
    try {
      for (const piece of work()) stream.push(piece);
      done();
    } catch (error) {
      done(error as Error);
    }
  };
  const stream = new Transform({
    transform(bytes: Buffer, _, done) {
      step(this, () => rewriter.push(bytes), done);
    },
    flush(done) {
      step(this, () => rewriter.end(), done);
    },
    destroy(error, done) {
      rewriter.close();
      done(error);
    },
  });
  pipeline(body, stream, () => {});
  return stream;
}
