import type { AnyStateNode, AnyTransitionDefinition } from "xstate";
import { guardName, isState } from "../model/catalogue.ts";

/** Sizes in pixels. The text is monospaced, so that its width is known. */
const charPx = 6.7;
const linePx = 15;
const padPx = 12;
const gapPx = 34;
const laneGapPx = 14;

/** A line of text about a transition. */
export interface Label {
  readonly text: string;
  readonly transition: AnyTransitionDefinition;
}

/** A state on the drawing; x and y are absolute after {@link layOut}. */
export interface Box {
  readonly node: AnyStateNode;
  x: number;
  y: number;
  width: number;
  height: number;
  readonly title: string;
  /** What it does without leaving it. */
  readonly inside: readonly Label[];
  readonly boxes: readonly Box[];
  readonly arrows: Arrow[];
}

/** One arrow for all transitions from one state to another. */
export interface Arrow {
  readonly from: Box;
  readonly to: Box;
  readonly labels: Label[];
  /** The points of its line. */
  points: readonly (readonly [number, number])[];
  /** The upper left corner of its labels. */
  labelAt: readonly [number, number];
}

/** Places a machine's states: each below the one that leads to it, what leads back in lanes on the right. */
export function layOut(root: AnyStateNode): Box {
  const box = boxOf(root);
  const byNode = new Map<AnyStateNode, Box>();
  index(box, byNode);
  const arrows = arrowsOf(root, byNode);
  for (const arrow of arrows) homeOf(arrow, byNode).arrows.push(arrow);
  arrange(box);
  move(box, padPx, padPx);
  route(box);
  return box;
}

function boxOf(node: AnyStateNode): Box {
  const children = Object.values(node.states as Record<string, AnyStateNode>).filter(isState);
  const inside = transitionsOf(node).filter((transition) => staysIn(transition));
  const title = node.type === "final" ? `${node.key} ■` : node.key;
  const labels = inside.map((transition) => ({ text: labelOf(transition), transition }));
  return {
    node,
    x: 0,
    y: 0,
    width: 0,
    height: 0,
    title,
    inside: labels,
    boxes: children.map(boxOf),
    arrows: [],
  };
}

function transitionsOf(node: AnyStateNode): AnyTransitionDefinition[] {
  return [...[...node.transitions.values()].flat(), ...(node.always ?? [])];
}

function staysIn({ target, source }: AnyTransitionDefinition): boolean {
  return target === undefined || target.length === 0 || (target.length === 1 && target[0] === source);
}

/** `work [lastIdle]`, `after 1000 ms`, `perform done`. */
function labelOf(transition: AnyTransitionDefinition): string {
  const { eventType, source } = transition as { eventType: string; source: AnyStateNode };
  const guard = guardName(transition);
  return (
    [eventText(eventType, source), ...(guard === undefined ? [] : [`[${guard}]`])].join(" ").trim() ||
    "always"
  );
}

function eventText(type: string, source: AnyStateNode): string {
  const after = /^xstate\.after\.([^.]*)\./.exec(type)?.[1];
  if (after !== undefined) return /^\d+$/.test(after) ? `after ${after} ms` : `after ${after}`;
  const [, kind, id = ""] = /^xstate\.(done|error|snapshot)\.(?:actor\.|state\.)?(.*)$/.exec(type) ?? [];
  if (kind === undefined) return type;
  if (type.startsWith("xstate.done.state.")) return "done";
  const src = source.invoke.find((call) => call.id === id)?.src;
  const name = typeof src === "string" && /^\d+\./.test(id) ? src : id;
  return `${name} ${{ done: "done", error: "failed", snapshot: "goes on" }[kind]}`;
}

function index(box: Box, byNode: Map<AnyStateNode, Box>): void {
  byNode.set(box.node, box);
  for (const inner of box.boxes) index(inner, byNode);
}

function arrowsOf(root: AnyStateNode, byNode: ReadonlyMap<AnyStateNode, Box>): Arrow[] {
  const arrows = new Map<string, Arrow>();
  const visit = (node: AnyStateNode): void => {
    for (const transition of transitionsOf(node)) {
      if (staysIn(transition)) continue;
      for (const target of (transition.target ?? []) as AnyStateNode[]) {
        // A history is drawn as the state it lies in.
        const [from, to] = [
          byNode.get(node),
          byNode.get(target) ?? byNode.get(target.parent as AnyStateNode),
        ];
        if (from === undefined || to === undefined) continue;
        const key = `${from.node.id} ${to.node.id}`;
        const arrow = arrows.get(key) ?? { from, to, labels: [], points: [], labelAt: [0, 0] };
        arrow.labels.push({ text: labelOf(transition), transition });
        arrows.set(key, arrow);
      }
    }
    for (const child of Object.values(node.states as Record<string, AnyStateNode>)) visit(child);
  };
  visit(root);
  return [...arrows.values()];
}

/** The innermost state that holds both ends of an arrow. */
function homeOf({ from, to }: Arrow, byNode: ReadonlyMap<AnyStateNode, Box>): Box {
  const above = (node: AnyStateNode): AnyStateNode[] =>
    node.parent ? [node.parent, ...above(node.parent)] : [];
  const ofFrom = above(from.node);
  const common = [to.node.parent, ...above(to.node)].find(
    (node) => node !== undefined && ofFrom.includes(node),
  );
  return byNode.get(common ?? from.node.machine.root) as Box;
}

/** The box directly in `home` that an end of an arrow lies in. */
function childIn(home: Box, end: Box): Box | undefined {
  return home.boxes.find(
    ({ node }) => node === end.node || end.node.path.slice(0, node.path.length).join() === node.path.join(),
  );
}

/** Gives a box its size and those within it their place in it. */
function arrange(box: Box): void {
  for (const inner of box.boxes) arrange(inner);
  const texts = [box.title, ...box.inside.map(({ text }) => text)];
  const textWidth = Math.max(...texts.map((text) => text.length * charPx)) + 2 * padPx;
  let bottom = padPx + linePx * texts.length;
  let right = textWidth;
  for (const rank of ranksOf(box)) {
    let x = padPx;
    let height = 0;
    for (const inner of rank.boxes) {
      inner.x = x;
      inner.y = bottom + rank.gap;
      x += inner.width + Math.max(gapPx, rank.labelWidth / rank.boxes.length);
      height = Math.max(height, inner.height);
      // The labels of what leads to it stand beside the arrow.
      const labelled = inner.width / 2 + 2 * laneGapPx + rank.labelWidth;
      right = Math.max(right, inner.x + Math.max(inner.width, labelled) + padPx);
    }
    bottom += rank.gap + height;
  }
  box.width = right;
  const lanes = box.arrows.filter((arrow) => !isDirect(box, arrow));
  for (const arrow of lanes) box.width += widthOf(arrow) + laneGapPx;
  box.height = bottom + padPx;
}

interface Rank {
  readonly boxes: readonly Box[];
  /** Room above it, for the labels of what leads to it. */
  readonly gap: number;
  readonly labelWidth: number;
}

function ranksOf(box: Box): Rank[] {
  if (box.node.type === "parallel") return [{ boxes: box.boxes, gap: padPx, labelWidth: 0 }];
  const ranks = rankNumbers(box);
  const count = Math.max(-1, ...ranks.values()) + 1;
  return Array.from({ length: count }, (_, rank) => {
    const boxes = box.boxes.filter((inner) => ranks.get(inner) === rank);
    const leading = box.arrows.filter(
      (arrow) => isDirect(box, arrow) && boxes.includes(childIn(box, arrow.to) as Box),
    );
    const lines = Math.max(0, ...leading.map(({ labels }) => labels.length));
    const labelWidth = Math.max(0, ...leading.map(widthOf));
    return { boxes, gap: rank === 0 ? padPx : gapPx + linePx * lines, labelWidth };
  });
}

/** Steps from the first state within it. */
function rankNumbers(box: Box): Map<Box, number> {
  const initial = box.node.initial?.target?.[0] as AnyStateNode | undefined;
  const first = box.boxes.find(
    ({ node }) =>
      node === initial || (initial && node.path.join() === initial.path.slice(0, node.path.length).join()),
  );
  const ranks = new Map<Box, number>();
  const queue = first === undefined ? box.boxes.slice(0, 1) : [first];
  for (const each of queue) ranks.set(each, 0);
  for (const at of queue)
    for (const arrow of box.arrows) {
      const [from, to] = [childIn(box, arrow.from), childIn(box, arrow.to)];
      if (from !== at || to === undefined || ranks.has(to)) continue;
      ranks.set(to, (ranks.get(at) as number) + 1);
      queue.push(to);
    }
  const last = Math.max(0, ...ranks.values()) + 1;
  for (const inner of box.boxes) if (!ranks.has(inner)) ranks.set(inner, last);
  return ranks;
}

/** Whether an arrow leads straight down, from one rank to the next. */
function isDirect(home: Box, { from, to }: Arrow): boolean {
  if (home.node.type === "parallel") return false;
  const ranks = rankNumbers(home);
  const [a, b] = [childIn(home, from), childIn(home, to)];
  return a === from && b === to && (ranks.get(b) as number) - (ranks.get(a) as number) === 1;
}

function widthOf({ labels }: Arrow): number {
  return Math.max(0, ...labels.map(({ text }) => text.length * charPx)) + laneGapPx;
}

function move(box: Box, x: number, y: number): void {
  box.x += x;
  box.y += y;
  for (const inner of box.boxes) move(inner, box.x, box.y);
}

function route(box: Box): void {
  const lanes = box.arrows.filter((arrow) => !isDirect(box, arrow));
  const width = lanes.reduce((sum, arrow) => sum + widthOf(arrow) + laneGapPx, 0);
  let lane = box.x + box.width - width;
  for (const arrow of box.arrows) {
    const { from, to } = arrow;
    if (!lanes.includes(arrow)) {
      const [x1, y1] = [from.x + from.width / 2, from.y + from.height];
      const [x2, y2] = [to.x + to.width / 2, to.y];
      arrow.points = [
        [x1, y1],
        [x1, (y1 + y2) / 2],
        [x2, (y1 + y2) / 2],
        [x2, y2],
      ];
      arrow.labelAt = [x2 + 5, y2 - 8 - linePx * arrow.labels.length];
      continue;
    }
    const [y1, y2] = [from.y + 0.35 * from.height, to.y + 0.65 * to.height];
    arrow.points = [
      [from.x + from.width, y1],
      [lane, y1],
      [lane, y2],
      [to.x + to.width, y2],
    ];
    arrow.labelAt = [lane + 5, (y1 + y2) / 2 - (linePx * arrow.labels.length) / 2];
    lane += widthOf(arrow) + laneGapPx;
  }
  for (const inner of box.boxes) route(inner);
}

export const lineHeightPx = linePx;
