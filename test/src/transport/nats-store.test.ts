import { expect, test } from "vitest";
import { realEnv } from "../../../src/env/env.ts";
import { NatsStore } from "../../../src/transport/nats-store.ts";

const settings = { storeTimeoutMs: 1_000, inboxPrefix: undefined, replicas: 1, env: realEnv };
const options = { kind: "log", subjects: ["a.>"], messagesMax: 10, bytesMax: 1_000 } as const;
const stream = { config: { subjects: ["a.>"], retention: "limits" } };
const notFound = { error: { code: 404, err_code: 10_059, description: "stream not found" } };
const refusal = (err_code: number): object => ({ error: { code: 400, err_code, description: "no" } });

/** A store whose server answers so, one answer after another. */
function storeThatHears(answers: readonly object[]): { store: NatsStore; asked: string[] } {
  const asked: string[] = [];
  const request = ({
    subject,
    read,
  }: {
    subject: string;
    read(answer: object): unknown;
  }): Promise<unknown> => {
    const answer = answers[asked.push(subject.replace("$JS.API.STREAM.", "")) - 1];
    return Promise.resolve(read({ json: () => answer }));
  };
  const link = { up: true, info: { version: "2.9.10" }, requests: { request } };
  return { store: new NatsStore(settings, { link: () => link } as never), asked };
}

test.each([
  ["its name is taken", 10_058],
  ["its subjects are, as 2.9 says now and then", 10_065],
])(
  "a stream that somebody else makes at the same moment is opened, though the server says that %s",
  async (_, code) => {
    const { store, asked } = storeThatHears([notFound, refusal(code), stream]);
    expect(await store.stream("one", options)).toMatchObject({ kind: "ok" });
    expect(asked).toEqual(["INFO.one", "CREATE.one", "INFO.one"]);
  },
);

test("a stream whose subjects another one has is refused, with what the server said", async () => {
  const { store } = storeThatHears([notFound, refusal(10_065), notFound]);
  const outcome = await store.stream("one", options);
  expect(outcome).toMatchObject({ kind: "rejected", error: { details: { jetStreamCode: 10_065 } } });
});

test("any other refusal is not asked about again", async () => {
  const { store, asked } = storeThatHears([notFound, refusal(10_052)]);
  expect(await store.stream("one", options)).toMatchObject({ kind: "rejected" });
  expect(asked).toHaveLength(2);
});
