import { expect, it } from "vitest";
import type { Delivery } from "../../../src/transport/transport.ts";
import { bytes, envelope, type MakePair, textOf, unique } from "./support.ts";

/** Who gets what, in which order, and whose it is. */
export function deliveryContract(makePair: MakePair): void {
  it("messages arrive in the order in which they were published", async () => {
    await using pair = await makePair();
    const root = unique("order");
    const got: string[] = [];
    pair.two.subscribe(`${root}.*`, (delivery) => got.push(textOf(delivery)));
    await pair.two.flush();
    const sent = Array.from({ length: 2_000 }, (_, n) => String(n));
    for (const n of sent) expect(pair.one.publish(`${root}.${Number(n) % 3}`, bytes(n))).toBeUndefined();
    await expect.poll(() => got.length).toBe(sent.length);
    expect(got).toEqual(sent);
  });

  it("what a transport publishes reaches its own subscriptions too, but never before publish returns", async () => {
    await using pair = await makePair();
    const subject = unique("own");
    const got: string[] = [];
    pair.one.subscribe(subject, (delivery) => got.push(textOf(delivery)));
    pair.one.publish(subject, bytes("hello"));
    expect(got).toEqual([]);
    expect(await pair.one.flush()).toMatchObject({ kind: "ok" });
    expect(got).toEqual(["hello"]);
  });

  it("* stands for one token and > for one or more", async () => {
    await using pair = await makePair();
    const root = unique("wild");
    const got: Record<string, string[]> = { star: [], rest: [], middle: [] };
    const note = (list: string) => (delivery: Delivery) => got[list]?.push(delivery.subject);
    pair.two.subscribe(`${root}.*`, note("star"));
    pair.two.subscribe(`${root}.>`, note("rest"));
    pair.two.subscribe(`${root}.*.c`, note("middle"));
    await pair.two.flush();
    for (const tail of ["", ".a", ".a.b", ".a.c", ".a.c.d"]) pair.one.publish(`${root}${tail}`, bytes(""));
    await expect.poll(() => got.rest?.length).toBe(4);
    expect(got).toEqual({
      star: [`${root}.a`],
      rest: [`${root}.a`, `${root}.a.b`, `${root}.a.c`, `${root}.a.c.d`],
      middle: [`${root}.a.c`],
    });
  });

  it("a subscription that comes or goes changes who gets the next message on a subject in use", async () => {
    await using pair = await makePair();
    const subject = unique("routes");
    const got: string[] = [];
    const first = pair.two.subscribe(subject, (delivery) => got.push(`first ${textOf(delivery)}`));
    await pair.two.flush();
    pair.one.publish(subject, bytes("1"));
    await expect.poll(() => got).toEqual(["first 1"]);
    const second = pair.two.subscribe(subject, (delivery) => got.push(`second ${textOf(delivery)}`));
    await pair.two.flush();
    pair.one.publish(subject, bytes("2"));
    await expect.poll(() => got.toSorted()).toEqual(["first 1", "first 2", "second 2"]);
    first.close();
    await pair.two.flush();
    pair.one.publish(subject, bytes("3"));
    await expect.poll(() => got.length).toBe(4);
    expect(got.at(-1)).toBe("second 3");
    second.close();
  });

  it("of a queue group exactly one member gets each message, and each member gets some", async () => {
    await using pair = await makePair();
    const subject = unique("group");
    const got: Record<string, string[]> = { a: [], b: [], c: [], watcher: [] };
    const note = (list: string) => (delivery: Delivery) => got[list]?.push(textOf(delivery));
    pair.one.subscribe(subject, note("a"), { queue: "crew" });
    pair.two.subscribe(subject, note("b"), { queue: "crew" });
    pair.two.subscribe(subject, note("c"), { queue: "crew" });
    pair.two.subscribe(subject, note("watcher"));
    await pair.one.flush();
    await pair.two.flush();
    const sent = Array.from({ length: 300 }, (_, n) => String(n));
    for (const n of sent) pair.one.publish(subject, bytes(n));
    await expect.poll(() => got.watcher?.length).toBe(sent.length);
    const { a = [], b = [], c = [] } = got;
    await expect.poll(() => [...a, ...b, ...c].length).toBe(sent.length);
    expect([...a, ...b, ...c].toSorted((x, y) => Number(x) - Number(y))).toEqual(sent);
    expect(Math.min(a.length, b.length, c.length)).toBeGreaterThan(0);
  });

  it("a reply subject travels with the message, and an answer comes back", async () => {
    await using pair = await makePair();
    const subject = unique("ask");
    const answers: Delivery[] = [];
    pair.one.subscribe(`${subject}.re.*`, (delivery) => answers.push(delivery));
    pair.two.subscribe(subject, ({ reply }) => {
      pair.two.publish(reply ?? "nowhere", bytes("answer"));
    });
    await pair.two.flush();
    pair.one.publish(subject, bytes("question"), `${subject}.re.7`);
    await expect.poll(() => answers.length).toBe(1);
    expect(answers[0]).toMatchObject({ subject: `${subject}.re.7`, reply: undefined });
    expect(answers[0]).not.toHaveProperty("unreachable");
    expect(textOf(answers[0] as Delivery)).toBe("answer");
  });

  it("a subject nobody listens to answers the asker alone, and at once, that it is unreachable", async () => {
    await using pair = await makePair();
    const subject = unique("nobody");
    const answers: Delivery[] = [];
    const others: Delivery[] = [];
    pair.one.subscribe(`${subject}.re.*`, (delivery) => answers.push(delivery));
    pair.two.subscribe(`${subject}.re.*`, (delivery) => others.push(delivery));
    await pair.one.flush();
    await pair.two.flush();
    pair.one.publish(subject, bytes("question"), `${subject}.re.1`);
    await expect.poll(() => answers.length).toBe(1);
    expect(answers[0]).toMatchObject({ subject: `${subject}.re.1`, unreachable: true });
    await pair.two.flush();
    expect(others).toEqual([]);
  });

  it("an envelope arrives with its body, and is the receiver's own", async () => {
    await using pair = await makePair();
    const subject = unique("copies");
    const got: Delivery[] = [];
    pair.one.subscribe(subject, (delivery) => got.push(delivery));
    pair.two.subscribe(subject, (delivery) => got.push(delivery));
    await pair.one.flush();
    await pair.two.flush();
    const body = { tags: ["one"], inner: { n: 1 } };
    pair.one.publish(subject, envelope(body));
    body.inner.n = 2;
    await expect.poll(() => got.length).toBe(2);
    for (const { payload } of got) {
      if (payload instanceof Uint8Array) continue;
      expect(payload).toEqual(envelope({ tags: ["one"], inner: { n: 1 } }));
      (payload.body as typeof body).tags.push("mine");
    }
    expect(body).toEqual({ tags: ["one"], inner: { n: 2 } });
  });

  // A Buffer's own slice() is no copy.
  it.each([
    ["Uint8Array", bytes],
    ["Buffer", (text: string): Uint8Array => Buffer.from(text)],
  ])("the bytes of a %s are copied before publish returns, and for each receiver", async (_, make) => {
    await using pair = await makePair();
    const subject = unique("bytes");
    const got: Delivery[] = [];
    pair.two.subscribe(subject, (delivery) => got.push(delivery));
    pair.two.subscribe(subject, (delivery) => got.push(delivery));
    await pair.two.flush();
    const buffer = make("abc");
    pair.one.publish(subject, buffer);
    buffer.fill(0);
    await expect.poll(() => got.length).toBe(2);
    const [first, second] = got as [Delivery, Delivery];
    (first.payload as Uint8Array).fill(1);
    expect(textOf(second)).toBe("abc");
  });
}
