import { expect, it } from "vitest";
import type { Delivery } from "../../../src/transport/transport.ts";
import { bytes, envelope, eventsOf, type MakePair, textOf, unique } from "./support.ts";

/** What is refused or reported, and that it harms nothing else. */
export function refusalContract(makePair: MakePair): void {
  it("a payload above the limit is refused at once, one at the limit is not", async () => {
    await using pair = await makePair();
    const subject = unique("large");
    const sizes: number[] = [];
    pair.two.subscribe(subject, ({ payload }) => sizes.push((payload as Uint8Array).length));
    await pair.two.flush();
    const max = pair.one.payloadMaxBytes;
    expect(pair.one.publish(subject, new Uint8Array(max + 1))).toMatchObject({ code: "PAYLOAD_TOO_LARGE" });
    expect(pair.one.publish(subject, envelope("x".repeat(max + 1)))).toMatchObject({
      code: "PAYLOAD_TOO_LARGE",
    });
    expect(pair.one.publish(subject, new Uint8Array(max))).toBeUndefined();
    await expect.poll(() => sizes).toEqual([max]);
    expect(pair.one.connected).toBe(true);
  });

  it("a body that is no plain data is refused, whether somebody listens or not", async () => {
    await using pair = await makePair();
    const subject = unique("plain");
    const got: Delivery[] = [];
    pair.two.subscribe(`${subject}.heard`, (delivery) => got.push(delivery));
    await pair.two.flush();
    const circular: { self?: unknown } = {};
    circular.self = circular;
    for (const body of [() => 1, { deep: [Symbol("no")] }, circular]) {
      for (const place of ["heard", "unheard"]) {
        const error = pair.one.publish(`${subject}.${place}`, envelope(body));
        expect(error, String(body)).toMatchObject({ code: "MESSAGE_INVALID" });
      }
    }
    pair.one.publish(`${subject}.heard`, envelope("fine"));
    await expect.poll(() => got.length).toBe(1);
  });

  it.each(["", ".", "a..b", "a b", "a\r\nPUB x 0\r\n", "a.*", "a.>", ".a", "a.", "a\u00a0b"])(
    "nothing is published to %j, which is no subject, nor with it as reply",
    async (text) => {
      await using pair = await makePair();
      expect(pair.one.publish(text, bytes(""))).toMatchObject({ code: "ADDRESS_INVALID" });
      expect(pair.one.publish(unique("fine"), bytes(""), text)).toMatchObject({ code: "ADDRESS_INVALID" });
      expect(await pair.one.flush()).toMatchObject({ kind: "ok" });
    },
  );

  it.each(["", "a..b", "a b", "a.>.b", "a*.b", "a>", "a\r\nSUB > 1"])(
    "a subscription to %j, which is no pattern, is reported as an error",
    async (pattern) => {
      await using pair = await makePair();
      const events = eventsOf(pair.one);
      const subscription = pair.one.subscribe(pattern, () => {});
      expect(events).toMatchObject([{ type: "error", error: { code: "ADDRESS_INVALID" }, subject: pattern }]);
      subscription.close();
      expect(await pair.one.flush()).toMatchObject({ kind: "ok" });
    },
  );

  it("a handler that throws is reported, and disturbs neither the next message nor another handler", async () => {
    await using pair = await makePair();
    const subject = unique("throws");
    const events = eventsOf(pair.two);
    const got: string[] = [];
    pair.two.subscribe(subject, (delivery) => {
      throw new Error(`no ${textOf(delivery)}`);
    });
    pair.two.subscribe(subject, (delivery) => got.push(textOf(delivery)));
    await pair.two.flush();
    pair.one.publish(subject, bytes("1"));
    pair.one.publish(subject, bytes("2"));
    await expect.poll(() => got).toEqual(["1", "2"]);
    await expect.poll(() => events.length).toBe(2);
    expect(events).toMatchObject([
      { type: "error", subject, error: { message: expect.stringContaining("no 1") } },
      { type: "error", subject, error: { message: expect.stringContaining("no 2") } },
    ]);
  });

  it("a listener that throws keeps no event from the others", async () => {
    await using pair = await makePair();
    pair.one.onEvent(() => {
      throw new Error("broken listener");
    });
    const events = eventsOf(pair.one);
    await pair.one.close();
    expect(events.map(({ type }) => type)).toContain("closed");
  });
}
