import type { NatsConnection } from "nats";
import { describe, expect, test } from "vitest";
import { NatsWriter } from "../../../src/transport/nats-writer.ts";

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytes = (content: string): Uint8Array => new TextEncoder().encode(content);

/** Turns of the event loop, taken by hand. */
const turns: (() => void)[] = [];
const env = { soon: (run: () => void): void => void turns.push(run) };
const turn = (): void => {
  for (const run of turns.splice(0)) run();
};

/** Stands for a client: what is handed over as a batch, and what takes the client's own way. */
function client(inside: object = { noMorePublishing: false }): { nc: NatsConnection; said: string[] } {
  const said: string[] = [];
  const sendCommand = (batch: Uint8Array): void => void said.push(text(batch));
  const publish = (subject: string, payload: Uint8Array, options?: { reply: string }): void =>
    void said.push(`client: ${subject} ${options?.reply ?? "-"} ${payload.length}`);
  return { nc: { protocol: { sendCommand, ...inside }, publish } as unknown as NatsConnection, said };
}

describe("writing publishes", () => {
  test("puts all of a turn into one batch, in order, when the turn is over", () => {
    const { nc, said } = client();
    const writer = new NatsWriter(nc, env);
    writer.publish("a.b", bytes("one"), undefined);
    writer.publish("c", bytes(""), "re.1");
    expect(said).toEqual([]);
    turn();
    expect(said).toEqual(["PUB a.b 3\r\none\r\nPUB c re.1 0\r\n\r\n"]);
    writer.publish("d", bytes("0123456789"), undefined);
    writer.flush();
    expect(said.at(-1)).toBe("PUB d 10\r\n0123456789\r\n");
    turn();
    expect(said).toHaveLength(2);
  });

  test("hands over a long burst in parts, before the turn is over", () => {
    const { nc, said } = client();
    const writer = new NatsWriter(nc, env);
    for (let i = 0; i < 1_000; i++) writer.publish("work", bytes(`${i}`.padStart(100)), `re.${i}`);
    writer.flush();
    expect(said.length).toBeGreaterThan(2);
    const expected = Array.from(
      { length: 1_000 },
      (_, i) => `PUB work re.${i} 100\r\n${`${i}`.padStart(100)}\r\n`,
    );
    expect(said.join("")).toBe(expected.join(""));
  });

  test("never writes again what it has handed over", () => {
    const batches: Uint8Array[] = [];
    const sendCommand = (batch: Uint8Array): void => void batches.push(batch);
    const writer = new NatsWriter({ protocol: { sendCommand, noMorePublishing: false } } as never, env);
    for (let i = 0; i < 2_000; i++) {
      writer.publish("s", bytes(String(i).padStart(90)), undefined);
      if (i % 7 === 0) turn();
    }
    writer.flush();
    const numbers = batches.flatMap((batch) => text(batch).match(/\d+(?=\r\nPUB|\r\n$)/g) ?? []);
    expect(numbers).toEqual(Array.from({ length: 2_000 }, (_, i) => String(i)));
  });

  test("leaves the rest to the client: large payloads, other letters, a drain, an inside that has moved", () => {
    const large = new Uint8Array(10_000);
    const { nc, said } = client();
    const writer = new NatsWriter(nc, env);
    writer.publish("a", bytes("1"), undefined);
    writer.publish("b", large, "re.1");
    writer.publish("straße", bytes("12"), undefined);
    writer.publish("c", bytes("3"), undefined);
    writer.publish("d", bytes("4"), "re.ä");
    writer.flush();
    expect(said).toEqual([
      "PUB a 1\r\n1\r\n",
      "client: b re.1 10000",
      "client: straße - 2",
      "PUB c 1\r\n3\r\n",
      "client: d re.ä 1",
    ]);
    const drained = client({ noMorePublishing: true });
    new NatsWriter(drained.nc, env).publish("a", bytes("1"), undefined);
    expect(drained.said).toEqual(["client: a - 1"]);
    const moved = client({ sendCommand: undefined });
    const plain = new NatsWriter(moved.nc, env);
    plain.publish("a", bytes("1"), "re.1");
    expect(plain.direct).toBe(false);
    expect(moved.said).toEqual(["client: a re.1 1"]);
  });
});
