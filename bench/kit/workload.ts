import type { SideSpec } from "./start-side.ts";

/** One ratio that is printed, and perhaps wanted. */
export interface Comparison {
  readonly subject: string;
  readonly against: string;
  /** The ratio that is wanted: `atLeast` of what is better when higher, `atMost` of what is better when lower. */
  readonly atLeast?: number;
  readonly atMost?: number;
}

export interface Figure {
  /** As the sides call it. */
  readonly name: string;
  readonly title: string;
  readonly unit: "/s" | "ms" | "µs" | "bytes" | "×";
  readonly compare?: readonly Comparison[];
  /** A bound for the subject itself, in the figure's unit. */
  readonly bounds?: readonly {
    readonly subject: string;
    readonly atLeast?: number;
    readonly atMost?: number;
  }[];
}

/** What is measured in one go: each side once a round. */
export interface Case {
  readonly name: string;
  readonly title: string;
  readonly figures: readonly Figure[];
  /** Of the workload's sides; default all. */
  readonly sides?: readonly string[];
}

export interface Workload {
  readonly id: string;
  readonly title: string;
  readonly sides: readonly SideSpec[];
  readonly cases: readonly Case[];
  /** A fresh process for each round: what is measured is its memory or its start. */
  readonly fresh?: true;
  /** When the server flushes to disk; default `interval`, every second. */
  readonly sync?: "interval" | "always";
}
