import type { TeamOptions } from "coxswain/testing";
import { forgetfulLedger, hastyLedger, ledger } from "./ledger.ts";
import { billing, work } from "./protocols.ts";
import { worker } from "./worker.ts";

/** Two workers, each with a job of its own, at one ledger. The network may lose a message. */
const teamOf = (machine: typeof ledger) => {
  // #region team
  const members = {
    ledger: { machine, protocol: billing },
    anna: { machine: worker, protocol: work, input: { job: "a" } },
    ben: { machine: worker, protocol: work, input: { job: "b" } },
  } as const;
  return {
    members,
    channels: { lossesMax: 1 },
    safe: {
      "each job is charged once": ({ members: { ledger } }) =>
        new Set(ledger.context.charged).size === ledger.context.charged.length,
    },
    reachable: {
      "both are paid": ({ members: { anna, ben } }) => anna.value === "paid" && ben.value === "paid",
    },
  } satisfies TeamOptions<typeof members>;
  // #endregion
};

export const hastyTeam = teamOf(hastyLedger);
export const forgetfulTeam = teamOf(forgetfulLedger);
export const team = teamOf(ledger);
