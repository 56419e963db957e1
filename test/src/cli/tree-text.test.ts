import { describe, expect, it } from "vitest";
import type { ActorInfo, ChildInfo } from "../../../protocols/index.ts";
import { type Oversight, oversee } from "../../../src/cli/oversight.ts";
import type { Surveyed } from "../../../src/cli/survey.ts";
import { treeText } from "../../../src/cli/tree-text.ts";

const plain = (_style: unknown, text: string): string => text;

const living = (address: string, more: Partial<ActorInfo> = {}): ActorInfo => ({
  address,
  activation: "x.0",
  protocol: "work@1.0",
  state: "idle",
  waiting: 0,
  postponed: 0,
  handled: 3,
  ...more,
});
const supervisor = (address: string, more: Partial<ActorInfo> = {}): ActorInfo =>
  living(address, { protocol: "supervision@1.0", state: { supervising: "idle" }, handled: 99, ...more });

const child = (address: string, more: Partial<ChildInfo> = {}): ChildInfo => ({
  id: address.slice(address.lastIndexOf(".") + 1),
  address: address as ChildInfo["address"],
  activation: "x.0",
  state: "running",
  type: "worker",
  restart: "permanent",
  actor: "clerk",
  restarts: 0,
  ...more,
});
/** Children are given oldest first, as a tree shows them; a supervisor lists them newest first. */
const oversight = (children: readonly ChildInfo[], more: object = {}): Oversight => ({
  strategy: "one_for_one",
  intensity: 3,
  periodMs: 5_000,
  total: children.length,
  children: children.toReversed(),
  ...more,
});

function node(name: string, actors: readonly ActorInfo[]): Surveyed {
  const record = { incarnation: "i", zone: "main", pid: 7, host: "box", startedAtMs: 0 };
  const info = { ...record, node: name, actors: actors.length, counts: {}, heapBytes: 1 };
  return { ...record, node: name, leaseMs: 3_000, answer: { info, actors, total: actors.length } };
}

function drawn(nodes: readonly Surveyed[], overseen: Readonly<Record<string, Oversight>>): string[] {
  const forest = { nodes, overseen: new Map(Object.entries(overseen)) };
  return treeText("fleet", forest, 1_000, plain).split("\n");
}

it("a supervisor shows its strategy, what it bears, and its children in the order of their starting", () => {
  const nodes = [
    node("a", [living("shop.door"), living("shop.attic"), supervisor("shop"), living("shop.visitor")]),
  ];
  const children = [
    child("shop.till", { state: "stopped", restart: "transient" }),
    child("shop.door", { restarts: 1 }),
    child("shop.attic", { restart: "temporary", restarts: 2 }),
  ];
  expect(drawn(nodes, { shop: oversight(children, { strategy: "rest_for_one" }) })).toEqual([
    "fleet",
    "└─ a  pid 7 on box, up 1 s, 4 actors",
    "   └─ shop  supervision@1.0  supervising.idle  rest_for_one, intensity 3 in 5 s, 3 children, 3 restarts",
    "      ├─ till  clerk  stopped, transient, 0 restarts",
    "      ├─ door  work@1.0  idle  3 handled  running, permanent, 1 restart",
    "      ├─ attic  work@1.0  idle  3 handled  running, temporary, 2 restarts",
    "      └─ visitor  work@1.0  idle  3 handled",
  ]);
});

it("a child of another node or address stands below its supervisor with where it lives, and there with whose it is", () => {
  const nodes = [
    node("a", [supervisor("shop"), living("vault", { owner: "shop" })]),
    node("b", [living("shop-door", { owner: "shop" })]),
  ];
  const children = [child("shop-door", { id: "door", node: "b" }), child("vault", { id: "safe" })];
  expect(drawn(nodes, { shop: oversight(children) })).toEqual([
    "fleet",
    "├─ a  pid 7 on box, up 1 s, 2 actors",
    "│  ├─ shop  supervision@1.0  supervising.idle  one_for_one, intensity 3 in 5 s, 2 children, 0 restarts",
    "│  │  ├─ door  clerk  running on b as shop-door, permanent, 0 restarts",
    "│  │  └─ safe  clerk  running as vault, permanent, 0 restarts",
    "│  └─ vault  work@1.0  idle  3 handled  child of shop",
    "└─ b  pid 7 on box, up 1 s, 1 actors",
    "   └─ shop-door  work@1.0  idle  3 handled  child of shop",
  ]);
});

it("a supervisor below a supervisor keeps what it says; one that is being restarted is its supervisor's word alone", () => {
  const nodes = [node("a", [supervisor("shop"), supervisor("shop.tills"), living("shop.tills.one")])];
  const inner = { type: "supervisor", actor: "tills" } as const;
  const children = [
    child("shop.tills", { ...inner, restarts: 1 }),
    child("shop.doors", { ...inner, state: "restarting" }),
  ];
  const overseen = { shop: oversight(children), "shop.tills": oversight([child("shop.tills.one")]) };
  expect(drawn(nodes, overseen).slice(3)).toEqual([
    "      ├─ tills  supervision@1.0  supervising.idle  one_for_one, intensity 3 in 5 s, 1 child, 0 restarts  running, permanent, 1 restart",
    "      │  └─ one  work@1.0  idle  3 handled  running, permanent, 0 restarts",
    "      └─ doors  tills  restarting, permanent, 0 restarts",
  ]);
});

it("says how many children are hidden, and of a supervisor that does not answer why", () => {
  const nodes = [node("a", [supervisor("crowd"), supervisor("mute")])];
  const crowd = oversight([child("crowd.7", { restarts: 2 })], {
    strategy: "simple_one_for_one",
    total: 9_000,
  });
  expect(drawn(nodes, { crowd, mute: { silent: "ASK_TIMEOUT" } }).slice(2)).toEqual([
    "   ├─ crowd  supervision@1.0  supervising.idle  simple_one_for_one, intensity 3 in 5 s, 1 of 9000 children, 2 restarts of these",
    "   │  └─ 7  clerk  running, permanent, 2 restarts",
    "   └─ mute  supervision@1.0  supervising.idle  silent (ASK_TIMEOUT)",
  ]);
});

it("names from elsewhere cannot steer the terminal", () => {
  const nodes = [node("a", [supervisor("shop")])];
  const bad = child("vault", { id: "a\u001b[2J", actor: "b\u001b[2J", node: "c\u001b[2J" });
  expect(drawn(nodes, { shop: oversight([bad]) }).join("")).not.toContain("\u001b");
});

describe("oversee", () => {
  it("asks supervisors only, of the same major version, no more than so many at a time", async () => {
    const many = Array.from({ length: 100 }, (_, n) => supervisor(`s${n}`));
    const others = [living("worker"), supervisor("newer", { protocol: "supervision@2.0" })];
    let [open, openMax] = [0, 0];
    const ref = (address: string) => ({
      ask: async (question: { limit: number }) => {
        openMax = Math.max(openMax, ++open);
        await new Promise(setImmediate);
        open--;
        if (address === "s7") throw new Error("no");
        return oversight([], { total: question.limit });
      },
    });
    const options = { limit: 20, withinMs: 1_000 };
    const overseen = await oversee({ ref } as never, [node("a", [...many, ...others])], options);
    expect([...overseen.keys()].sort()).toEqual(many.map(({ address }) => address).sort());
    expect(overseen.get("s7")).toEqual({ silent: "Error: no" });
    expect(overseen.get("s8")).toMatchObject({ total: 20 });
    expect(openMax).toBe(32);
  });
});
