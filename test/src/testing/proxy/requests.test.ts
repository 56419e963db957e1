import { expect, it } from "vitest";
import type { Frame } from "../../../../src/testing/proxy/frame.ts";
import { Requests } from "../../../../src/testing/proxy/requests.ts";

const published = (number: number, reply: string, payloadBytes = 1): Frame => ({
  ...{ direction: "toServer", op: "PUB", connection: 1, number, subject: `ask.${number}`, reply },
  ...{ sid: undefined, queue: undefined, headers: undefined, status: undefined, request: undefined },
  payload: new Uint8Array(payloadBytes),
});

it("the latest 10,000 requests are remembered, also once answered, and what they asked up to 4 KiB", () => {
  const requests = new Requests();
  for (let number = 1; number <= 10_000; number++) requests.add(published(number, `r${number}`));
  // Asked for anew, so the oldest no more.
  requests.add(published(10_001, "r1", 4_096));
  requests.add(published(10_002, "new", 4_097));
  expect(requests.answeredBy("r2")).toBeUndefined();
  expect(requests.answeredBy("r3")).toMatchObject({ number: 3, subject: "ask.3" });
  expect(requests.answeredBy("r3")).toMatchObject({ number: 3 });
  expect(requests.answeredBy("r1")).toMatchObject({ number: 10_001, payload: { length: 4_096 } });
  expect(requests.answeredBy("new")).toMatchObject({ number: 10_002, payload: undefined });
});
