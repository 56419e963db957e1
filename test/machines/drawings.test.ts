import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import {
  alertsMachine,
  approvalMachine,
  crewMachine,
  delegationMachine,
  deskMachine,
  dispatcherMachine,
  escalationMachine,
  fanOutMachine,
  qualityMonitorMachine,
  supervisorMachine,
  workerMachine,
} from "../../machines/index.ts";
import { mermaidOf } from "../support/mermaid.ts";

const page = new URL("../../machines/DRAWINGS.md", import.meta.url);
const machines = {
  supervisor: supervisorMachine,
  worker: workerMachine,
  crew: crewMachine,
  fanOut: fanOutMachine,
  delegation: delegationMachine,
  approval: approvalMachine,
  escalation: escalationMachine,
  desk: deskMachine,
  qualityMonitor: qualityMonitorMachine,
  alerts: alertsMachine,
  dispatcher: dispatcherMachine,
};

function drawn(): string {
  const drawings = Object.entries(machines).map(
    ([name, machine]) => `## ${name}\n\n\`\`\`mermaid\n${mermaidOf(machine).trimEnd()}\n\`\`\`\n`,
  );
  return [
    "# The machines, drawn from their definitions\n",
    "What holds in each state is said in the comment above each machine. A test compares this page with the definitions;\n`DRAW=1 npx vitest run test/machines/drawings.test.ts` draws it anew.\n",
    ...drawings,
  ].join("\n");
}

test("the page of drawings shows the machines as they are", () => {
  if (process.env.DRAW === "1") writeFileSync(page, drawn());
  expect(readFileSync(page, "utf8")).toBe(drawn());
});
