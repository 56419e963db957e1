import { fromPromise, type PromiseActorLogic } from "xstate";
import {
  control,
  nodeAddress,
  type PayloadOf,
  type QuestionTypeOf,
  type ReplyOf,
} from "../protocols/index.ts";
import { type AskLimits, contextOf } from "./call-context.ts";
import { asks } from "./calls.ts";

type Control = typeof control;

/**
 * Actor logic: asks the node that the machine runs on, whichever that is, and waits; as {@link asking} does.
 *
 * @example
 * actors: { roster: askingNode("roster") }
 * invoke: { src: "roster", input: { with: { authority: "COORDINATOR" } } }
 */
export function askingNode<const K extends QuestionTypeOf<Control>>(
  type: K,
): PromiseActorLogic<ReplyOf<Control, K>, AskLimits & { readonly with: PayloadOf<Control, K> }> {
  const logic = fromPromise(async ({ input, signal, self, system }) => {
    const { with: payload, ...limits } = input as AskLimits & { readonly with: object };
    const context = contextOf(self, system);
    if (context === undefined)
      throw new Error(`askingNode(${type}) needs a running system; provide the actor in tests`);
    const { node = { name: "own" } } = context.cell;
    const both = AbortSignal.any([signal, context.signal]);
    const message = { ...payload, type };
    const within = { ...limits, signal: both, callKey: context.key };
    return context.cell.ask(context.cause, control, nodeAddress(node.name), message, within);
  });
  return Object.assign(logic, { [asks]: true }) as never;
}
