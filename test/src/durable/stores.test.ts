import { expect, test } from "vitest";
import { createSystem } from "../../../src/index.ts";
import { testServer } from "../../support/nats-server.ts";
import { accountActor, bank, plainWorld } from "./bank.ts";

test.each(["durableInboxesMaxBytes", "historyMaxBytes"])(
  "a system whose server has no room for %s is refused, with the option to change",
  async (option) => {
    await using server = await testServer({ config: { jetstream: { max_file_store: 100 * 1024 ** 2 } } });
    const small = 1024 ** 2;
    const open = (inboxes: number, historyMaxBytes: number) => {
      const account = accountActor(plainWorld([]), { history: true, historyMaxBytes });
      const sized = { durableInboxesMaxBytes: inboxes, actors: { account } };
      return createSystem({ name: "bank", servers: server.url, ...sized });
    };
    const tooMuch = 512 * 1024 ** 2;
    const refused = option === "historyMaxBytes" ? open(small, tooMuch) : open(tooMuch, small);
    await expect(refused).rejects.toMatchObject({
      code: "STORE_FULL",
      message: expect.stringMatching(new RegExp(`room on the server for \\S*${option}.*${tooMuch}`)),
    });
    await using system = await open(small, small);
    const { balance } = await system.ref("account.ada", bank).ask({ type: "read" });
    expect(balance).toBe(100);
  },
);

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
