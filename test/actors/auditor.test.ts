import { expect, test } from "vitest";
import { z } from "zod";
import { auditorActor, auditorAddress } from "../../actors/index.ts";
import { auditor, defineProtocol } from "../../protocols/index.ts";
import { type ActorSystem, defineActor } from "../../src/index.ts";
import { rejected } from "../../src/transport/outcomes.ts";
import type { Stream, Transport } from "../../src/transport/transport.ts";
import { durableCluster } from "../src/durable/durable-cluster.ts";

const note = (id: string, more: object = {}) =>
  ({ type: "note", id, kind: "ended", subject: "d-1", inputs: { n: id }, outcome: {}, ...more }) as const;

/** A durable agent that notes what it is told to, in the turn in which it is told so. */
const desk = defineProtocol({ name: "desk", accepts: { decide: z.object({ ids: z.array(z.string()) }) } });
const deskActor = defineActor({
  protocol: desk,
  durability: "durable",
  initial: () => 0,
  receive: (decided, { ids }, turn) => {
    for (const id of ids) turn.tell(auditor, auditorAddress, note(id));
    return decided + ids.length;
  },
});
const actors = { auditor: auditorActor, desk: deskActor };

async function kept(system: ActorSystem): Promise<string[]> {
  const found: string[] = [];
  for await (const { record } of system.audit.read()) found.push(`${record.id} by ${record.by}`);
  return found;
}

/** Its streams of the audit take nothing as long as `away` says so. */
function auditless(transport: Transport, away: () => boolean): Transport {
  const store = {
    ...transport.store,
    stream: async (...given: Parameters<Transport["store"]["stream"]>) => {
      const opened = await transport.store.stream(...given);
      if (opened.kind !== "ok" || given[0] !== "cx_test_audit") return opened;
      const append: Stream["append"] = async (...entry) =>
        away() ? rejected("STORE_FULL", "no room") : opened.value.append(...entry);
      return { ...opened, value: { ...opened.value, append } };
    },
  };
  return new Proxy(transport, {
    get: (target, name) => {
      if (name === "store") return store;
      const value = Reflect.get(target, name) as unknown;
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

test("C23: what a durable agent notes in its turns is kept once and in order, though the node that keeps it is killed in the middle", async () => {
  await using cluster = durableCluster();
  const nodes = [await cluster.join("a", actors), await cluster.join("b", actors)] as const;
  const ids = Array.from({ length: 12 }, (_, n) => `n${n}`);
  nodes[0].system.ref("desk.one", desk).tell({ type: "decide", ids });
  await cluster.until(() => nodes.some(({ system }) => system.agents.includes(auditorAddress)));
  await cluster.pass(10);
  const [host, other] = nodes[0].system.agents.includes(auditorAddress) ? nodes : [nodes[1], nodes[0]];
  host.kill();
  await cluster.pass(20_000);
  expect(await cluster.settled(kept(other.system))).toEqual(ids.map((id) => `${id} by desk.one`));
  expect(await cluster.settled(other.system.audit.verify())).toMatchObject({ ok: true });
});

test("C23: a note that the store has no room for is kept when it has, and those behind it after it", async () => {
  let away = true;
  await using cluster = durableCluster({ wrap: (transport) => auditless(transport, () => away) });
  const { system } = await cluster.join("a", actors);
  system.ref("desk.one", desk).tell({ type: "decide", ids: ["a", "b"] });
  await cluster.pass(120_000);
  expect(await cluster.settled(kept(system))).toEqual([]);
  away = false;
  await cluster.pass(60_000);
  expect(await cluster.settled(kept(system))).toEqual(["a by desk.one", "b by desk.one"]);
});

test("a note that can never be kept is said, and holds up no other", async () => {
  await using cluster = durableCluster();
  const { system } = await cluster.join("a", actors);
  const ref = system.ref(auditorAddress, auditor);
  const unkept: string[] = [];
  using _listening = ref.on("unkept", ({ id, reason }) => void unkept.push(`${id}: ${reason}`));
  ref.tell(note("large", { inputs: "x".repeat(70_000) }));
  ref.tell(note("small"));
  await cluster.pass(30_000);
  expect(await cluster.settled(kept(system))).toEqual(["small by undefined"]);
  expect(unkept).toEqual([expect.stringMatching(/^large: Expected at most 65536 bytes/)]);
});
