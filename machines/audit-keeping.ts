import { assign, type ErrorActorEvent, emit, setup } from "xstate";
import {
  type AuditNote,
  type auditor,
  type EmittedOf,
  fromWireError,
  isCoxswainError,
  type MessageOf,
  toWireError,
} from "../protocols/index.ts";
import { type Call, fromCall } from "./calls.ts";

/**
 * Actor logic: keeps a note in the audit of the system. Under one id it is kept once, or counts once, however often it is tried.
 *
 * @example
 * actors: { auditing }
 * invoke: { src: "auditing", input: ({ context }) => ({ id: `${context.id}/ended`, kind: "ended", … }) }
 */
export const auditing = fromCall(
  async (call: Call<AuditNote>): Promise<{ readonly sequence: number }> => {
    const reply = await call.askNode({ type: "audit", ...call.input }, { withinMs: 10_000 });
    if (reply.kind === "failed") throw fromWireError(reply.error);
    return { sequence: reply.sequence };
  },
  { retry: { attempts: 5 } },
);

interface KeepingContext {
  readonly note?: AuditNote;
}

/** What is wrong with the note itself does not get better by waiting. */
const lasting = new Set(["MESSAGE_INVALID", "PAYLOAD_TOO_LARGE"]);

/**
 * Keeps what it is told, one note after the other, in their order, for as long as it takes.
 *
 * - `idle`: nothing waits.
 * - `keeping`: a note is written; others wait.
 * - `pausing`: the store did not take it, for longer than a call tries; it is tried again after a while.
 */
export const auditKeepingMachine = setup({
  types: {
    context: {} as KeepingContext,
    events: {} as MessageOf<typeof auditor>,
    emitted: {} as EmittedOf<typeof auditor>,
  },
  actors: { auditing },
  delays: { again: 5_000 },
  guards: {
    isLasting: ({ event }) => lasting.has(causeOf((event as unknown as ErrorActorEvent).error).code ?? ""),
  },
  actions: {
    noteNote: assign(({ event }) => {
      const {
        type,
        sender,
        replyTo,
        underGrant,
        by = sender,
        ...note
      } = event as MessageOf<typeof auditor> & {
        readonly replyTo?: unknown;
      };
      return { note: { ...note, ...(by === undefined ? {} : { by }) } as AuditNote };
    }),
    forget: assign({ note: undefined as never }),
    sayUnkept: emit(({ context, event }) => ({
      type: "unkept" as const,
      id: context.note?.id ?? "",
      reason: causeOf((event as unknown as ErrorActorEvent).error).message,
    })),
  },
}).createMachine({
  id: "auditKeeping",
  context: {},
  initial: "idle",
  states: {
    idle: { on: { note: { target: "keeping", actions: "noteNote" } } },
    keeping: {
      meta: { postpone: ["note"] },
      invoke: {
        id: "auditing",
        src: "auditing",
        input: ({ context }) => context.note as AuditNote,
        onDone: { target: "idle", actions: "forget" },
        onError: [
          { guard: "isLasting", target: "idle", actions: ["sayUnkept", "forget"] },
          { target: "pausing" },
        ],
      },
    },
    pausing: { meta: { postpone: ["note"] }, after: { again: "keeping" } },
  },
});

/** Of a call that gave up, what it failed with. */
function causeOf(error: unknown): { readonly code: string | undefined; readonly message: string } {
  const inner = isCoxswainError(error, "CALL_FAILED") && error.cause !== undefined ? error.cause : error;
  const { code, message } = toWireError(inner);
  return { code, message };
}
