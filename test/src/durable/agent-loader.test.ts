import { expect, test } from "vitest";
import { z } from "zod";
import { durability } from "../../../machines/index.ts";
import { actorAddress, defineProtocol } from "../../../protocols/index.ts";
import { AgentLoader } from "../../../src/durable/agent-loader.ts";
import { type AgentRecord, blankState } from "../../../src/durable/agent-record.ts";
import type { DurableDefinition } from "../../../src/durable/durability.ts";
import { createMemoryHub, defineActor } from "../../../src/index.ts";
import { valueOrThrow } from "../../../src/transport/outcomes.ts";

test("a record that was migrated is of the new version: whoever takes it over next does not migrate it again", async () => {
  const purse = defineActor({
    protocol: defineProtocol({ name: "purse", accepts: { put: z.object({}) } }),
    initial: () => ({ cents: 0 }),
    receive: (state) => state,
    durability: {
      version: 2,
      migrations: { 2: ({ cents }: { cents: number }) => ({ cents: cents * 100 }) },
    },
  });
  const { store } = createMemoryHub().connect();
  const bucket = valueOrThrow(await store.bucket("hosts"));
  const loader = new AgentLoader("purse", purse as unknown as DurableDefinition, bucket);
  const state = { ...blankState, version: 1, fingerprint: "reducer", snapshot: { data: { cents: 3 } } };
  const record = durability.unborn(state, 0) as AgentRecord;
  const once = await loader.load(record, actorAddress("purse.one"), 1_000);
  if (!("record" in once)) throw new Error(once.reason);
  expect(once.record.state).toMatchObject({ version: 2, snapshot: { data: { cents: 300 } } });
  const twice = await loader.load(once.record, actorAddress("purse.one"), 2_000);
  expect(twice).toEqual({ record: once.record });
});
