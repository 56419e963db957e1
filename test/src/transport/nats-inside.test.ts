import { connect } from "nats";
import { expect, test } from "vitest";
import { realEnv } from "../../../src/env/env.ts";
import { NatsDeliveries } from "../../../src/transport/nats-delivery.ts";
import { NatsLink } from "../../../src/transport/nats-link.ts";
import { quickenParser } from "../../../src/transport/nats-parser.ts";
import { NatsWriter } from "../../../src/transport/nats-writer.ts";
import type { Delivery } from "../../../src/transport/transport.ts";
import { testServer } from "../../support/nats-server.ts";

test("the client's inside is where the fast ways in and out expect it; an upgrade must pass this", async () => {
  await using server = await testServer();
  const nc = await connect({ servers: server.url, reconnect: false });
  try {
    const writer = new NatsWriter(nc, realEnv);
    expect(writer.direct).toBe(true);
    expect(quickenParser(nc)).toBe(true);
    const deliveries = new NatsDeliveries();
    const got: Delivery[] = [];
    const said: (string | undefined)[] = [];
    nc.subscribe("in.>", {
      callback: (_error, msg) => {
        const own = (msg as unknown as { _msg: object | undefined })._msg;
        said.push(own === undefined ? undefined : Object.keys(own).join());
        got.push(deliveries.of(msg));
      },
    });
    await nc.flush();
    writer.publish("in.a", new TextEncoder().encode("one"), "cx.s.re.z.n.a1");
    writer.publish("in.a", new TextEncoder().encode("two"), "cx.s.re.z.n.t2");
    writer.publish("in.a", new Uint8Array(0), undefined);
    writer.flush();
    await nc.flush();
    expect(said).toEqual(Array(3).fill("subject,sid,reply,size,hdr"));
    expect(got.map(({ subject, reply, payload }) => [subject, reply, String(payload)])).toEqual([
      ["in.a", "cx.s.re.z.n.a1", "one"],
      ["in.a", undefined, "two"],
      ["in.a", undefined, ""],
    ]);
  } finally {
    await nc.close();
  }
});

test("an answer leaves when what was read has been worked through, without a turn of the event loop", async () => {
  await using server = await testServer();
  const asked = await connect({ servers: server.url, reconnect: false });
  const asker = await connect({ servers: server.url, reconnect: false });
  try {
    const never = (): void => {};
    const link = new NatsLink(asked, { env: { ...realEnv, soon: never } } as never, false);
    asked.subscribe("in", {
      callback: (_error, { reply }) =>
        void Promise.resolve().then(() => link.publish(String(reply), new Uint8Array([7]), undefined)),
    });
    await asked.flush();
    const { data } = await asker.request("in", undefined, { timeout: 10_000 });
    expect([...data]).toEqual([7]);
  } finally {
    await asker.close();
    await asked.close();
  }
});

test("a delivery is the same from a client whose inside has moved, but for a reply nobody waits for", () => {
  const deliveries = new NatsDeliveries();
  const data = new Uint8Array([1]);
  expect(deliveries.of({ subject: "a.ß", reply: "re.1", data } as never)).toEqual({
    subject: "a.ß",
    reply: "re.1",
    payload: data,
  });
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  for (const subject of ["a.ß", "a.Ã\u009f", "a.b", "a.b", "a.c", "a.b"]) {
    const msg = { _msg: { subject: bytes(subject), reply: bytes("") }, data };
    expect(deliveries.of(msg as never)).toEqual({ subject, reply: undefined, payload: data });
  }
});
