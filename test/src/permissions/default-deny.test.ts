import { connect } from "nats";
import { describe, expect, test, vi } from "vitest";
import type { CoxswainError } from "../../../protocols/index.ts";
import { createSystem } from "../../../src/index.ts";
import { counter } from "../../support/counter.ts";
import { eachServerVersion, testServer } from "../../support/nats-server.ts";
import { attempts, named, refusals, refusedOf, users } from "./attempts.ts";
import { actors, configOf, connectionOf, harbour, hostingBooks, openHarbour } from "./harbour.ts";

vi.setConfig({ testTimeout: 20_000 });

describe.each(eachServerVersion)("C1 F107 a server %s with generated permissions", (version) => {
  test("refuses each user every subject of every other one, on a connection that stays up, and none of its own", async () => {
    await using place = await openHarbour(version);
    for (const user of users) {
      const client = await place.client(user);
      const refused = await refusals(client, attempts);
      const forbidden = attempts.filter(({ by }) => !by.includes(user)).map(named);
      expect({ user, refused }).toEqual({ user, refused: forbidden });
      expect(attempts.length - forbidden.length, `what ${user} may`).toBeGreaterThan(0);
    }
  });

  test("C1 what a node is refused is reported with its subject, and its connection stays up", async () => {
    await using place = await openHarbour(version);
    const loft = await place.node("loft");
    const yard = await place.node("yard", hostingBooks);
    await yard.spawn("crew", actors.crew);
    loft.ref("crew", counter).tell({ type: "add", by: 1 });
    using _listening = loft.ref("crew", counter).on("added", () => {});
    await expect
      .poll(() => place.reports.map(({ error }) => (error as CoxswainError).details))
      .toEqual([
        { operation: "publish", subject: "cx.harbour.in.loft.crew" },
        { operation: "subscription", subject: "cx.harbour.ev.crew.added" },
      ]);
    expect(place.reports).toMatchObject(
      Array.from({ length: 2 }, () => ({
        node: "loft",
        level: "error",
        error: { code: "PERMISSION_DENIED" },
      })),
    );
    const attic = await loft.spawn("attic.counter", actors.crew);
    expect(await attic.ask({ type: "read" })).toEqual({ count: 0 });
    expect(await yard.ref("crew", counter).ask({ type: "read" })).toEqual({ count: 0 });
  });

  test("C1 F95 a message cannot be sent from another's zone, and a store that is asked to deliver it cannot be made to", async () => {
    await using place = await openHarbour(version);
    const yard = await place.node("yard");
    const crew = await yard.spawn("crew", actors.crew);
    const loft = await place.client("loft");
    const forged = { type: "add", to: "crew", body: { by: 1_000 } };
    const subject = "cx.harbour.in.desk.crew";
    const refused = await refusedOf(loft, () => loft.publish(subject, JSON.stringify(forged)));
    expect(refused).toEqual([`publish ${subject}`]);
    // A consumer may be told to deliver anywhere, once somebody listens there without wildcards: what it delivers keeps the subject under
    // which it was stored.
    const seen: string[] = [];
    const operator = await place.client("operator");
    operator.subscribe(subject, { callback: (_, message) => void seen.push(message.subject) });
    await operator.flush();
    const stored = await loft.request("$KV.cx_harbour.node.loft", JSON.stringify(forged));
    expect(stored.json()).toMatchObject({ stream: "KV_cx_harbour" });
    const config = {
      deliver_subject: subject,
      ack_policy: "none",
      filter_subject: "$KV.cx_harbour.node.loft",
    };
    const made = await loft.request(
      "$JS.API.CONSUMER.CREATE.KV_cx_harbour",
      JSON.stringify({ stream_name: "KV_cx_harbour", config }),
    );
    expect(made.json()).not.toHaveProperty("error");
    await expect.poll(() => seen).toEqual(["$KV.cx_harbour.node.loft"]);
    await expect.poll(() => yard.counts.dead).toBe(1);
    expect(await crew.ask({ type: "read" })).toEqual({ count: 0 });
  });

  test("C2 whoever shows nothing, or a wrong password, is refused; another account sees nothing and cannot be purged", async () => {
    await using place = await openHarbour(version);
    const { url } = place.server;
    await expect(connect({ servers: url })).rejects.toMatchObject({ code: "AUTHORIZATION_VIOLATION" });
    await expect(connect({ servers: url, user: "harbour.desk", pass: "wrong" })).rejects.toMatchObject({
      code: "AUTHORIZATION_VIOLATION",
    });
    const other = await place.client("other", "other");
    const heard: string[] = [];
    other.subscribe(">", { callback: (_, { subject }) => void heard.push(subject) });
    await other.flush();
    const js = other.jetstream();
    await (await other.jetstreamManager()).streams.add({ name: "THEIRS", subjects: ["theirs"] });
    await js.publish("theirs", "kept");
    const desk = await place.node("desk");
    await desk.spawn("desk", actors.desk);
    for (const user of ["harbour.desk", "harbour.operator"]) {
      const client = await place.client(user.slice("harbour.".length), user);
      const purge = "$JS.API.ACCOUNT.PURGE.OTHER";
      expect(await refusedOf(client, () => client.publish(purge))).toEqual([`publish ${purge}`]);
    }
    const { state } = await (await other.jetstreamManager()).streams.info("THEIRS");
    expect(state.messages).toBe(1);
    expect(heard.filter((subject) => subject.startsWith("cx."))).toEqual([]);
  });

  test("C4 a node cannot make what the system keeps: it says what is missing, and stays out", async () => {
    await using server = await testServer({ version, config: configOf(harbour) });
    const joining = createSystem({
      name: "harbour",
      node: "desk",
      zone: "desk",
      servers: server.url,
      connection: connectionOf(harbour, "desk"),
      onReport: () => {},
    });
    await expect(joining).rejects.toMatchObject({
      code: "PERMISSION_DENIED",
      message: expect.stringContaining("$JS.API.STREAM.CREATE."),
    });
  });
});
