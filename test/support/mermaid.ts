import { type DirectedGraphNode, toDirectedGraph } from "@xstate/graph";
import type { AnyStateMachine } from "xstate";

/**
 * A machine as a Mermaid flowchart, drawn from its definition: each state, each transition that leads
 * somewhere, with its event and [guard]. What a state does without leaving it is not drawn.
 */
export function mermaidOf(machine: AnyStateMachine): string {
  const root = toDirectedGraph(machine);
  const prefix = `${root.id}.`;
  // What the root takes, any state takes.
  const name = (id: string): string =>
    id === root.id ? "anywhere" : id.slice(prefix.length).replaceAll(".", "_");
  const arrows = arrowsOf(root, name);
  const anywhere = arrows.some((arrow) => arrow.startsWith("  anywhere "));
  return [
    "flowchart TD",
    ...root.children.flatMap((node) => boxOf(node, name, "  ")),
    `  begin(( )) --> ${name(entryOf(root).id)}`,
    ...(anywhere ? ["  anywhere([in any state])"] : []),
    ...arrows,
    "",
  ].join("\n");
}

type Name = (id: string) => string;

function boxOf(node: DirectedGraphNode, name: Name, indent: string): string[] {
  const { key, type } = node.stateNode;
  if (node.children.length === 0) {
    const [open, close] = type === "final" ? ["(((", ")))"] : ["(", ")"];
    return [`${indent}${name(node.id)}${open}${key}${close}`];
  }
  const inner = node.children.flatMap((child) => boxOf(child, name, `${indent}  `));
  return [`${indent}subgraph ${name(node.id)} [${key}]`, ...inner, `${indent}end`];
}

/** One arrow for all transitions between the same two states. */
function arrowsOf(root: DirectedGraphNode, name: Name): string[] {
  const labels = new Map<string, string[]>();
  const nodes = allOf(root);
  for (const { source, target, eventType, guard } of nodes.flatMap(transitionsOf)) {
    const [to] = target ?? [];
    if (to === undefined) continue;
    const end = nodes.find(({ id }) => id === to.id) as DirectedGraphNode;
    const arrow = `${name(source.id)} | ${name(entryOf(end).id)}`;
    const label = [eventType, ...(guard === undefined ? [] : [`[${nameOf(guard)}]`])];
    labels.set(arrow, [...(labels.get(arrow) ?? []), label.filter((part) => part !== "").join(" ")]);
  }
  return [...labels].map(([arrow, all]) => {
    const [from, to] = arrow.split(" | ");
    const text = [...new Set(all)].filter((label) => label !== "").join("<br>");
    return text === "" ? `  ${from} --> ${to}` : `  ${from} -->|"${text}"| ${to}`;
  });
}

type Transition = DirectedGraphNode["edges"][number]["transition"];

/** The directed graph leaves out those without an event. */
function transitionsOf({ edges, stateNode }: DirectedGraphNode): readonly Transition[] {
  return [...edges.map(({ transition }) => transition), ...(stateNode.always ?? [])];
}

/** Where an arrow to a state ends: in the innermost state it begins with. */
function entryOf(node: DirectedGraphNode): DirectedGraphNode {
  const [initial] = node.stateNode.initial?.target ?? [];
  const inner = node.children.find(({ id }) => id === initial?.id);
  return inner === undefined ? node : entryOf(inner);
}

function allOf(node: DirectedGraphNode): DirectedGraphNode[] {
  return [node, ...node.children.flatMap(allOf)];
}

function nameOf(guard: unknown): string {
  return typeof guard === "string" ? guard : ((guard as { type?: string }).type ?? "guard");
}
