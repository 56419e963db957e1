import { expect, it, vi } from "vitest";
import type { Delivery, TransportEvent } from "../../../src/transport/transport.ts";
import { bytes, eventsOf, type MakePair, okOf, textOf, unique } from "./support.ts";

/** Closed subscriptions, drained and closed transports. */
export function endContract(makePair: MakePair): void {
  it("a closed subscription gets nothing more, even of what has been sent", async () => {
    await using pair = await makePair();
    const subject = unique("unsubscribed");
    const got: string[] = [];
    const kept: string[] = [];
    const subscription = pair.two.subscribe(subject, (delivery) => {
      got.push(textOf(delivery));
      subscription.close();
    });
    pair.two.subscribe(subject, (delivery) => kept.push(textOf(delivery)));
    await pair.two.flush();
    for (const text of ["1", "2", "3"]) pair.one.publish(subject, bytes(text));
    await expect.poll(() => kept).toEqual(["1", "2", "3"]);
    expect(got).toEqual(["1"]);
    subscription.close();
  });

  it("a drained subscription gets what was sent before, and nothing after", async () => {
    await using pair = await makePair();
    const subject = unique("drained");
    const got: string[] = [];
    const kept: string[] = [];
    const subscription = pair.two.subscribe(subject, (delivery) => got.push(textOf(delivery)));
    pair.two.subscribe(subject, (delivery) => kept.push(textOf(delivery)));
    await pair.two.flush();
    const sent = Array.from({ length: 200 }, (_, n) => String(n));
    for (const n of sent) pair.one.publish(subject, bytes(n));
    await pair.one.flush();
    await subscription.drain();
    expect(got).toEqual(sent);
    pair.one.publish(subject, bytes("late"));
    await expect.poll(() => kept.at(-1)).toBe("late");
    expect(got).toEqual(sent);
    await subscription.drain();
    subscription.close();
  });

  it("drain delivers what has arrived, lets its handlers answer, then closes", async () => {
    await using pair = await makePair();
    const subject = unique("drain");
    const got: string[] = [];
    const answers: string[] = [];
    pair.one.subscribe(`${subject}.re`, (delivery) => answers.push(textOf(delivery)));
    pair.two.subscribe(subject, (delivery) => {
      got.push(textOf(delivery));
      pair.two.publish(`${subject}.re`, bytes(`re ${textOf(delivery)}`));
    });
    await pair.one.flush();
    await pair.two.flush();
    const sent = Array.from({ length: 500 }, (_, n) => String(n));
    for (const n of sent) pair.one.publish(subject, bytes(n));
    await pair.one.flush();
    const events = eventsOf(pair.two);
    const draining = pair.two.drain();
    await Promise.all([draining, pair.two.drain()]);
    expect(got).toEqual(sent);
    expect(pair.two.connected).toBe(false);
    expect(events.filter(({ type }) => type === "closed")).toHaveLength(1);
    await expect.poll(() => answers.length).toBe(sent.length);
    pair.one.publish(subject, bytes("late"));
    await pair.one.flush();
    expect(got).toHaveLength(sent.length);
  });

  it("a closed transport takes nothing and says so", async () => {
    await using pair = await makePair();
    const subject = unique("closed");
    const got: Delivery[] = [];
    pair.one.subscribe(subject, (delivery) => got.push(delivery));
    await pair.one.flush();
    const bucket = okOf(await pair.one.store.bucket(unique("closed")));
    const events = eventsOf(pair.one);
    await pair.one.close();
    await pair.one.close();
    await pair.one.drain();
    expect(pair.one.connected).toBe(false);
    expect(events).toEqual([{ type: "closed" }]);
    expect(pair.one.publish(subject, bytes("x"))).toMatchObject({ code: "TRANSPORT_CLOSED" });
    const closed = { kind: "rejected", error: { code: "TRANSPORT_CLOSED" } };
    expect(await pair.one.flush()).toMatchObject(closed);
    expect(await bucket.get("key")).toMatchObject(closed);
    expect(await bucket.put("key", bytes("x"))).toMatchObject(closed);
    expect(await pair.one.store.bucket(unique("late"))).toMatchObject(closed);
    pair.one.subscribe(subject, (delivery) => got.push(delivery));
    expect(events.at(-1)).toMatchObject({ type: "error", error: { code: "TRANSPORT_CLOSED" }, subject });
    pair.two.publish(subject, bytes("x"));
    await pair.two.flush();
    expect(got).toEqual([]);
  });

  it("close in the middle of a delivery stops what is behind it", async () => {
    await using pair = await makePair();
    const subject = unique("midway");
    const got: string[] = [];
    pair.two.subscribe(subject, (delivery) => {
      got.push(textOf(delivery));
      void pair.two.close();
    });
    await pair.two.flush();
    for (const text of ["1", "2", "3"]) pair.one.publish(subject, bytes(text));
    await vi.waitFor(() => expect(got).toHaveLength(1));
    await pair.one.flush();
    expect(pair.two.connected).toBe(false);
    expect(got).toEqual(["1"]);
  });

  it("an event listener that was removed hears nothing", async () => {
    await using pair = await makePair();
    const heard: TransportEvent[] = [];
    const remove = pair.one.onEvent((event) => heard.push(event));
    remove();
    await pair.one.close();
    expect(heard).toEqual([]);
  });
}
