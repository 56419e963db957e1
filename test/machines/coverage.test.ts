import { afterAll, describe, expect, test } from "vitest";
import type { AnyStateMachine } from "xstate";
import * as machines from "../../machines/index.ts";
import {
  type Coverage,
  type CoverageMatchers,
  coverageMatchers,
  coverageOf,
  coverageText,
} from "../../src/testing/coverage/index.ts";
import { type PathsOptions, pathsOf } from "../../src/testing/model/index.ts";
import { isMachine } from "../../src/xstate/internals.ts";
import {
  alertsOptions,
  approvalOptions,
  auditKeepingOptions,
  deskOptions,
  escalationOptions,
  monitorOptions,
} from "../src/testing/model/authority-machines.ts";
import {
  crewOptions,
  dispatcherOptions,
  fanOutOptions,
  supervisorOptions,
  workerOptions,
} from "../src/testing/model/own-machines.ts";
import { ruleBookOptions } from "./authority/rule-books.ts";
import { delegationOptions } from "./delegation/delegations.ts";
import { grantsOptions } from "./grants/requests.ts";

declare module "vitest" {
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown>
    extends CoverageMatchers<R> {}
}

expect.extend(coverageMatchers);

/** What the paths of each machine need, by the name it is exported by: one suite, or several that make it up together. */
const suites: Readonly<Record<string, readonly PathsOptions<never>[]>> = {
  alertsMachine: [alertsOptions],
  approvalMachine: [approvalOptions],
  auditKeepingMachine: [auditKeepingOptions],
  qualityMonitorMachine: [monitorOptions],
  deskMachine: [deskOptions],
  escalationMachine: [escalationOptions],
  crewMachine: [crewOptions],
  dispatcherMachine: [dispatcherOptions],
  delegationMachine: [delegationOptions],
  fanOutMachine: [fanOutOptions],
  grantsMachine: [grantsOptions],
  ruleBookMachine: [ruleBookOptions],
  supervisorMachine: supervisorOptions.map(([, options]) => options),
  workerMachine: [workerOptions],
};

/** Every machine there is, the steps' own folders included. */
const exported = machinesIn(machines);

function machinesIn(module: object): (readonly [name: string, machine: AnyStateMachine])[] {
  return Object.entries(module).flatMap(([name, value]) => {
    if (isMachine(value)) return [[name, value] as const];
    const isModule = Object.prototype.toString.call(value) === "[object Module]";
    return isModule ? machinesIn(value as object) : [];
  });
}

describe("our machines are gone through wholly by paths from their own graphs: states, transitions, guards both ways", () => {
  const coverages: Coverage[] = [];
  afterAll(() => process.stdout.write(`\n${coverageText(coverages)}\n`));

  test("all of them are known", () => {
    expect(exported.map(([name]) => name).sort()).toEqual(Object.keys(suites).sort());
  });

  test.each(exported)(
    "%s",
    (name, machine) => {
      const coverage = coverageOf(machine);
      coverages.push(coverage);
      for (const options of suites[name] ?? []) coverage.add(...pathsOf(machine, options as never));
      expect(coverage).toCoverAll(machine);
      // The supervisor has hundreds of paths.
    },
    90_000,
  );
});
