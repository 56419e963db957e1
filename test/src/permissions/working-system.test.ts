import { JSONCodec } from "nats";
import { describe, expect, test, vi } from "vitest";
import { connectClient } from "../../../src/client.ts";
import { counter } from "../../support/counter.ts";
import { eachServerVersion } from "../../support/nats-server.ts";
import { rejection } from "../../support/systems.ts";
import { book, teller } from "./actors.ts";
import { actors, connectionOf, harbour, hostingBills, hostingBooks, openHarbour } from "./harbour.ts";

vi.setConfig({ testTimeout: 60_000 });

describe.each(eachServerVersion)("with generated permissions on server %s", (version) => {
  test("nodes of different zones work together, volatile and durable, and no server refuses them anything", async () => {
    await using place = await openHarbour(version);
    const desk = await place.node("desk");
    const yard = await place.node("yard", hostingBooks);
    await place.node("pier", hostingBills);
    const loft = await place.node("loft");
    await yard.spawn("crew", actors.crew);
    await loft.spawn("attic.box", actors.crew, { role: { authority: "DATA_PROCESSOR" } });
    await expect
      .poll(() => desk.roster.map(({ address, node }) => [address, node]))
      .toEqual([["attic.box", "loft"]]);
    await loft.group("oars", counter).join("attic.box");
    const oars = desk.group("oars", counter);
    oars.tellAll({ type: "add", by: 4 });
    expect(await oars.askOne({ type: "read" })).toEqual({ count: 4 });
    expect((await oars.members()).map(({ address }) => address)).toEqual(["attic.box"]);
    const note = { kind: "decided", subject: "d-1", inputs: {}, outcome: "yes" };
    for (const id of ["n-1", "n-2"]) await desk.audit.append({ id, ...note });
    await desk.spawn("teller", actors.teller);
    const crew = desk.ref("crew", counter);
    const counts: number[] = [];
    using _counts = crew.on("added", ({ count }) => void counts.push(count));
    for (let i = 0; i < 100; i++) crew.tell({ type: "add", by: 1 });
    expect(await crew.ask({ type: "read" })).toEqual({ count: 100 });
    expect(await desk.ref("teller", teller).ask({ type: "count", of: "crew" })).toEqual({ count: 100 });
    await expect.poll(() => counts.length).toBe(100);

    const account = desk.ref("book.b-1", book);
    const sums: number[] = [];
    using _sums = account.on("added", ({ sum }) => void sums.push(sum));
    for (let i = 0; i < 50; i++) account.tell({ type: "add", by: 2 });
    expect(await account.ask({ type: "read" })).toEqual({ sum: 100 });
    account.tell({ type: "pass", to: "bill.x-1", by: 7 });
    await expect.poll(() => account.ask({ type: "readOther", of: "bill.x-1" })).toEqual({ sum: 7 });
    await expect.poll(() => sums.at(-1)).toBe(100);
    const client = await place.client("web");
    const json = JSONCodec<Record<string, unknown>>();
    const answer = await client.request("cx.harbour.in.web.crew", json.encode({ type: "read", body: {} }));
    expect(json.decode(answer.data)).toMatchObject({ body: { count: 100 } });
    const durable = await client.request(
      "cx.harbour.in.web.book.b-1",
      json.encode({ type: "read", body: {} }),
    );
    expect(json.decode(durable.data)).toMatchObject({ body: { sum: 100 } });

    expect(await crew.stop("for today")).toMatchObject({ kind: "stopped", reason: "for today" });
    expect(await rejection(crew.ask({ type: "read" }))).toMatchObject({ code: "UNREACHABLE" });
    crew.tell({ type: "add", by: 1 });
    await expect.poll(() => desk.counts.dead).toBeGreaterThan(0);

    await using operator = await connectClient({
      system: "harbour",
      servers: place.server.url,
      zone: "operator",
      ...connectionOf(harbour, "operator"),
      onReport: (report) => void place.reports.push({ node: "operator", ...report }),
    });
    await expect
      .poll(async () => (await operator.nodes()).map(({ node }) => node).sort())
      .toEqual(["desk", "loft", "pier", "yard"]);
    await expect
      .poll(async () => (await operator.deadLetters.list()).map(({ to, code }) => [to, code]))
      .toEqual([["crew", "UNREACHABLE"]]);
    expect(place.reports).toEqual([]);
  });
});
