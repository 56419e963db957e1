import type { SupervisorInput } from "../../machines/index.ts";
import type { ActorAddress, ChildSpecInput, RestartKind, Strategy } from "../../protocols/index.ts";

export const self = "shop" as ActorAddress;
export const child = (
  id: string,
  restart: RestartKind = "permanent",
  more: Partial<ChildSpecInput> = {},
) => ({
  id,
  actor: "clerk",
  restart,
  ...more,
});

/** Supervisors of each kind, which together come to all their machine does. */
export const supervisorInputs: Readonly<Record<string, SupervisorInput>> = {
  ...Object.fromEntries(
    (["one_for_one", "one_for_all", "rest_for_one"] as Strategy[]).map((strategy) => [
      strategy,
      { self, flags: { strategy }, children: [child("a"), child("b", "transient")] },
    ]),
  ),
  simple_one_for_one: { self, flags: { strategy: "simple_one_for_one" }, children: [child("a")] },
  "auto-shutdown": {
    self,
    flags: { autoShutdown: "any_significant" },
    children: [child("a", "transient", { significant: true })],
  },
  ignored: { self, children: "ignore" },
  unsound: { self, flags: { intensity: -1 }, children: [] },
};
