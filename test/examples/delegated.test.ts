import { expect, it } from "vitest";
import { exampleFile, openTerminal, output } from "../support/cli.ts";

it("delegated is refused with a reason, done under a rule, and waits for an approval", async () => {
  await using terminal = await openTerminal();
  const { stdout, stderr, code } = await output(terminal.node([exampleFile("delegated.ts")]));
  expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
  expect(stdout.split("\n")).toEqual([
    'refused: No rule lets planning (DATA_ARCHITECT) delegate "architecture_design" to orders (PIPELINE_MANAGER): in "architect_to_manager", data_complexity is 0.79, and must be >= 0.8; may be asked: stage_coordinator,pipeline_manager',
    "done: did architecture_design",
    "refused: planning is DATA_ARCHITECT, which is not below STAGE_COORDINATOR, the level of loading",
    "waits: orders delegates etl_orchestration to loading under rule manager_to_coordinator",
    "done: did etl_orchestration",
    "",
  ]);
});
