import { pathsOf } from "coxswain/testing";
import { test } from "vitest";
import { work } from "./protocols.ts";
import { worker } from "./worker.ts";

for (const way of pathsOf(worker, { protocol: work, input: { job: "a" } })) test(way.name, () => way.run());
