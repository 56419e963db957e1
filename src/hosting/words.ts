import type { AnyEventObject, StateValue } from "xstate";
import type { ActorAddress, Envelope, WireError } from "../../protocols/index.ts";

/** What a turn works for, as far as the worker has to know it. It comes back with all that the turn says. */
export interface Cause {
  readonly envelope: Pick<Envelope, "id" | "correlationId" | "deadlineMs" | "traceparent">;
}

/** What the worker may ask for while its calls run; the answer has the same number. */
export type Request =
  | {
      readonly what: "ask";
      readonly cause: Cause | undefined;
      readonly protocol: string;
      readonly to: ActorAddress;
      readonly message: AnyEventObject;
      readonly limits: {
        readonly withinMs?: number;
        readonly key?: string;
        readonly grant?: string | undefined;
      };
    }
  | { readonly what: "startActor"; readonly starting: Readonly<Record<string, unknown>> }
  | { readonly what: "stopActor"; readonly args: readonly unknown[] };

export type RequestAnswer =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: WireError };

/** What the node tells the worker. */
export type Order =
  | {
      readonly type: "begin";
      readonly address: ActorAddress;
      readonly module: string;
      readonly name: string;
      /** The protocol that the module's actor has to speak. */
      readonly protocol: string;
      readonly input: unknown;
    }
  /** A turn. It is answered by `over`. */
  | {
      readonly type: "take";
      readonly event: AnyEventObject;
      readonly cause: Cause | undefined;
      readonly signal: boolean;
    }
  | { readonly type: "cancel"; readonly id: string; readonly reason: WireError }
  | { readonly type: "answered"; readonly request: number; readonly answer: RequestAnswer }
  /** Answered by `pong`, from the worker's event loop. `collect`: after its garbage was collected. */
  | { readonly type: "ping"; readonly collect: boolean }
  | { readonly type: "stop" };

/** What the present state is, as far as the node has to know it. */
export interface View {
  readonly value: StateValue | undefined;
  readonly status: string;
  readonly starting: boolean;
  /** The types of the protocol that are held back. */
  readonly postponed: readonly string[];
}

/** What a hosted actor said, as its cell would have heard it. */
export type Said =
  | { readonly say: "send"; readonly target: unknown; readonly event: AnyEventObject }
  | { readonly say: "emit"; readonly event: AnyEventObject }
  | { readonly say: "log"; readonly args: readonly string[] }
  | { readonly say: "lost"; readonly event: string; readonly target: string }
  | {
      readonly say: "withheld";
      readonly kind: "send" | "emit" | "action" | "call";
      readonly detail: string;
    }
  | { readonly say: "effectFailed"; readonly error: WireError; readonly what: string }
  | { readonly say: "done"; readonly output: unknown }
  | { readonly say: "failed"; readonly error: WireError }
  | { readonly say: "stop"; readonly reason: string | undefined };

/** What is written down in the worker; the node does it in the same order. */
export type Word =
  | Said
  /** A turn of the actor's own begins. */
  | { readonly say: "begin"; readonly cause: Cause | undefined }
  /** A turn ends. `view` where it changed. */
  | { readonly say: "end"; readonly view: View | undefined }
  /** The first state. */
  | { readonly say: "view"; readonly view: View }
  | { readonly say: "request"; readonly number: number; readonly request: Request }
  /** Whoever made the request does not wait any more. */
  | { readonly say: "withdraw"; readonly number: number };

/** What became of a turn in the worker; `postponed`: the state that the message met holds it back. */
export type RemoteVerdict = "taken" | "unexpected" | "ended" | "postponed";

/** What the worker tells the node. */
export type Report =
  /** A turn has begun that nobody ordered. It is followed by `over`. */
  | { readonly type: "busy" }
  | {
      readonly type: "over";
      /** `loose`: said outside of a turn. */
      readonly turn: "start" | "ordered" | "own" | "loose";
      readonly verdict: RemoteVerdict;
      readonly words: readonly Word[];
    }
  | { readonly type: "pong"; readonly usedBytes: number; readonly collected: boolean }
  /** What was thrown outside of any turn; the worker ends. */
  | { readonly type: "crashed"; readonly error: WireError };
