import type { AnyEventObject } from "xstate";
import type { Actors, AskLimits } from "../../machines/index.ts";
import { type ActorAddress, type ActorOutcome, fromWireError, type Protocol } from "../../protocols/index.ts";
import type { ActorDefinition } from "../actor.ts";
import type { Node } from "../node.ts";
import type { HostCell, Verdict } from "../xstate/host.ts";
import { looseProtocol } from "./loose-protocol.ts";
import type { Said } from "./words.ts";

/** What the node's side of a hosted actor needs of its cell. */
export interface RemoteCell extends HostCell {
  readonly address: ActorAddress;
  readonly node: Node;
  readonly definition: ActorDefinition;
  readonly outcome: ActorOutcome | undefined;
  readonly actors: Actors;
  /** A turn answered "pending" is over: `said` does what was said in it, as a part of that turn. */
  complete(said: () => Verdict): void;
  endWith(outcome: ActorOutcome): void;
  finish(outcome: ActorOutcome): void;
  ask(
    cause: unknown,
    protocol: Protocol,
    to: ActorAddress,
    message: AnyEventObject,
    limits: AskLimits,
  ): Promise<unknown>;
}

/** Does what a hosted actor said, as if it said it now. */
export function repeat(word: Said, cell: RemoteCell): void {
  switch (word.say) {
    case "send":
      return cell.send(targetOf(word.target, word.event), word.event);
    case "emit":
      return cell.emit(word.event);
    case "log":
      return cell.log(word.args);
    case "lost":
      return cell.lost({ type: word.event }, word.target);
    case "withheld":
      return cell.withheld(word.kind, word.detail);
    case "effectFailed":
      return cell.effectFailed(fromWireError(word.error), word.what);
    case "done":
      return cell.done(word.output);
    case "failed":
      return cell.failed(fromWireError(word.error));
    case "stop":
      return cell.endWith({
        kind: "stopped",
        ...(word.reason === undefined ? {} : { reason: word.reason }),
      });
  }
}

/** Protocols stay in the worker. */
function targetOf(target: unknown, event: AnyEventObject): unknown {
  if (typeof target !== "object" || target === null || !("$to" in target)) return target;
  const { protocol, ...rest } = target as { $to: string; protocol: string; grant?: string };
  return { ...rest, protocol: looseProtocol(protocol, event.type, "message") };
}
