import type { Outcome } from "./local-steps.ts";

/** A step of a team: what happened, in numbers of places and parts. */
export type TeamStep =
  | {
      readonly kind: "deliver" | "overtake";
      readonly place: number;
      readonly message: number;
      readonly outcome: Outcome;
    }
  | { readonly kind: "lose" | "double"; readonly message: number }
  | {
      readonly kind: "timer" | "call";
      readonly place: number;
      /** Which of the timers or call choices of the cell it was. */
      readonly at: number;
      readonly cell: number;
      readonly outcome: Outcome;
    }
  | {
      readonly kind: "event";
      readonly place: number;
      readonly message: number;
      readonly outcome: Outcome;
    }
  | {
      readonly kind: "take up" | "start" | "crash" | "write";
      readonly place: number;
      readonly cell: number;
      readonly outcome: Outcome;
    };
