import { expect, test } from "vitest";
import { createSystem } from "../../../src/index.ts";
import { testServer } from "../../support/nats-server.ts";
import { accountActor, bank, plainWorld } from "./bank.ts";

test("several systems with durable agents fit on a server that has room for a few gigabytes", async () => {
  await using server = await testServer({ config: { jetstream: { max_file_store: 4 * 1024 ** 3 } } });
  for (const name of ["one", "two", "three"]) {
    await using system = await createSystem({
      name,
      servers: server.url,
      actors: { account: accountActor(plainWorld([])) },
    });
    const { balance } = await system.ref("account.ada", bank).ask({ type: "read" });
    expect(balance).toBe(100);
  }
});
