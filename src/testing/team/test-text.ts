import { CoxswainError, quote } from "../../../protocols/index.ts";
import type { TeamViolation } from "./team-result.ts";

export interface TestTextOptions {
  /** The module that exports the team's options, as the test is to import it. */
  readonly from: string;
  /** The name of the export; default `team`. */
  readonly team?: string;
  /** Where the testing kit comes from; default `coxswain/testing`. */
  readonly kit?: string;
}

/** A test that replays a story on the team's machines. */
export function testText(
  { kind, name, steps }: TeamViolation,
  story: string,
  { from, team = "team", kit = "coxswain/testing" }: TestTextOptions,
): string {
  if (!/^[A-Za-z_$][\w$]*$/.test(team)) {
    throw new CoxswainError("OPTION_INVALID", `Expected the name of an export, got ${quote(team)}`);
  }
  const comment = story.replaceAll("*/", "* /").split("\n");
  return `import { replayTeam } from ${JSON.stringify(kit)};
import { expect, test } from "vitest";
import { ${team} } from ${JSON.stringify(from)};

/*
${comment.map((line) => ` * ${line}`).join("\n")}
 */
test(${JSON.stringify(titles[kind](name))}, () => {
  const replay = replayTeam(${team});
${steps.map((step) => `  replay.step(${JSON.stringify(step)});`).join("\n")}
  // Fails as long as the story can happen. Where a step is not possible any more, the replay stops before it.
  expect(replay.broken(), replay.story()).toEqual([]);
});
`;
}

const titles: Record<TeamViolation["kind"], (name: string) => string> = {
  unsafe: (name) => `${name}, also after what once broke it`,
  deadlock: () => "the team does not come to rest where it once did",
  trap: (name) => `${name} stays within reach, also after what once led away from it`,
  never: (name) => `${name} comes at last, also after what once kept it away`,
};
