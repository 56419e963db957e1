import { test } from "vitest";
import { z } from "zod";
import { type ChildLiteral, defineSupervisor } from "../../actors/index.ts";
import { defineProtocol } from "../../protocols/index.ts";
import { defineActor } from "../../src/index.ts";

const greeter = defineProtocol({ name: "greeter", accepts: { greet: z.object({}) } });
const polite = defineActor({
  protocol: greeter,
  initial: (_: { name: string }) => 0,
  receive: (count) => count,
});
const plain = defineActor({ protocol: greeter, initial: () => 0, receive: (count) => count });

test("a tree of definitions and names is written in one literal", () => {
  defineSupervisor({
    strategy: "rest_for_one",
    children: [
      { id: "plain", actor: plain },
      { id: "polite", actor: polite, input: { name: "Ada" } },
      { id: "inner", actor: defineSupervisor({ children: [{ id: "plain", actor: plain }] }) },
      { id: "far", actor: "plain", node: "b", input: { anything: 1 } },
    ],
  });
});

test("children may come from a list", () => {
  const made: readonly ChildLiteral[] = [];
  defineSupervisor({ children: made });
  defineSupervisor({ children: ["a", "b"].map((id) => ({ id, actor: plain })) });
});

test("a child is given what its definition wants", () => {
  // @ts-expect-error a name is a string
  defineSupervisor({ children: [{ id: "polite", actor: polite, input: { name: 1 } }] });
  // @ts-expect-error polite needs its input
  defineSupervisor({ children: [{ id: "polite", actor: polite }] });
});
