import type { Workload } from "../kit/workload.ts";
import { ask } from "./ask.ts";
import { idle } from "./idle.ts";
import { tell } from "./tell.ts";

export const workloads: readonly Workload[] = [ask, tell, idle];
