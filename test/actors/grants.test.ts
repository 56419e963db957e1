import { describe, expect, test } from "vitest";
import { grantBook } from "../../actors/index.ts";
import { withGrant } from "../../machines/index.ts";
import {
  type ActorAddress,
  actorAddress,
  type GrantTerms,
  grants,
  type OutgoingOf,
  work,
} from "../../protocols/index.ts";
import { type ActorSystem, createSystem } from "../../src/index.ts";
import { caller } from "../support/caller.ts";
import { testServer } from "../support/nats-server.ts";
import { rejection, twoNodes } from "../support/systems.ts";

const at = (text: string): ActorAddress => actorAddress(text);
const far = 4_000_000_000_000;

function terms(more: Partial<GrantTerms> = {}): GrantTerms {
  return {
    holder: at("desk"),
    audience: [at("crew"), at("tools")],
    operations: ["work.work"],
    tools: ["search"],
    budget: {},
    depth: 2,
    untilMs: far,
    ...more,
  };
}

const book = (system: ActorSystem) => system.ref("grants.t1", grants);
async function issue(
  system: ActorSystem,
  request: Omit<Extract<OutgoingOf<typeof grants>, { type: "issue" }>, "type" | "by"> & { by?: ActorAddress },
): Promise<string> {
  const { token } = await book(system).ask({ type: "issue", by: at("desk"), ...request });
  return token;
}

describe("a book of grants", () => {
  test("C11 gives a root, narrows it, and refuses what is wider, naming each term", async () => {
    await using nodes = await twoNodes({ actors: { grants: grantBook() } });
    const { a, b } = nodes;
    const root = await issue(a, { id: "root", terms: terms({ budget: { tokens: 100 } }) });
    expect(root).toMatch(/^c1\./);
    // Told twice, also by way of another node, it is the first one again.
    expect(await issue(b, { id: "root", terms: terms({ budget: { tokens: 100 } }) })).toBe(root);
    await issue(b, {
      id: "child",
      parent: "root",
      by: at("crew.lead"),
      terms: terms({
        holder: at("crew.lead"),
        audience: [at("tools.web")],
        budget: { tokens: 100 },
        depth: 1,
      }),
    });
    const wide = terms({ audience: [at("bank")], tools: ["shell"], budget: { tokens: 101 }, depth: 2 });
    const { code, message } = await rejection(issue(a, { id: "wide", parent: "root", terms: wide }));
    expect(code).toBe("REFUSED");
    expect(message).toBe(
      'Expected terms within those of root, wider: audience ("bank"); tools ("shell"); budget.tokens (101 of 100); depth (2, under one of 2)',
    );
    const status = await book(a).ask({ type: "check", id: "child" });
    expect(status).toMatchObject({ stands: true, reason: "", left: { tokens: 100 } });
  });

  test("F76 F111 C12 of 100 calls at a time under two children none comes to more than their parent has, by one unit", async () => {
    await using nodes = await twoNodes({ actors: { grants: grantBook() } });
    const { a, b } = nodes;
    let running = 0;
    let most = 0;
    const deputy = caller(
      ({ call, grant }) =>
        withGrant(call, { grant, tool: "search", at: { tokens: 7 }, withinMs: 30_000 }, async (meter) => {
          running += 7;
          most = Math.max(most, running);
          // Others are made meanwhile.
          for (let i = 0; i < 20; i++) await new Promise(setImmediate);
          running -= 7;
          meter.came({ tokens: 7 });
          return "found";
        }),
      { grant: "required" },
    );
    await b.spawn("crew", deputy);
    await issue(a, { id: "root", terms: terms({ budget: { tokens: 100 }, audience: [at("crew")] }) });
    const tokens: string[] = [];
    for (const id of ["one", "two"]) {
      const child = terms({ budget: { tokens: 90 }, audience: [at("crew")], depth: 0 });
      tokens.push(await issue(a, { id, parent: "root", terms: child }));
    }
    const desk = caller(({ call, task }) =>
      call.ask(
        work,
        at("crew"),
        { type: "work", task },
        { grant: tokens[Number(task) % 2] as string, withinMs: 60_000 },
      ),
    );
    const ref = await a.spawn("desk", desk);
    const asked = Array.from({ length: 100 }, (_, i) =>
      ref.ask({ type: "work", task: i }, { withinMs: 60_000 }),
    );
    const results = (await Promise.all(asked)).map(({ result }) => (result as { result: unknown }).result);
    // 14 of 7 are 98, and one more were 105.
    expect(results.filter((result) => result === "found")).toHaveLength(14);
    expect(results.filter((result) => (result as { code?: string }).code === "REFUSED")).toHaveLength(86);
    expect(most).toBeLessThanOrEqual(100);
    await expect
      .poll(async () => (await book(a).ask({ type: "check", id: "root" })).left)
      .toEqual({ tokens: 2 });
  });

  test("gives back what a call did not come to, once; what it does not tell stays taken", async () => {
    await using nodes = await twoNodes({ actors: { grants: grantBook() } });
    const { a } = nodes;
    await issue(a, { id: "root", terms: terms({ budget: { tokens: 10, moneyMicros: 5 } }) });
    const grants = book(a);
    const spend = (reservation: string, tokens: number) =>
      grants.ask({ type: "spend", id: "root", reservation, at: { tokens } });
    expect(await spend("r1", 8)).toEqual({ left: { tokens: 2, moneyMicros: 5 } });
    expect(await spend("r1", 8)).toEqual({ left: { tokens: 2, moneyMicros: 5 } });
    expect((await rejection(spend("r2", 3))).message).toBe(
      "Expected at most 2 tokens, what grant root has left, got 3",
    );
    grants.tell({ type: "settle", reservation: "r1", came: { tokens: 3 } });
    grants.tell({ type: "settle", reservation: "r1", came: { tokens: 0 } });
    expect(await spend("r2", 7)).toEqual({ left: { tokens: 0, moneyMicros: 5 } });
    // More than was taken is not: it had been reserved too little.
    grants.tell({ type: "settle", reservation: "r2", came: { tokens: 70 } });
    expect(await grants.ask({ type: "check", id: "root" })).toMatchObject({ left: { tokens: 0 } });
  });

  test("revokes a grant with all below it at once: the next call is refused, and says why", async () => {
    await using nodes = await twoNodes({ actors: { grants: grantBook() } });
    const { a, b } = nodes;
    const deputy = caller(
      ({ call, grant }) => withGrant(call, { grant, tool: "search", at: { tokens: 1 } }, () => "found"),
      { grant: "required" },
    );
    await b.spawn("crew", deputy);
    await issue(a, { id: "root", terms: terms() });
    await issue(a, { id: "middle", parent: "root", terms: terms({ depth: 1 }) });
    const leaf = await issue(a, { id: "leaf", parent: "middle", terms: terms({ depth: 0 }) });
    const desk = await a.spawn(
      "desk",
      caller(({ call, task }) => call.ask(work, at("crew"), { type: "work", task }, { grant: leaf })),
    );
    expect(await desk.ask({ type: "work", task: 1 })).toEqual({ result: { result: "found" } });
    const revoked: unknown[] = [];
    book(a).on("revoked", (event) => void revoked.push(event));
    await book(a).deliver({ type: "revoke", id: "middle", reason: "the crew left" });
    const ids = ["middle", "leaf"];
    await expect.poll(() => revoked).toEqual([{ type: "revoked", ids, reason: "the crew left" }]);
    expect(await desk.ask({ type: "work", task: 2 })).toEqual({
      result: { result: { code: "REFUSED", message: "Grant leaf was revoked: the crew left" } },
    });
    expect(await book(a).ask({ type: "check", id: "root" })).toMatchObject({ stands: true });
  });

  test("forgets nothing when another process goes on with it, and its tokens stay the same", async () => {
    await using server = await testServer();
    const common = { name: "granted", servers: server.url, leaseMs: 600, actors: { grants: grantBook() } };
    const first = await createSystem({ ...common, node: "one" });
    const root = await issue(first, { id: "root", terms: terms({ budget: { tokens: 10 } }) });
    await book(first).ask({ type: "spend", id: "root", reservation: "r1", at: { tokens: 4 } });
    await first.drain();
    await using second = await createSystem({ ...common, node: "two" });
    const status = await book(second).ask({ type: "check", id: "root" }, { withinMs: 20_000 });
    expect(status).toMatchObject({ stands: true, left: { tokens: 6 } });
    // Signed by another process with the key that the store keeps, it is the same token.
    expect(await issue(second, { id: "root", terms: terms({ budget: { tokens: 10 } }) })).toBe(root);
  });
});
