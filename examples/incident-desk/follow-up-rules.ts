import { authority } from "coxswain/machines";

/** What the desk may have done after a run, and by whom. Data: `coxswain rules` puts the like in force from a file. */
export const deskRules = authority.defineRules({
  name: "incidentDesk",
  rules: [
    {
      name: "second_look",
      from: "STAGE_COORDINATOR",
      to: "PIPELINE_COLLABORATOR",
      tasks: ["second_look"],
      limits: { storage: "1_GB" },
      escalationPath: ["desk_lead"],
    },
    {
      name: "hand_over",
      from: "STAGE_COORDINATOR",
      to: "DATA_PROCESSOR",
      tasks: ["hand_over"],
      approvalRequired: true,
      escalationPath: ["desk_lead"],
    },
  ],
});
