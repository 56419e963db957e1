import { expect, it } from "vitest";
import type { Entry } from "../../../src/transport/transport.ts";
import { bytes, eventsOf, type MakePair, okOf, textOf, unique } from "./support.ts";

const taken = { kind: "rejected", error: { code: "ADDRESS_TAKEN" } };
const shown = ({ key, value, revision }: Entry): string =>
  `${key}=${value === undefined ? "-" : new TextDecoder().decode(value)}@${revision}`;

/** What every store does alike. */
export function storeContract(makePair: MakePair): void {
  bucketContract(makePair);
  watchContract(makePair);
  streamContract(makePair);
}

function bucketContract(makePair: MakePair): void {
  it("a key is created once, read by everybody, updated on its revision, deleted and created again", async () => {
    await using pair = await makePair();
    const name = unique("keys");
    const one = okOf(await pair.one.store.bucket(name));
    const two = okOf(await pair.two.store.bucket(name));
    expect(okOf(await two.get("crew.a"))).toBeUndefined();
    const first = okOf(await one.create("crew.a", bytes("1")));
    expect(await two.create("crew.a", bytes("2"))).toMatchObject(taken);
    expect(okOf(await two.get("crew.a"))).toEqual({
      key: "crew.a",
      value: bytes("1"),
      revision: first,
    });
    const second = okOf(await two.update("crew.a", bytes("2"), first));
    expect(second).toBeGreaterThan(first);
    expect(await one.update("crew.a", bytes("3"), first)).toMatchObject(taken);
    expect(await one.delete("crew.a", first)).toMatchObject(taken);
    expect(await one.delete("crew.a", second)).toMatchObject({ kind: "ok" });
    expect(okOf(await two.get("crew.a"))).toBeUndefined();
    expect(okOf(await two.entries())).toEqual([]);
    const third = okOf(await two.create("crew.a", bytes("4")));
    expect(third).toBeGreaterThan(second);
    expect(okOf(await one.get("crew.a"))?.value).toEqual(bytes("4"));
  });

  it("revisions grow over all keys of a bucket, and an update of a missing key needs revision 0", async () => {
    await using pair = await makePair();
    const bucket = okOf(await pair.one.store.bucket(unique("revisions")));
    const a = okOf(await bucket.put("a", bytes("1")));
    const b = okOf(await bucket.put("b", bytes("1")));
    expect(b).toBeGreaterThan(a);
    expect(await bucket.update("c", bytes("1"), b)).toMatchObject(taken);
    expect(await bucket.update("c", bytes("1"), 0)).toMatchObject({ kind: "ok" });
    expect(okOf(await bucket.entries()).map(({ key }) => key)).toEqual(["a", "b", "c"]);
    await bucket.put("a", bytes("2"));
    expect(okOf(await bucket.entries()).map(({ key }) => key)).toEqual(["b", "c", "a"]);
  });

  it("of the entries those under a key are asked for alone, not the key itself nor one that begins alike", async () => {
    await using pair = await makePair();
    const name = unique("under");
    const one = okOf(await pair.one.store.bucket(name));
    const two = okOf(await pair.two.store.bucket(name));
    for (const key of ["crew.b", "crew", "crew.a.x", "crews.a", "crew.gone", "other.crew.a"]) {
      okOf(await one.put(key, bytes(key)));
    }
    okOf(await one.delete("crew.gone"));
    okOf(await one.put("crew.b", bytes("new")));
    expect(okOf(await two.entries("crew")).map(shown)).toEqual(["crew.a.x=crew.a.x@3", "crew.b=new@8"]);
    expect(okOf(await two.entries("crew.a")).map(shown)).toEqual(["crew.a.x=crew.a.x@3"]);
    expect(okOf(await two.entries("nobody"))).toEqual([]);
    expect(await two.entries("crew.*")).toMatchObject({
      kind: "rejected",
      error: { code: "OPTION_INVALID" },
    });
  });

  it("of many who compare and set on one revision exactly one wins, round after round", async () => {
    await using pair = await makePair();
    const name = unique("race");
    const buckets = [okOf(await pair.one.store.bucket(name)), okOf(await pair.two.store.bucket(name))];
    let revision = 0;
    for (let round = 0; round < 25; round++) {
      const tries = Array.from({ length: 12 }, (_, n) => {
        const bucket = buckets[n % 2];
        const value = bytes(`${round}/${n}`);
        return round === 0 ? bucket?.create("key", value) : bucket?.update("key", value, revision);
      });
      const outcomes = await Promise.all(tries);
      const winners = outcomes.filter((outcome) => outcome?.kind === "ok");
      const losers = outcomes.filter((outcome) => outcome?.kind !== "ok");
      expect(winners).toHaveLength(1);
      for (const loser of losers) expect(loser).toMatchObject(taken);
      const entry = okOf(await (buckets[0] as (typeof buckets)[number]).get("key"));
      expect(entry?.value).toEqual(bytes(`${round}/${outcomes.findIndex((each) => each?.kind === "ok")}`));
      revision = entry?.revision ?? 0;
    }
  });

  it("opening a bucket from both sides at once gives both the same bucket", async () => {
    await using pair = await makePair();
    const name = unique("both");
    const [one, two] = await Promise.all([pair.one.store.bucket(name), pair.two.store.bucket(name)]);
    await okOf(one).put("a", bytes("1"));
    expect(okOf(await okOf(two).get("a"))?.value).toEqual(bytes("1"));
  });

  it("a value above the bucket's limit is refused, one at the limit is not", async () => {
    await using pair = await makePair();
    const name = unique("limit");
    const one = okOf(await pair.one.store.bucket(name, { valueMaxBytes: 100 }));
    const two = okOf(await pair.two.store.bucket(name));
    expect(await one.put("a", new Uint8Array(100))).toMatchObject({ kind: "ok" });
    expect(await one.update("a", new Uint8Array(100), 1)).toMatchObject({ kind: "ok" });
    for (const bucket of [one, two]) {
      expect(await bucket.put("a", new Uint8Array(101))).toMatchObject({
        kind: "rejected",
        error: { code: "PAYLOAD_TOO_LARGE" },
      });
    }
  });

  it.each(["", "a b", "a..b", "*", "a.>", "a\r\n", "ä"])(
    "%j is refused as a key, and as a name of a bucket",
    async (text) => {
      await using pair = await makePair();
      const refused = { kind: "rejected", error: { code: "OPTION_INVALID" } };
      const bucket = okOf(await pair.one.store.bucket(unique("names")));
      expect(await bucket.put(text, bytes(""))).toMatchObject(refused);
      expect(await bucket.get(text)).toMatchObject(refused);
      expect(await bucket.delete(text)).toMatchObject(refused);
      expect(await pair.one.store.bucket(text)).toMatchObject(refused);
    },
  );

  it.each([
    ["Uint8Array", bytes],
    ["Buffer", (text: string): Uint8Array => Buffer.from(text)],
  ])("of a %s copies are stored and read", async (_, make) => {
    await using pair = await makePair();
    const bucket = okOf(await pair.one.store.bucket(unique("copy")));
    const value = make("abc");
    const writing = [bucket.put("a", value), bucket.create("b", value)];
    value.fill(0);
    await Promise.all(writing);
    for (const key of ["a", "b"]) {
      okOf(await bucket.get(key))?.value?.fill(1);
      expect(okOf(await bucket.get(key))?.value).toEqual(bytes("abc"));
    }
  });
}

function watchContract(makePair: MakePair): void {
  it("a watcher gets the present entries in order of revision, then every change", async () => {
    await using pair = await makePair();
    const name = unique("watch");
    const one = okOf(await pair.one.store.bucket(name));
    const two = okOf(await pair.two.store.bucket(name));
    for (const key of ["a", "b", "gone", "c"]) await one.put(key, bytes("1"));
    await one.put("a", bytes("2"));
    await one.delete("gone");
    const seen: string[] = [];
    const subscription = okOf(await two.watch((entry) => seen.push(shown(entry))));
    expect(seen).toEqual(["b=1@2", "c=1@4", "a=2@5"]);
    await one.put("d", bytes("1"));
    await one.delete("b");
    await expect.poll(() => seen.slice(3)).toEqual(["d=1@7", "b=-@8"]);
    subscription.close();
    await one.put("e", bytes("1"));
    await one.get("e");
    await two.get("e");
    expect(seen).toHaveLength(5);
  });

  it("a watcher of an empty bucket starts at once", async () => {
    await using pair = await makePair();
    const bucket = okOf(await pair.one.store.bucket(unique("empty")));
    const seen: string[] = [];
    await bucket.watch((entry) => seen.push(shown(entry)));
    await bucket.put("a", bytes("1"));
    await expect.poll(() => seen).toEqual(["a=1@1"]);
  });

  it("a watcher that throws is reported, and goes on", async () => {
    await using pair = await makePair();
    const bucket = okOf(await pair.one.store.bucket(unique("angry")));
    const events = eventsOf(pair.one);
    let calls = 0;
    await bucket.watch(() => {
      calls += 1;
      throw new Error("no");
    });
    await bucket.put("a", bytes("1"));
    await bucket.put("b", bytes("1"));
    await expect.poll(() => calls).toBe(2);
    expect(events.map(({ type }) => type)).toEqual(["error", "error"]);
  });
}

function streamContract(makePair: MakePair): void {
  const limits = { messagesMax: 1_000, bytesMax: 1_000_000 };

  it("a stream keeps what is appended and what is published, in order, and gives it back by range and subject", async () => {
    await using pair = await makePair();
    const name = unique("letters");
    const one = okOf(await pair.one.store.stream(name, { subjects: [`${name}.>`], ...limits }));
    const two = okOf(await pair.two.store.stream(name, { subjects: [`${name}.>`], ...limits }));
    const heard: string[] = [];
    pair.two.subscribe(`${name}.>`, (delivery) => heard.push(textOf(delivery)));
    await pair.two.flush();
    const before = Date.now();
    expect(okOf(await two.read())).toEqual([]);
    expect(okOf(await one.append(`${name}.a`, bytes("1")))).toBe(1);
    pair.two.publish(`${name}.b`, bytes("2"));
    await pair.two.flush();
    expect(okOf(await two.append(`${name}.a`, bytes("3")))).toBe(3);
    const all = okOf(await two.read());
    expect(all.map(({ sequence, subject }) => `${sequence} ${subject}`)).toEqual([
      `1 ${name}.a`,
      `2 ${name}.b`,
      `3 ${name}.a`,
    ]);
    expect(all.map(textOf)).toEqual(["1", "2", "3"]);
    for (const { storedAtMs } of all) expect(Math.abs(storedAtMs - before)).toBeLessThan(60_000);
    expect(okOf(await one.read({ fromSequence: 2 })).map(textOf)).toEqual(["2", "3"]);
    expect(okOf(await one.read({ limit: 2 })).map(textOf)).toEqual(["1", "2"]);
    expect(okOf(await one.read({ subject: `${name}.a` })).map(textOf)).toEqual(["1", "3"]);
    expect(okOf(await one.read({ fromSequence: 4 }))).toEqual([]);
    expect(okOf(await one.count())).toBe(3);
    await expect.poll(() => heard).toEqual(["1", "2", "3"]);
  });

  it("of many who append behind the same entry exactly one does, round after round, also behind one that is gone", async () => {
    await using pair = await makePair();
    const name = unique("behind");
    const options = { subjects: [`${name}.>`], ...limits };
    const streams = [
      okOf(await pair.one.store.stream(name, options)),
      okOf(await pair.two.store.stream(name, options)),
    ];
    const [one] = streams as [(typeof streams)[number]];
    expect(okOf(await one.lastSequence())).toBe(0);
    for (let lastSequence = 0; lastSequence < 12; lastSequence++) {
      const tries = Array.from({ length: 8 }, (_, n) =>
        streams[n % 2]?.append(`${name}.${n}`, bytes(`${lastSequence}/${n}`), { lastSequence }),
      );
      const outcomes = await Promise.all(tries);
      const winners = outcomes.flatMap((outcome) => (outcome?.kind === "ok" ? [outcome.value] : []));
      expect(winners).toEqual([lastSequence + 1]);
      for (const loser of outcomes.filter((outcome) => outcome?.kind !== "ok"))
        expect(loser).toMatchObject(taken);
    }
    expect(okOf(await one.count())).toBe(12);
    for (const lastSequence of [0, 11, 13])
      expect(await one.append(`${name}.a`, bytes("late"), { lastSequence })).toMatchObject(taken);
    okOf(await one.delete(12));
    for (const stream of streams) expect(okOf(await stream.lastSequence())).toBe(12);
    expect(okOf(await one.append(`${name}.a`, bytes("13"), { lastSequence: 12 }))).toBe(13);
    expect(okOf(await one.append(`${name}.a`, bytes("14")))).toBe(14);
  });

  it("an entry can be deleted, and a gap does not hide what is behind it", async () => {
    await using pair = await makePair();
    const name = unique("gaps");
    const stream = okOf(await pair.one.store.stream(name, { subjects: [name], ...limits }));
    for (const text of ["1", "2", "3"]) await stream.append(name, bytes(text));
    expect(await stream.delete(2)).toMatchObject({ kind: "ok" });
    expect(okOf(await stream.count())).toBe(2);
    expect(okOf(await stream.read()).map(textOf)).toEqual(["1", "3"]);
    expect(await stream.delete(2)).toMatchObject({ kind: "rejected", error: { code: "STORE_FAILED" } });
  });

  it("the oldest entries go when there are too many, or too many bytes", async () => {
    await using pair = await makePair();
    const few = unique("few");
    const byCount = okOf(
      await pair.one.store.stream(few, { subjects: [few], messagesMax: 3, bytesMax: 1_000_000 }),
    );
    for (const text of ["1", "2", "3", "4", "5"]) await byCount.append(few, bytes(text));
    expect(okOf(await byCount.read()).map(textOf)).toEqual(["3", "4", "5"]);
    const small = unique("small");
    const byBytes = okOf(
      await pair.one.store.stream(small, { subjects: [small], messagesMax: 1_000, bytesMax: 5_000 }),
    );
    for (let n = 1; n <= 20; n++) await byBytes.append(small, new Uint8Array(1_000));
    const kept = okOf(await byBytes.read());
    expect(kept.at(-1)?.sequence).toBe(20);
    expect(kept).toHaveLength(4);
  });

  it("the oldest entries of one subject go when there are too many on it", async () => {
    await using pair = await makePair();
    const name = unique("each");
    const stream = okOf(
      await pair.one.store.stream(name, { subjects: [`${name}.*`], ...limits, subjectMessagesMax: 2 }),
    );
    await stream.append(`${name}.other`, bytes("0"));
    for (const text of ["1", "2", "3", "4"]) await stream.append(`${name}.one`, bytes(text));
    await stream.append(`${name}.other`, bytes("5"));
    expect(okOf(await stream.read()).map(textOf)).toEqual(["0", "3", "4", "5"]);
  });

  it("more entries than one answer holds are read in order", async () => {
    await using pair = await makePair();
    const name = unique("many");
    const stream = okOf(await pair.one.store.stream(name, { subjects: [name], ...limits }));
    await Promise.all(Array.from({ length: 700 }, (_, n) => stream.append(name, bytes(String(n)))));
    const all = okOf(await stream.read());
    expect(all.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 700 }, (_, n) => n + 1));
  });

  it("a stream over other subjects than the one that exists is refused, as is an append it does not take", async () => {
    await using pair = await makePair();
    const name = unique("subjects");
    const stream = okOf(await pair.one.store.stream(name, { subjects: [name], ...limits }));
    const failed = { kind: "rejected", error: { code: "STORE_FAILED" } };
    expect(await pair.two.store.stream(name, { subjects: [`${name}.x`], ...limits })).toMatchObject(failed);
    expect(await stream.append(`${name}.other`, bytes("1"))).toMatchObject(failed);
    expect(
      await pair.two.store.stream(unique("zero"), {
        subjects: [unique("zero")],
        messagesMax: 0,
        bytesMax: 1,
      }),
    ).toMatchObject({ kind: "rejected", error: { code: "OPTION_INVALID" } });
  });

  it("an appended payload above the limit is refused", async () => {
    await using pair = await makePair();
    const name = unique("big");
    const stream = okOf(await pair.one.store.stream(name, { subjects: [name], ...limits }));
    expect(await stream.append(name, new Uint8Array(pair.one.payloadMaxBytes + 1))).toMatchObject({
      kind: "rejected",
      error: { code: "PAYLOAD_TOO_LARGE" },
    });
  });
}
