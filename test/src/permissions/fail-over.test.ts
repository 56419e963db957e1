import { expect, test, vi } from "vitest";
import type { CoxswainError } from "../../../protocols/index.ts";
import type { SystemPlan } from "../../../src/permissions/index.ts";
import { connectNats } from "../../../src/transport/nats.ts";
import { counter } from "../../support/counter.ts";
import { eachServerVersion } from "../../support/nats-server.ts";
import { book } from "./actors.ts";
import { actors, connectionOf, hostingBooks, openHarbour } from "./harbour.ts";

vi.setConfig({ testTimeout: 60_000 });

/** Two nodes of different zones may hold the same books, and the same name. */
const plan: SystemPlan = {
  system: "twins",
  nodes: {
    east: { hosts: { book: actors.book, crew: "volatile" } },
    west: { hosts: { book: actors.book, crew: "volatile" } },
    desk: { sends: ["book", "crew"] },
    loft: {},
  },
};

test.each(eachServerVersion)(
  "C1 on server %s durable agents, and names, of a node that dies go on elsewhere with the permissions that are generated",
  async (version) => {
    await using place = await openHarbour(version, plan);
    const line = await connectNats({ servers: place.server.url, ...connectionOf(plan, "east") });
    const east = await place.node("east", { ...hostingBooks, transport: line, onReport: () => {} });
    await east.spawn("crew", actors.crew, { role: { authority: "DATA_PROCESSOR" } });
    const desk = await place.node("desk");
    const loft = await place.node("loft");
    const books = Array.from({ length: 20 }, (_, n) => desk.ref(`book.b-${n}`, book));
    for (const each of books) each.tell({ type: "add", by: 3 });
    for (const each of books) expect(await each.ask({ type: "read" })).toEqual({ sum: 3 });
    const west = await place.node("west", hostingBooks);
    await expect.poll(() => loft.nodes.length).toBe(4);
    // Its process is gone without a word.
    await line.close();
    await expect
      .poll(() => west.spawn("crew", actors.crew).catch(() => undefined), { timeout: 15_000 })
      .toBeDefined();
    // What is asked before this node has heard who has the name now may have gone to the former one, for all it knows.
    const read = () => desk.ref("crew", counter).ask({ type: "read" }).catch(String);
    await expect.poll(read, { timeout: 15_000 }).toEqual({ count: 0 });
    for (const each of books)
      expect(await each.ask({ type: "read" }, { withinMs: 20_000 })).toEqual({ sum: 3 });
    await expect.poll(() => west.agents.length).toBe(20);
    await expect.poll(() => loft.roster).toEqual([]);
    const told = (): string[] =>
      place.reports
        .filter(({ error }) => (error as CoxswainError)?.code === "PERMISSION_DENIED")
        .map(({ node, error }) => `${node} ${(error as CoxswainError).details.subject}`);
    // What a node may not do it does without, and says so once: take another one for dead in the name of all, and ask it whether it lives.
    const role = "$KV.cx_twins.role.east.crew";
    const roles = ["desk", "loft", "west"].map((node) => `${node} ${role}`);
    await expect.poll(() => roles.every((each) => told().includes(each)), { timeout: 15_000 }).toBe(true);
    const borne = [...roles, "west cx.twins.in.west.node-east"];
    for (const node of ["desk", "loft"]) borne.push(`${node} $KV.cx_twins.node.east`);
    expect(told().filter((each) => !borne.includes(each))).toEqual([]);
    expect(
      told()
        .filter((each) => each.endsWith(role))
        .sort(),
    ).toEqual(roles);
  },
);
