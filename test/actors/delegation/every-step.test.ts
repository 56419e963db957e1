import { describe, expect, test } from "vitest";
import { delegate } from "../../../actors/index.ts";
import { delegation, grants } from "../../../protocols/index.ts";
import { type FaultyCluster, type FaultyNode, faultyCluster } from "../../src/durable/faulty-cluster.ts";
import type { Fate, Step } from "../../src/durable/faulty-wire.ts";
import { books, inFlight, type Perform, startTeam, validation } from "./team.ts";

type Fault = Extract<Fate, "deadBefore" | "deadAfter" | "lostAnswer" | "frozenAfter">;

interface Run {
  readonly steps: readonly Step[];
  readonly seen: unknown;
}

const ids = ["plain", "taken-back", "raced"] as const;

const expected = {
  plain: "done",
  "taken-back": "revoked",
  /** It is done or revoked, whichever was first, and stays so. */
  raced: "over once",
  plainDone: 1,
  inFlight: 0,
  grantsThatStand: [],
};

/** One delegation is done; one is revoked while it is worked on; one is revoked at the moment it is done. A step ends as given. */
async function run(fault?: Fault, atStep = 0): Promise<Run> {
  await using cluster = faultyCluster();
  const steps: Step[] = [];
  let counting = false;
  const fateOf = (step: Step): Fate | undefined =>
    !counting || isRoutine(step) || steps.push(step) !== atStep ? undefined : fault;
  const watcher = await cluster.join("watcher", {});
  let plainDone = 0;
  const finish = new Map<string, () => void>();
  const perform: Perform = (_, { task, signal }) => {
    const { payload } = task as { payload: { id: string } };
    if (payload.id === "plain") return ++plainDone;
    return new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
      finish.set(payload.id, () => resolve(payload.id));
    });
  };
  await cluster.settled(startTeam(watcher.system, perform));
  const first: FaultyNode = await cluster.joinFaulty("first", fateOf, () => books());
  await cluster.pass(300);
  counting = true;

  const { system } = watcher;
  const of = (id: string) =>
    cluster.asked(() =>
      delegate(
        system,
        validation({ to: id === "taken-back" ? "checkers" : "validators", task: taskOf(id) } as never),
        { id, withinMs: 2_000 },
      ),
    );
  const plainly = of("plain");
  await cluster.join("second", books());
  await plainly;
  const held = await of("taken-back");
  await cluster.until(() => finish.has("taken-back"));
  await cluster.settled(held.revoke("enough"));
  const raced = await of("raced");
  await cluster.until(() => finish.has("raced"));
  finish.get("raced")?.();
  await cluster.settled(raced.revoke("enough"));
  await cluster.pass(2_000);
  const once = await statuses(cluster, system);
  await cluster.pass(1_000);
  const again = await statuses(cluster, system);
  counting = false;
  if (first.alive) expect(await cluster.settled(held.result())).toMatchObject({ status: "revoked" });
  const [plain, takenBack, race] = once;
  const seen: typeof expected = {
    plain: plain ?? "",
    "taken-back": takenBack ?? "",
    raced:
      ["done", "revoked"].includes(race ?? "") && race === again[2] ? "over once" : `${race}, ${again[2]}`,
    plainDone,
    inFlight:
      (await cluster.asked(() => inFlight(system, "validators"))) +
      (await cluster.asked(() => inFlight(system, "checkers"))),
    grantsThatStand: (await standing(cluster, system)) as never[],
  };
  return { steps, seen };
}

const taskOf = (id: string) => ({ type: "data_validation", payload: { id } });

async function statuses(cluster: FaultyCluster, system: Parameters<typeof delegate>[0]): Promise<string[]> {
  const found: string[] = [];
  for (const id of ids) {
    const ref = system.ref(`delegation.${id}`, delegation);
    found.push((await cluster.asked(() => ref.ask({ type: "result" }, { withinMs: 2_000 }))).status);
  }
  return found;
}

async function standing(cluster: FaultyCluster, system: Parameters<typeof delegate>[0]): Promise<string[]> {
  const found: string[] = [];
  for (const id of ids) {
    const ref = system.ref(`grants.${id}`, grants);
    const { stands } = await cluster.asked(() => ref.ask({ type: "check", id }, { withinMs: 2_000 }));
    if (stands) found.push(id);
  }
  return found;
}

/** What a node looks at again and again, or writes to say that it lives. */
function isRoutine({ kind, where }: Step): boolean {
  return where === "cx_test" || (where === "cx_test_hosts" && kind === "read");
}

async function failures(fault: Fault): Promise<readonly string[]> {
  const { steps } = await run();
  const failed: string[] = [];
  for (const [i, { kind, where, what }] of steps.entries()) {
    // Who cannot learn what became of the key that all are signed with signs nothing: that one fails, and says so.
    if (fault === "lostAnswer" && (where === "cx_test_signing" || where === "cx_test_keys")) continue;
    const place = `${fault} at step ${i + 1} of ${steps.length}, ${kind} ${what}`;
    try {
      const { seen } = await run(fault, i + 1);
      if (JSON.stringify(seen) !== JSON.stringify(expected)) failed.push(`${place}: ${JSON.stringify(seen)}`);
    } catch (error) {
      failed.push(`${place}: ${error}`);
    }
  }
  return failed;
}

describe("S1 S3 F70 whatever step of a node it is, no delegation is both done and revoked, and no place or grant is left behind", () => {
  test("without a fault", async () => {
    const { steps, seen } = await run();
    expect(seen).toEqual(expected);
    expect(steps.length).toBeGreaterThan(60);
  });

  test.each<[Fault, string]>([
    ["deadBefore", "where its process dies before it"],
    ["deadAfter", "where its process dies after it"],
    ["lostAnswer", "where it happens, and no answer comes"],
    ["frozenAfter", "where its process stands still after it, until another has taken over"],
  ])(
    "%s: %s",
    async (fault) => {
      expect(await failures(fault)).toEqual([]);
    },
    300_000,
  );
});
