import type { ActorOutcome } from "../../../protocols/index.ts";

/** Something that happened in a step of the team, for `history` and for the story. */
export type TeamFact =
  | {
      readonly kind: "took";
      readonly by: string;
      readonly from: string;
      readonly type: string;
      readonly body: unknown;
    }
  | {
      readonly kind: "told" | "asked";
      readonly by: string;
      readonly to: string;
      readonly type: string;
      readonly body: unknown;
    }
  | {
      readonly kind: "replied" | "refused";
      readonly by: string;
      readonly to: string;
      /** The question's. */
      readonly type: string;
      /** The answer, or the reason. */
      readonly body: unknown;
    }
  | { readonly kind: "emitted"; readonly by: string; readonly type: string; readonly body: unknown }
  /** An action of the machine's own: its effect. */
  | { readonly kind: "acted"; readonly by: string; readonly type: string; readonly body: unknown }
  | { readonly kind: "called"; readonly by: string; readonly type: string; readonly body: unknown }
  /** `unexpected`: the machine cannot take it now. `held`: its state holds it back. `late`: nobody waits for it any more. */
  | {
      readonly kind: "unexpected" | "held" | "late";
      readonly by: string;
      readonly from: string;
      readonly type: string;
      readonly body: unknown;
    }
  | { readonly kind: "ended"; readonly by: string; readonly outcome: ActorOutcome }
  | { readonly kind: "crashed" | "started" | "wrote"; readonly by: string };
