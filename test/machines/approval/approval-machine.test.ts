import { describe, expect, test } from "vitest";
import { approvalMachine, pendingApprovalOf } from "../../../machines/index.ts";
import { type ActorAddress, approval } from "../../../protocols/index.ts";
import { pathsOf } from "../../../src/testing/model/index.ts";
import { approvalOptions } from "../../src/testing/model/authority-machines.ts";

void [describe, expect, approvalMachine, pendingApprovalOf, approval, "" as ActorAddress];
for (const path of pathsOf(approvalMachine, approvalOptions)) test(path.name, () => path.run());
