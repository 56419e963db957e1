import type { Path } from "../model/path.ts";
import { textOf } from "../model/plain.ts";
import type { Said } from "../model/said.ts";
import { stateText } from "../model/sentence.ts";
import type { ModelState } from "../model/stepper.ts";

/** A path as it is told to whoever has to understand it: a line a step, and the data at its end. */
export function storyOf({ start, steps }: Pick<Path, "start" | "steps">): string {
  const lines = [
    `  it starts${landing(start.state)}${saying(start.said)}`,
    ...steps.map(
      ({ name, taken, state, said }, n) =>
        `  ${n + 1}. ${name}${taken ? landing(state) : ", which it refuses"}${saying(said)}`,
    ),
  ];
  const last = (steps.at(-1) ?? start).state;
  return [...lines, `  with ${textOf(last.snapshot.context)}`].join("\n");
}

function landing({ snapshot }: ModelState): string {
  const where = stateText(snapshot.value);
  return where === "" ? "" : ` → ${where}`;
}

/** What others would notice. */
function saying(said: readonly Said[]): string {
  const heard = said.flatMap((each): string[] => {
    switch (each.kind) {
      case "send":
        return [`sends ${each.event.type} to ${each.to}`];
      case "reply":
        return [`replies ${textOf(each.value)}`];
      case "refusal":
        return [`refuses: ${each.reason}`];
      case "emit":
        return [`emits ${each.event.type}`];
      case "call":
        return [`calls ${each.id}`];
      case "action":
        return [`does ${each.name}`];
      case "stop":
        return ["stops"];
      default:
        return [];
    }
  });
  return heard.length === 0 ? "" : ` (${heard.join(", ")})`;
}
