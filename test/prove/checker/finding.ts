/** What a finding is of. The letters are those of the fault matrix, where it has one. */
export const promises = {
  L: "nothing that was acknowledged is lost",
  D: "nothing is done twice",
  O: "messages of one sender are worked on in order",
  Z: "no owner writes after it was replaced",
  X: "nothing is done that was refused, or never sent",
  C: "money is neither made nor lost",
  T: "a timer goes off once, and neither early nor too late",
  R: "the result of a call is applied once, to its own call",
} as const;

export type PromiseId = keyof typeof promises;

/** A promise that was broken. */
export interface Finding {
  readonly promise: PromiseId;
  readonly actor: string;
  readonly says: string;
}
