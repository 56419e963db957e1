import { valueOrThrow } from "../transport/outcomes.ts";
import type { Stream, StreamEntry } from "../transport/transport.ts";
import { isUnchanged, opened, sha256 } from "./sealed-record.ts";

/** A place in the chain that was noted elsewhere. */
export interface AuditAnchor {
  readonly sequence: number;
  /** SHA-256 of the entry, as it is stored. */
  readonly hash: string;
}

export interface AuditFinding {
  /** Where: of what is gone, the first. */
  readonly sequence: number;
  /**
   * - `changed`: it is not what was sealed.
   * - `removed`: it was written, and is there no more.
   * - `moved`: it was written at another place.
   * - `foreign`: no node of ours has written it, or one of another zone than it says.
   * - `broken`: it does not follow the one before, as that is now: one of both is not what it was.
   */
  readonly what: "changed" | "removed" | "moved" | "foreign" | "broken";
  readonly text: string;
}

export interface AuditVerdict {
  readonly ok: boolean;
  /** The first that is kept; those before it have gone by the stream's limits, or look as if they had. 0 where there is none. */
  readonly from: number;
  readonly to: number;
  readonly records: number;
  /** To be noted elsewhere, for a later check. */
  readonly head: AuditAnchor;
  /** At most {@link findingsMax}, the first. */
  readonly findings: readonly AuditFinding[];
}

export const findingsMax = 1_000;
const pageSize = 256;

/** Reads a whole stream of the audit, up to what is its end now. */
export async function verifyStream(stream: Stream, anchor?: AuditAnchor): Promise<AuditVerdict> {
  const end = valueOrThrow(await stream.lastSequence());
  const chain = new Chain(anchor);
  for (let fromSequence = 1; fromSequence <= end; ) {
    const page = valueOrThrow(await stream.read({ fromSequence, limit: pageSize }));
    for (const entry of page) if (entry.sequence <= end) chain.next(entry);
    if (page.length === 0) break;
    fromSequence = (page.at(-1)?.sequence ?? end) + 1;
  }
  return chain.verdict(end);
}

/** What is known of the entries up to one. */
class Chain {
  readonly #anchor: AuditAnchor | undefined;
  readonly #findings: AuditFinding[] = [];
  #from = 0;
  #records = 0;
  #last: AuditAnchor = { sequence: 0, hash: "" };
  /** Something is wrong with the last one: that the next does not follow it says no more. */
  #doubtful = false;

  constructor(anchor: AuditAnchor | undefined) {
    this.#anchor = anchor;
  }

  next(entry: StreamEntry): void {
    const { sequence, payload } = entry;
    const here = { sequence, hash: sha256(payload) };
    if (this.#from === 0) this.#from = sequence;
    else this.#missing(sequence);
    this.#records += 1;
    const finding = this.#wrongWith(entry) ?? this.#againstAnchor(here);
    if (finding !== undefined) this.#found({ sequence, ...finding });
    this.#doubtful = finding !== undefined && finding.what !== "broken";
    this.#last = here;
  }

  #missing(sequence: number): void {
    const next = this.#last.sequence + 1;
    if (sequence === next) return;
    const which = sequence - 1 === next ? `${next} is` : `${next} to ${sequence - 1} are`;
    this.#found({ sequence: next, what: "removed", text: `${which} gone` });
    this.#doubtful = true;
  }

  #wrongWith({ sequence, subject, payload }: StreamEntry): Omit<AuditFinding, "sequence"> | undefined {
    const record = opened(payload);
    if (record === undefined) return { what: "foreign", text: `${sequence} is no record` };
    if (!isUnchanged(payload)) return { what: "changed", text: `${sequence} is not what was sealed` };
    if (record.number !== sequence)
      return { what: "moved", text: `${sequence} was written as ${record.number}` };
    const [, , , zone, kind] = subject.split(".");
    if (record.zone !== zone || record.kind !== kind)
      return {
        what: "foreign",
        text: `${sequence} says that it is of zone ${record.zone} and kind ${record.kind}, and came on ${subject}`,
      };
    const isFirst = this.#last.sequence === 0 && sequence > 1;
    if (isFirst || this.#doubtful || record.previous === this.#last.hash) return undefined;
    const before = sequence === 1 ? "nothing" : String(sequence - 1);
    return { what: "broken", text: `${sequence} does not follow ${before} as that is now` };
  }

  #againstAnchor({ sequence, hash }: AuditAnchor): Omit<AuditFinding, "sequence"> | undefined {
    if (sequence !== this.#anchor?.sequence || hash === this.#anchor.hash) return undefined;
    return { what: "changed", text: `${sequence} is not what was noted of it` };
  }

  #found(finding: AuditFinding): void {
    if (this.#findings.length < findingsMax) this.#findings.push(finding);
  }

  verdict(end: number): AuditVerdict {
    const written = Math.max(end, this.#anchor?.sequence ?? 0);
    if (written > this.#last.sequence) this.#missing(written + 1);
    return {
      ok: this.#findings.length === 0,
      from: this.#from,
      to: this.#last.sequence,
      records: this.#records,
      head: this.#last,
      findings: this.#findings,
    };
  }
}
