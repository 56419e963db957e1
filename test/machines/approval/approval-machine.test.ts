import { test } from "vitest";
import { approvalMachine } from "../../../machines/index.ts";
import { pathsOf } from "../../../src/testing/model/index.ts";
import { approvalOptions } from "../../src/testing/model/authority-machines.ts";

for (const path of pathsOf(approvalMachine, approvalOptions)) test(path.name, () => path.run());
