import type { ActorInfo, ChildInfo } from "../../protocols/index.ts";
import { durationText, type Paint, plainText, stateText } from "./output.ts";
import type { Oversight } from "./oversight.ts";
import type { Surveyed } from "./survey.ts";

/** One line, and what hangs below it. */
interface Branch {
  text: string;
  below: Map<string, Branch>;
}

/** What there is to show. */
export interface Forest {
  readonly nodes: readonly Surveyed[];
  /** What supervisors say, by address. */
  readonly overseen: ReadonlyMap<string, Oversight>;
}

/** What `tree` prints. */
export function treeText(title: string, { nodes, overseen }: Forest, nowMs: number, paint: Paint): string {
  const root = branch(paint("bold", title));
  for (const surveyed of nodes) root.below.set(surveyed.node, nodeBranch(surveyed, overseen, nowMs, paint));
  return lines(root).join("\n");
}

function branch(text: string): Branch {
  return { text, below: new Map() };
}

function nodeBranch(
  { node, pid, host, startedAtMs, answer }: Surveyed,
  overseen: Forest["overseen"],
  nowMs: number,
  paint: Paint,
): Branch {
  const where = `pid ${pid} on ${plainText(host)}, up ${durationText(nowMs - startedAtMs)}`;
  const name = paint("cyan", node);
  if ("silent" in answer) return branch(`${name}  ${where}, silent (${answer.silent})`);
  const { actors, total } = answer;
  const shown = actors.length < total ? `${actors.length} of ${total} actors` : `${total} actors`;
  const all = branch(`${name}  ${where}, ${shown}`);
  const places = new Map(actors.map((actor) => [actor.address, hang(all, actor, overseen, paint)]));
  for (const [address, place] of places) {
    const oversight = overseen.get(address);
    if (oversight !== undefined && "children" in oversight)
      place.below = family(address, place.below, oversight.children, node, paint);
  }
  return all;
}

/** Hangs an actor below those whose address it begins with; a part nobody lives at is a name only. */
function hang(all: Branch, actor: ActorInfo, overseen: Forest["overseen"], paint: Paint): Branch {
  let at = all;
  let name = "";
  for (name of actor.address.split(".")) {
    const known = at.below.get(name) ?? branch(paint("dim", name));
    at.below.set(name, known);
    at = known;
  }
  at.text = [name, ...actorColumns(actor, overseen.get(actor.address), paint)].join("  ");
  return at;
}

function actorColumns(actor: ActorInfo, oversight: Oversight | undefined, paint: Paint): string[] {
  const { address, protocol, state, owner } = actor;
  const does = oversight === undefined ? countsText(actor, paint) : oversightText(oversight, paint);
  const parent = address.slice(0, Math.max(0, address.lastIndexOf(".")));
  return [
    paint("dim", protocol),
    paint("green", stateText(state)),
    does,
    ...(actor.durable ? [paint("dim", "durable")] : []),
    ...(owner === undefined || owner === parent ? [] : [paint("dim", `child of ${plainText(owner)}`)]),
  ];
}

function countsText({ waiting, postponed, handled, oldestMs }: ActorInfo, paint: Paint): string {
  const oldest = oldestMs === undefined ? "" : ` (oldest ${durationText(oldestMs)})`;
  const counts = [
    `${handled} handled`,
    ...(waiting > 0 ? [paint("yellow", `${waiting} waiting${oldest}`)] : []),
    ...(postponed > 0 ? [paint("yellow", `${postponed} postponed`)] : []),
  ];
  return counts.join(", ");
}

/** Without the messages handled: to look is one. */
function oversightText(oversight: Oversight, paint: Paint): string {
  if ("silent" in oversight) return paint("red", `silent (${oversight.silent})`);
  const { strategy, intensity, periodMs, total, children } = oversight;
  const restarts = children.reduce((sum, child) => sum + child.restarts, 0);
  const cut = children.length < total;
  return [
    strategy,
    `intensity ${intensity} in ${durationText(periodMs)}`,
    cut ? `${children.length} of ${total} children` : total === 1 ? "1 child" : `${total} children`,
    `${restartsText(restarts, paint)}${cut ? " of these" : ""}`,
  ].join(", ");
}

function restartsText(restarts: number, paint: Paint): string {
  return restarts === 0 ? "0 restarts" : paint("yellow", `${restarts} restart${restarts === 1 ? "" : "s"}`);
}

/** What hangs below a supervisor: its children in the order of their starting, then whoever else lives there. */
function family(
  supervisor: string,
  living: Branch["below"],
  children: readonly ChildInfo[],
  node: string,
  paint: Paint,
): Branch["below"] {
  const below: Branch["below"] = new Map();
  for (const child of children.toReversed()) {
    const name = nameBelow(supervisor, child.address);
    const here = name === undefined ? undefined : living.get(name);
    if (name !== undefined && here !== undefined) {
      here.text += `  ${childText(child, "", paint)}`;
      below.set(name, here);
      continue;
    }
    const away = child.node === undefined || child.node === node ? "" : ` on ${plainText(child.node)}`;
    const where = name === undefined ? `${away} as ${child.address}` : away;
    const what = [plainText(name ?? child.id), paint("dim", plainText(child.actor))];
    // No name of an address: somebody else may live here by the name of a child that lives elsewhere.
    below.set(`@${child.address}`, branch([...what, childText(child, where, paint)].join("  ")));
  }
  for (const [name, other] of living) below.set(name, other);
  return below;
}

/** What an address has in addition to its supervisor's; undefined where it lies elsewhere. */
function nameBelow(supervisor: string, address: string): string | undefined {
  return address.startsWith(`${supervisor}.`) ? address.slice(supervisor.length + 1) : undefined;
}

const stateStyles = { running: "green", restarting: "yellow", stopped: "red" } as const;

/** What its supervisor knows of a child. */
function childText({ state, restart, restarts }: ChildInfo, where: string, paint: Paint): string {
  return `${paint(stateStyles[state], state)}${where}, ${restart}, ${restartsText(restarts, paint)}`;
}

function lines({ text, below }: Branch): string[] {
  const branches = [...below.values()];
  const hanging = branches.flatMap((each, index) => {
    const last = index === branches.length - 1;
    const [first = "", ...rest] = lines(each);
    return [`${last ? "└─" : "├─"} ${first}`, ...rest.map((line) => `${last ? "   " : "│  "}${line}`)];
  });
  return [text, ...hanging];
}
