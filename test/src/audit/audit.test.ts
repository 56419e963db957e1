import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Audit, auditStream } from "../../../src/audit/index.ts";
import { verifyStream } from "../../../src/audit/verify.ts";
import { createSystem } from "../../../src/index.ts";
import { createMemoryHub } from "../../../src/transport/memory.ts";
import { connectNats } from "../../../src/transport/nats.ts";
import { rejected, unknown, valueOrThrow } from "../../../src/transport/outcomes.ts";
import type { Stream, StreamEntry, Transport } from "../../../src/transport/transport.ts";
import { eachServerVersion, testServer } from "../../support/nats-server.ts";
import { simulatedEnv } from "../../support/simulated-env.ts";
import { rejection } from "../../support/systems.ts";

const note = (id: string, more: object = {}) => ({
  id,
  kind: "decided",
  subject: "delegation.d-1",
  inputs: { of: id },
  outcome: { ok: true },
  ...more,
});

async function open(transport: Pick<Transport, "store">, limits?: { recordsMax: number; bytesMax: number }) {
  const { name, options } = auditStream("test", limits);
  return valueOrThrow(await transport.store.stream(name, options));
}

const auditOn = (stream: Stream, zone = "main") =>
  new Audit({ system: "test", zone, env: simulatedEnv({ seed: 5 }), stream });

async function memoryAudit(limits?: { recordsMax: number; bytesMax: number }) {
  const stream = await open(createMemoryHub().connect(), limits);
  return { stream, audit: auditOn(stream) };
}

async function all(audit: Audit, options: Parameters<Audit["read"]>[0] = {}): Promise<string[]> {
  const ids: string[] = [];
  for await (const { sequence, record } of audit.read(options)) ids.push(`${sequence} ${record.id}`);
  return ids;
}

describe("row 12: the audit", () => {
  test("keeps each note with who noted it, when, where and under which rules, and gives them back, all or about one subject", async () => {
    const { audit } = await memoryAudit();
    const rules = { version: 3, hash: "abc" };
    await audit.append(note("a", { rules, inputs: { n: 1, none: undefined } }), "desk.one");
    await audit.append(note("b", { subject: "two words", outcome: undefined }));
    await audit.append(note("c", { kind: "ended" }));
    expect(await all(audit)).toEqual(["1 a", "2 b", "3 c"]);
    expect(await all(audit, { about: "delegation.d-1" })).toEqual(["1 a", "3 c"]);
    expect(await all(audit, { about: "two words" })).toEqual(["2 b"]);
    expect(await all(audit, { about: "nobody" })).toEqual([]);
    expect(await all(audit, { fromSequence: 3 })).toEqual(["3 c"]);
    const { value } = await audit.read().next();
    expect(value.record).toMatchObject({
      ...{ id: "a", number: 1, actor: "desk.one", zone: "main", kind: "decided", subject: "delegation.d-1" },
      ...{ rules, inputs: { n: 1 }, outcome: { ok: true }, previous: "" },
    });
    expect(await audit.verify()).toMatchObject({ ok: true, from: 1, to: 3, records: 3, findings: [] });
  });

  test("row 53: keeps no payload, result, token or secret, however deep", async () => {
    const { audit, stream } = await memoryAudit();
    const inputs = { task: { type: "pay", payload: "canary" }, list: [{ password: "canary", tokens: 5 }] };
    await audit.append(note("a", { inputs, outcome: { result: "canary", status: "done" } }));
    const [entry] = valueOrThrow(await stream.read());
    expect(Buffer.from(entry?.payload ?? []).toString()).not.toContain("canary");
    const { value } = await audit.read().next();
    expect(value.record.inputs.list).toEqual([{ password: "[withheld]", tokens: 5 }]);
    expect(value.record.outcome).toEqual({ result: "[withheld]", status: "done" });
  });

  test("refuses what is no note, and what is too large", async () => {
    const { audit } = await memoryAudit();
    const cyclic: { self?: unknown } = {};
    cyclic.self = cyclic;
    for (const inputs of [1n, cyclic])
      expect(await rejection(audit.append(note("a", { inputs })))).toMatchObject({ code: "MESSAGE_INVALID" });
    for (const wrong of [note(""), note("a", { kind: "two words" })])
      expect(await rejection(audit.append(wrong))).toMatchObject({ code: "MESSAGE_INVALID" });
    const large = note("a", { inputs: "x".repeat(65_536) });
    expect(await rejection(audit.append(large))).toMatchObject({ code: "PAYLOAD_TOO_LARGE" });
    await audit.append(note("b"));
    expect(await all(audit)).toEqual(["1 b"]);
  });

  test("of what is told twice under one id keeps one, or counts one", async () => {
    const { audit, stream } = await memoryAudit();
    const first = await audit.append(note("a"));
    expect(await audit.append(note("a"))).toEqual(first);
    // Whoever has just come up does not know what was written long ago.
    const other = auditOn(stream);
    await other.append(note("b"));
    await other.append(note("a"));
    expect(valueOrThrow(await stream.count())).toBe(3);
    expect(await all(other)).toEqual(["1 a", "2 b"]);
    expect(await audit.verify()).toMatchObject({ ok: true, records: 3 });
  });

  test("says once what it was not told the fate of, whether it was stored or not", async () => {
    const { stream } = await memoryAudit();
    const fates: ("stored" | "lost" | "ok")[] = [];
    const away = unknown("STORE_FAILED", "no answer");
    const unsure: Stream = Object.assign(Object.create(stream), {
      append: async (...entry: Parameters<Stream["append"]>) => {
        const fate = fates.shift() ?? "ok";
        if (fate === "lost") return away;
        const appended = await stream.append(...entry);
        return fate === "stored" ? away : appended;
      },
    });
    for (const name of ["read", "lastSequence", "count"] as const)
      Object.assign(unsure, { [name]: stream[name].bind(stream) });
    const audit = auditOn(unsure);
    fates.push("stored", "lost");
    for (const id of ["a", "b", "c"]) await audit.append(note(id));
    expect(await all(audit)).toEqual(["1 a", "2 b", "3 c"]);
    fates.push("lost", "lost", "lost");
    expect(await rejection(audit.append(note("d")))).toMatchObject({ code: "STORE_FAILED" });
    await audit.append(note("d"));
    expect(await all(audit)).toEqual(["1 a", "2 b", "3 c", "4 d"]);
    expect(await audit.verify()).toMatchObject({ ok: true, records: 4 });
  });

  test("a store that is full is said, and nothing is kept of it", async () => {
    const { stream } = await memoryAudit();
    const full = Object.assign(Object.create(stream), {
      read: stream.read.bind(stream),
      lastSequence: stream.lastSequence.bind(stream),
      append: async () => rejected("STORE_FULL", "full"),
    });
    expect(await rejection(auditOn(full).append(note("a")))).toMatchObject({ code: "STORE_FULL" });
  });

  test("where the oldest have gone by the limits, what is left holds together, and says where it begins", async () => {
    const { audit } = await memoryAudit({ recordsMax: 5, bytesMax: 1_000_000 });
    for (let n = 1; n <= 12; n++) await audit.append(note(`n${n}`));
    expect(await audit.verify()).toMatchObject({ ok: true, from: 8, to: 12, records: 5, findings: [] });
    expect(await all(audit)).toEqual(["8 n8", "9 n9", "10 n10", "11 n11", "12 n12"]);
  });
});

test("row 53: a system keeps as much of its audit as it is told to, and withholds what it is told to", async () => {
  const transport = createMemoryHub().connect();
  const audit = { recordsMax: 3, withheld: ["salary"] };
  await using system = await createSystem({ name: "test", transport, audit });
  for (let n = 1; n <= 5; n++)
    await system.audit.append(note(`n${n}`, { inputs: { salary: "canary", payload: 1 } }));
  expect(await system.audit.verify()).toMatchObject({ ok: true, from: 3, to: 5 });
  const { value } = await system.audit.read().next();
  expect(value.record.inputs).toEqual({ salary: "[withheld]", payload: 1 });
  for (const wrong of [{ recordsMax: 0 }, { bytesMax: 1.5 }])
    expect(await rejection(createSystem({ name: "test", transport, audit: wrong }))).toMatchObject({
      code: "OPTION_INVALID",
    });
});

/** Streams that hold what another held, tampered with. `null`: an entry that is gone. */
async function rewritten(
  entries: readonly (Pick<StreamEntry, "subject" | "payload"> | null)[],
): Promise<Stream> {
  const stream = await open(createMemoryHub().connect());
  for (const entry of entries) {
    const filler = { subject: "cx.test.audit.main.decided.gone", payload: new Uint8Array(1) };
    const { subject, payload } = entry ?? filler;
    const sequence = valueOrThrow(await stream.append(subject, payload));
    if (entry === null) await stream.delete(sequence);
  }
  return stream;
}

async function written(count: number): Promise<StreamEntry[]> {
  const { audit, stream } = await memoryAudit();
  for (let n = 1; n <= count; n++) await audit.append(note(`n${n}`, { outcome: { ok: n % 3 !== 0 } }));
  return [...valueOrThrow(await stream.read())];
}

const changed = (entry: StreamEntry, to: (text: string) => string): StreamEntry => ({
  ...entry,
  payload: Buffer.from(to(Buffer.from(entry.payload).toString())),
});
const findingsOf = async (
  entries: Parameters<typeof rewritten>[0],
  anchor?: { sequence: number; hash: string },
) =>
  (await verifyStream(await rewritten(entries), anchor)).findings.map(
    ({ sequence, what }) => `${sequence} ${what}`,
  );

describe("row 53: tampering with the audit is found", () => {
  test("one byte that was changed anywhere in any record is found, and where", async () => {
    const entries = await written(6);
    await fc.assert(
      fc.asyncProperty(fc.nat(5), fc.nat(10_000), fc.integer({ min: 1, max: 255 }), async (at, where, by) => {
        const entry = entries[at] as StreamEntry;
        const payload = new Uint8Array(entry.payload);
        const byte = where % payload.length;
        payload[byte] = (payload[byte] as number) ^ by;
        const findings = await findingsOf(entries.with(at, { ...entry, payload }));
        expect(findings.length).toBeGreaterThan(0);
        expect([`${at + 1}`, `${at + 2}`]).toContain(findings[0]?.split(" ")[0]);
      }),
      { numRuns: 300 },
    );
  });

  test("an outcome that was changed is found; one sealed anew is found at the one behind it", async () => {
    const entries = await written(5);
    const forged = changed(entries[2] as StreamEntry, (text) => text.replace('"ok":false', '"ok":true'));
    expect(await findingsOf(entries.with(2, forged))).toEqual(["3 changed"]);
    const { sealed, opened } = await import("../../../src/audit/sealed-record.ts");
    const { hash, ...record } = opened(forged.payload) as NonNullable<ReturnType<typeof opened>>;
    const anew = { ...forged, payload: sealed(record).payload };
    expect(await findingsOf(entries.with(2, anew))).toEqual(["4 broken"]);
  });

  test("what was removed is found: from the middle, at the end, and all but an anchor", async () => {
    const entries = await written(5);
    expect(await findingsOf(entries.with(1, null as never))).toEqual(["2 removed"]);
    expect(await findingsOf([...entries.slice(0, 3), null, null])).toEqual(["4 removed"]);
    const { head } = await verifyStream(await rewritten(entries));
    expect(head.sequence).toBe(5);
    expect(await findingsOf(entries, head)).toEqual([]);
    expect(await findingsOf(entries.slice(0, 3), head)).toEqual(["4 removed"]);
    expect(await findingsOf([], head)).toEqual(["1 removed"]);
    expect(await findingsOf(await written(6), { ...head, hash: "0" })).toEqual(["5 changed"]);
  });

  test("what was reordered, put in between or put behind is found", async () => {
    const entries = await written(5);
    const [a, b, c, d, e] = entries as [StreamEntry, StreamEntry, StreamEntry, StreamEntry, StreamEntry];
    expect(await findingsOf([a, c, b, d, e])).toEqual(["2 moved", "3 moved"]);
    expect(await findingsOf([a, b, b, c, d, e])).toContain("3 moved");
    const foreign = { subject: a.subject, payload: Buffer.from('{"ok":true}') };
    expect(await findingsOf([...entries, foreign])).toEqual(["6 foreign"]);
    expect(await findingsOf(entries.with(4, { ...e, subject: e.subject.replace("main", "guests") }))).toEqual(
      ["5 foreign"],
    );
  });

  test("a gap at the end stays one when it was written on, and what follows holds together", async () => {
    const { audit, stream } = await memoryAudit();
    for (const id of ["a", "b", "c"]) await audit.append(note(id));
    await stream.delete(3);
    await audit.append(note("d"));
    await auditOn(stream).append(note("e"));
    await stream.delete(5);
    await auditOn(stream).append(note("f"));
    await audit.append(note("g"));
    const { findings, to } = await audit.verify();
    expect(findings.map(({ sequence, what }) => `${sequence} ${what}`)).toEqual(["3 removed", "5 removed"]);
    expect(to).toBe(7);
  });
});

describe.each(eachServerVersion)("row 12: on nats-server %s", (version) => {
  test("records that several nodes write at once are one chain, each there once", async () => {
    await using server = await testServer({ version });
    const transports = await Promise.all(
      Array.from({ length: 4 }, (_, n) => connectNats({ name: `w${n}`, servers: server.url })),
    );
    try {
      const audits = await Promise.all(transports.map(async (transport) => auditOn(await open(transport))));
      await Promise.all(
        audits.flatMap((audit, w) => Array.from({ length: 25 }, (_, n) => audit.append(note(`w${w}n${n}`)))),
      );
      const [audit] = audits as [Audit];
      expect(await audit.verify()).toMatchObject({ ok: true, from: 1, to: 100, records: 100 });
      const ids = (await all(audit)).map((text) => text.split(" ")[1]);
      expect(new Set(ids).size).toBe(100);
      for (let w = 0; w < 4; w++)
        expect(ids.filter((id) => id?.startsWith(`w${w}`))).toEqual(
          Array.from({ length: 25 }, (_, n) => `w${w}n${n}`),
        );
    } finally {
      await Promise.all(transports.map((transport) => transport.close()));
    }
  });
});
