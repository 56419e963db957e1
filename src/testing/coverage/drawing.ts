import type { Part } from "../model/catalogue.ts";
import { guardId, isState, stateId, transitionId } from "../model/catalogue.ts";
import type { Coverage } from "./coverage.ts";
import { type Arrow, type Box, type Label, layOut, lineHeightPx } from "./layout.ts";

/** How much of something was seen. */
type Mark = "seen" | "partly" | "unseen" | "excused";

/** A machine's statechart as SVG, drawn from its definition: what was seen, what was seen in part, and what never. */
export function drawingOf(coverage: Coverage): string {
  const box = layOut(coverage.machine.root);
  const [width, height] = [Math.ceil(box.x + box.width + 12), Math.ceil(box.y + box.height + 12)];
  const marks = new Marks(coverage);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(coverage.machine.id)}">`,
    ...boxLines(box, marks),
    ...arrowLines(box, marks),
    "</svg>",
  ].join("\n");
}

class Marks {
  readonly #coverage: Coverage;

  constructor(coverage: Coverage) {
    this.#coverage = coverage;
  }

  state({ node }: Box): Mark {
    return isState(node) ? this.#of(stateId(node)) : "seen";
  }

  transition({ transition }: Label): Mark {
    const own = this.#of(transitionId(transition));
    if (own !== "seen" || transition.guard === undefined) return own;
    return this.#of(guardId(transition, false)) === "unseen" ? "partly" : "seen";
  }

  /** What there is to know of a transition, shown where the mouse points. */
  title(label: Label): string {
    const id = transitionId(label.transition);
    const texts = {
      seen: "seen",
      partly: "seen; its guard always held",
      unseen: "never seen",
      excused: "excused",
    };
    return `${id}: ${this.#coverage.reasonFor(id) ?? texts[this.transition(label)]}`;
  }

  #of(id: Part["id"]): Mark {
    if (this.#coverage.reasonFor(id) !== undefined) return "excused";
    return this.#coverage.parts.has(id) ? "seen" : "unseen";
  }
}

function boxLines(box: Box, marks: Marks): string[] {
  const mark = marks.state(box);
  const parallel = box.node.parent?.type === "parallel" ? " parallel" : "";
  const kind = box.boxes.length > 0 ? "compound" : "atomic";
  const rect = `<rect class="state ${kind} ${mark}${parallel}" x="${px(box.x)}" y="${px(box.y)}" width="${px(box.width)}" height="${px(box.height)}" rx="6"><title>${escaped(box.node.id)}: ${mark}</title></rect>`;
  const title = text(box.x + 10, box.y + lineHeightPx + 3, `name ${mark}`, box.title);
  const inside = box.inside.map((label, n) =>
    text(
      box.x + 10,
      box.y + 3 + lineHeightPx * (n + 2),
      `label ${marks.transition(label)}`,
      label.text,
      marks.title(label),
    ),
  );
  return [rect, title, ...inside, ...box.boxes.flatMap((inner) => boxLines(inner, marks))];
}

function arrowLines(box: Box, marks: Marks): string[] {
  return [
    ...box.arrows.flatMap((arrow) => arrowOf(arrow, marks)),
    ...box.boxes.flatMap((inner) => arrowLines(inner, marks)),
  ];
}

function arrowOf(arrow: Arrow, marks: Marks): string[] {
  const each = new Set(arrow.labels.map((label) => marks.transition(label)));
  const [line = "seen"] = each.size === 1 ? each : (["partly"] as const);
  const points = arrow.points.map(([x, y]) => `${px(x)},${px(y)}`).join(" ");
  return [
    `<polyline class="arrow ${line}" points="${points}"/>`,
    headOf(arrow, line),
    ...arrow.labels.map((label, n) =>
      text(
        arrow.labelAt[0],
        arrow.labelAt[1] + lineHeightPx * (n + 1) - 4,
        `label ${marks.transition(label)}`,
        label.text,
        marks.title(label),
      ),
    ),
  ];
}

/** A triangle at the end, in the direction of the last piece. */
function headOf({ points }: Arrow, mark: Mark): string {
  const [[x1, y1] = [0, 0], [x2, y2] = [0, 0]] = points.slice(-2);
  const length = Math.hypot(x2 - x1, y2 - y1) || 1;
  const [dx, dy] = [(x2 - x1) / length, (y2 - y1) / length];
  const corner = (side: number): string =>
    `${px(x2 - 8 * dx + 4 * side * dy)},${px(y2 - 8 * dy - 4 * side * dx)}`;
  return `<polygon class="head ${mark}" points="${px(x2)},${px(y2)} ${corner(1)} ${corner(-1)}"/>`;
}

function text(x: number, y: number, kind: string, content: string, title?: string): string {
  const hint = title === undefined ? "" : `<title>${escaped(title)}</title>`;
  return `<text class="${kind}" x="${px(x)}" y="${px(y)}">${escaped(content)}${hint}</text>`;
}

function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}

export function escaped(content: string): string {
  return content
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}
