import { type PendingApproval, pendingApprovalsAmong } from "../../machines/index.ts";
import { actorAddress, approval, isActorAddress, isCoxswainError } from "../../protocols/index.ts";
import { storedAgents } from "../durable/inspection/index.ts";
import { openSystem, systemOptions } from "./choose.ts";
import { type Command, CommandFailure, exitCodes, type Given, UsageError } from "./command.ts";
import { durationText, type Paint, paintFor, plainText, print, toJson } from "./output.ts";

export const approvals: Command = {
  name: "approvals",
  summary: "list what waits for somebody's approval, approve or refuse it",
  usage: "approvals [approve|refuse <id>] [options]",
  says: `Lists the gates that wait for a decision: what is to be approved, until when, what holds if nobody decides, and
who may. "approve" and "refuse" decide at one. The first decision holds: who comes later, or too late, is told which, with
exit code 1. With --hash the decision counts only if the gate is about just that.`,
  example:
    'coxswain approvals\ncoxswain approvals approve deploy-7 --by ann\ncoxswain approvals refuse deploy-7 --by ann --reason "not today"',
  options: {
    ...systemOptions,
    by: {
      type: "string",
      value: "NAME",
      says: "Who decides; one of the deciders, where the gate names them",
    },
    reason: { type: "string", value: "TEXT", says: "Why" },
    hash: { type: "string", value: "HASH", says: "Of what was looked at; default what the gate is about" },
    json: { type: "boolean", says: "One JSON object a line" },
  },
  positionalsMax: 2,
  run: async (given) => {
    const [what, id] = given.positionals;
    if (what === undefined) return await list(given);
    if ((what === "approve" || what === "refuse") && id !== undefined)
      return await decide(given, what === "approve", id);
    throw new UsageError(
      'Expected "coxswain approvals", "coxswain approvals approve ID" or "coxswain approvals refuse ID"',
    );
  },
};

async function list(given: Given): Promise<number> {
  await using client = await openSystem(given);
  const store = await client.durableStore();
  const pending = store === undefined ? [] : await pendingApprovalsAmong(storedAgents(store, "approval"));
  const paint = paintFor(process.stdout);
  if (given.flag("json")) for (const gate of pending) print(toJson(gate));
  else if (pending.length === 0) print("nothing waits for approval");
  else for (const gate of pending) print(gateText(gate, Date.now(), paint));
  return exitCodes.ok;
}

function gateText(gate: PendingApproval, nowMs: number, paint: Paint): string {
  const { id, summary, hash, untilMs, deciders, otherwise } = gate;
  const leftMs = untilMs - nowMs;
  const until = new Date(untilMs).toISOString();
  const left = leftMs >= 0 ? `in ${durationText(leftMs)}` : `for ${durationText(-leftMs)}`;
  const who = deciders.length === 0 ? "anybody" : deciders.map(plainText).join(", ");
  return [
    `${paint("bold", id)}  ${plainText(summary)}`,
    `    ${paint("dim", `until    ${until}, ${left}; then ${otherwise === "approve" ? "approved" : "refused"}`)}`,
    `    ${paint("dim", `deciders ${who}`)}`,
    `    ${paint("dim", `hash     ${plainText(hash)}`)}`,
  ].join("\n");
}

async function decide(given: Given, approve: boolean, id: string): Promise<number> {
  const by = given.text("by");
  if (by === undefined) throw new UsageError("Expected who decides: --by NAME");
  const address = `approval.${id}`;
  if (!isActorAddress(address))
    throw new UsageError(`Expected the id of a gate like "deploy-7", got "${plainText(id)}"`);
  await using client = await openSystem(given);
  // To who is not there, a question would wait until somebody hosts gates.
  const store = await client.durableStore();
  if (store?.placement.types.has("approval") !== true)
    throw new CommandFailure(`System ${client.system} has no approval gates`);
  const gate = client.ref(actorAddress(address), approval);
  const reason = given.text("reason") ?? "";
  try {
    const { summary, hash } = await gate.ask({ type: "status" });
    const decision = { approve, by, reason, hash: given.text("hash") ?? hash };
    const answer = await gate.ask({ type: "decide", ...decision });
    if (given.flag("json")) print(toJson({ id, summary, ...answer }));
    else print(answerText(id, summary, answer));
    return answer.outcome === "decided" ? exitCodes.ok : exitCodes.failed;
  } catch (error) {
    if (isCoxswainError(error) && error.code === "REFUSED")
      throw new CommandFailure(plainText(error.message));
    throw error;
  }
}

function answerText(
  id: string,
  summary: string,
  { outcome, state, by, reason }: { outcome: string; state: string; by: string; reason: string },
): string {
  const why = reason === "" ? "" : ` (${plainText(reason)})`;
  if (outcome === "decided") return `${id} is ${state}: ${plainText(summary)}`;
  return `${id} was ${state} before, by ${plainText(by)}${why}`;
}
