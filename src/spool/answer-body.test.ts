import assert from "node:assert/strict";
import { test } from "node:test";
import { AnswerBody } from "./answer-body.ts";

/** A client that takes what `appetite` allows. */
class Client {
  readonly taken: Buffer[] = [];
  ended = false;
  failed: string | null = null;
  appetite = Number.POSITIVE_INFINITY;
  write(chunk: Buffer): boolean {
    this.taken.push(chunk);
    this.appetite -= chunk.length;
    return this.appetite > 0;
  }
  end(): void {
    this.ended = true;
  }
  fail(reason: string): void {
    this.failed = reason;
  }
}

function producer() {
  return {
    held: false,
    abandoned: false,
    pause() {
      this.held = true;
    },
    resume() {
      this.held = false;
    },
    abandon() {
      this.abandoned = true;
    },
  };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

test("pieces pass straight through to a client that keeps up", () => {
  const client = new Client();
  const body = new AnswerBody(-1, 100, 100, producer());
  body.start(client);
  body.write(Buffer.from("a"));
  body.write(Buffer.from("b"));
  body.end();
  assert.equal(Buffer.concat(client.taken).toString(), "ab");
  assert.equal(client.ended, true);
});

test("what a slow client has not taken waits in memory, then in a file, in order", async () => {
  const client = new Client();
  client.appetite = 1;
  const source = producer();
  const body = new AnswerBody(-1, 1000, 1_000_000, source);
  body.start(client);
  const pieces = Array.from({ length: 100 }, (_, i) => Buffer.alloc(500, i));
  for (const piece of pieces) body.write(piece);
  body.end();
  assert.equal(source.held, false);
  while (!client.ended) {
    client.appetite = 700;
    body.resume();
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(Buffer.concat(client.taken), Buffer.concat(pieces));
});

test("beyond the file's limit the producer is held back, and let go on when the client has read", async () => {
  const client = new Client();
  client.appetite = 1;
  const source = producer();
  const body = new AnswerBody(-1, 1000, 10_000, source);
  body.start(client);
  for (let i = 0; i < 30; i++) body.write(Buffer.alloc(1000));
  assert.equal(source.held, true);
  client.appetite = Number.POSITIVE_INFINITY;
  body.resume();
  await until(() => !source.held);
  body.end();
  await until(() => client.ended);
  assert.equal(Buffer.concat(client.taken).length, 30_000);
});

test("a client that leaves makes the producer stop", () => {
  const source = producer();
  const body = new AnswerBody(-1, 10, 10, source);
  body.start(new Client());
  body.cancel();
  assert.equal(source.abandoned, true);
});

test("a producer that fails cuts the answer after what it had given", () => {
  const client = new Client();
  const body = new AnswerBody(-1, 10, 10, producer());
  body.start(client);
  body.write(Buffer.from("half"));
  body.fail("died");
  assert.equal(client.failed, "died");
  assert.equal(client.ended, false);
});
