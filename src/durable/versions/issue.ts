import { copyPlain, isCoxswainError, type Limits, toWireError } from "../../../protocols/index.ts";

/** What is wrong with a snapshot, and where: `children.pay.snapshot.value`. */
export interface Issue {
  readonly path: string;
  readonly says: string;
}

// How large a record may be is the store's affair.
const roomy: Limits = {
  bytesMax: Number.POSITIVE_INFINITY,
  depthMax: 200,
  nodesMax: Number.POSITIVE_INFINITY,
};

export type Copied =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly issue: Issue };

/** A deep copy, or why the value is no plain data. */
export function copied(value: unknown, path: string): Copied {
  try {
    return { ok: true, value: copyPlain(value, roomy).value };
  } catch (error) {
    const at = isCoxswainError(error) ? String(error.details.path ?? "body") : "body";
    const { message } = toWireError(error);
    const end = message.lastIndexOf(` at ${at}`);
    const says = end < 0 ? message : message.slice(0, end);
    return { ok: false, issue: { path: `${path}${at.slice("body".length)}`, says } };
  }
}
