import {
  type AuditNote,
  type AuditRecord,
  auditNote,
  auditPattern,
  CoxswainError,
  quote,
} from "../../protocols/index.ts";
import type { Env } from "../env/env.ts";
import { isLostRace, valueOrThrow } from "../transport/outcomes.ts";
import type { Outcome, Stream, StreamEntry, StreamOptions } from "../transport/transport.ts";
import { aboutOf, opened, sealed, sha256, subjectOf, withhold } from "./sealed-record.ts";
import { type AuditAnchor, type AuditVerdict, verifyStream } from "./verify.ts";

export interface AuditOptions {
  /** Records kept; beyond it the oldest go. Holds where the stream is made; default 1,000,000. */
  readonly recordsMax: number;
  /** What they may come to, in bytes; beyond it likewise. The server sets it aside. Default 128 MiB. */
  readonly bytesMax: number;
  /** What bears one of these names in inputs or outcome is not kept; default `payload`, `result`, `token`, `grant`, `secret` and the like. */
  readonly withheld: readonly string[];
}

export const auditDefaults: AuditOptions = {
  recordsMax: 1_000_000,
  bytesMax: 128 * 1_048_576,
  withheld: ["payload", "result", "token", "grant", "secret", "password", "apiKey", "authorization"],
};

/** @throws OPTION_INVALID */
export function auditOptionsOf(given: Partial<AuditOptions> = {}): AuditOptions {
  const options = { ...auditDefaults, ...given };
  for (const name of ["recordsMax", "bytesMax"] as const) {
    if (Number.isSafeInteger(options[name]) && options[name] >= 1) continue;
    const text = `Expected audit.${name} to be a whole number >= 1, got ${quote(options[name])}`;
    throw new CoxswainError("OPTION_INVALID", text);
  }
  return options;
}

export interface AuditSource {
  readonly system: string;
  readonly zone: string;
  readonly env: Env;
  readonly stream: Stream;
}

/** A record and where it is. */
export interface AuditEntry {
  readonly sequence: number;
  readonly record: AuditRecord;
}

/** The last entry, as far as this writer knows. */
interface Tail {
  readonly sequence: number;
  readonly hash: string;
}

/** So often another may be first; and the store may not say what became of it. */
const racesMax = 100;
const unknownsMax = 3;
const idsMax = 10_000;
const pageSize = 256;

/**
 * What was decided, by whom, on what grounds: a stream that nodes append to, each record with the hash of the one before, so that
 * nobody can change, remove or reorder what is kept without its being found. A record is written behind the last one or not at all.
 */
export class Audit {
  readonly #source: AuditSource;
  readonly #withheld: ReadonlySet<string>;
  #tail: Tail | undefined;
  /** Where records are, by their ids: those that this writer has written or passed lately. */
  readonly #ids = new Map<string, number>();
  #writing: Promise<unknown> = Promise.resolve();

  constructor(source: AuditSource, { withheld }: Pick<AuditOptions, "withheld"> = auditDefaults) {
    this.#source = source;
    this.#withheld = new Set(withheld);
  }

  /**
   * Keeps a note. Resolves when it is stored; told again under the same id after an answer was lost, it is there once, or counts once.
   *
   * @param actor who notes it
   * @throws MESSAGE_INVALID, PAYLOAD_TOO_LARGE; STORE_FAILED or STORE_FULL where it may be tried again
   */
  append(note: AuditNote, actor = ""): Promise<{ readonly sequence: number }> {
    const writing = this.#writing.then(() => this.#append(checked(note), actor));
    this.#writing = writing.catch(() => {});
    return writing;
  }

  async #append(note: AuditNote, actor: string): Promise<{ readonly sequence: number }> {
    const { system, zone, env, stream } = this.#source;
    const inputs = withhold(note.inputs ?? null, this.#withheld);
    const outcome = withhold(note.outcome ?? null, this.#withheld);
    let unknowns = 0;
    for (let races = 0; races < racesMax; races++) {
      const known = this.#ids.get(note.id);
      if (known !== undefined) return { sequence: known };
      this.#tail ??= await this.#lookForTail();
      const { sequence: lastSequence, hash: previous } = this.#tail;
      const more = { number: lastSequence + 1, atMs: env.nowMs(), actor, zone, previous };
      const { record, payload } = sealed({ ...note, inputs, outcome, ...more });
      const appended = await stream.append(subjectOf(system, record), payload, { lastSequence });
      if (appended.kind === "ok") {
        this.#passed({ sequence: appended.value, payload }, note.id);
        return { sequence: appended.value };
      }
      if (appended.kind === "unknown" && ++unknowns >= unknownsMax) throw appended.error;
      if (appended.kind === "rejected" && !isLostRace(appended)) throw appended.error;
      await this.#readOn(lastSequence, isLostRace(appended));
    }
    const text = `${racesMax} others were first each time ${quote(note.id)} was to be kept`;
    throw new CoxswainError("STORE_FAILED", text);
  }

  /** Sees what others have written meanwhile, or we ourselves without hearing of it. */
  async #readOn(behind: number, raced: boolean): Promise<void> {
    const found = await this.#page({ fromSequence: behind + 1 });
    for (const entry of found) this.#passed(entry, opened(entry.payload)?.id);
    // Somebody was first, and it is gone.
    if (raced && found.length === 0) this.#tail = undefined;
  }

  #passed({ sequence, payload }: Pick<StreamEntry, "sequence" | "payload">, id: string | undefined): void {
    this.#tail = { sequence, hash: sha256(payload) };
    if (id === undefined || this.#ids.has(id)) return;
    if (this.#ids.size >= idsMax) this.#ids.delete(this.#ids.keys().next().value as string);
    this.#ids.set(id, sequence);
  }

  async #lookForTail(): Promise<Tail> {
    const sequence = valueOrThrow(await this.#source.stream.lastSequence());
    const [last] = await this.#page({ fromSequence: sequence, limit: 1 });
    // Where the last one is gone, nobody knows what it was: `verify` finds the gap.
    return { sequence, hash: last?.sequence === sequence ? sha256(last.payload) : "" };
  }

  /**
   * The records that are kept, oldest first, each once; with `about`, those about one subject. What no node of ours has written is
   * passed over: {@link verify} finds it.
   */
  async *read(
    options: { readonly about?: string; readonly fromSequence?: number } = {},
  ): AsyncGenerator<AuditEntry> {
    const { about } = options;
    const subject = about === undefined ? {} : { subject: auditPattern(this.#source.system, aboutOf(about)) };
    const seen = new Set<string>();
    for (let fromSequence = options.fromSequence ?? 1; ; ) {
      const page = await this.#page({ fromSequence, ...subject });
      for (const { sequence, payload } of page) {
        fromSequence = sequence + 1;
        const record = opened(payload);
        if (record === undefined || seen.has(record.id) || (about ?? record.subject) !== record.subject)
          continue;
        seen.add(record.id);
        yield { sequence, record };
      }
      if (page.length === 0) return;
    }
  }

  /**
   * Whether what is kept is what was written: whatever was changed, removed, reordered or put in between is found, and where. Where the
   * oldest have gone, by the stream's limits or by somebody's hand, it begins behind them and says so. A head that was noted elsewhere shows, too, whether
   * all was replaced, or cut off at its end.
   */
  verify(options: { readonly anchor?: AuditAnchor } = {}): Promise<AuditVerdict> {
    return verifyStream(this.#source.stream, options.anchor);
  }

  async #page(options: {
    fromSequence: number;
    limit?: number;
    subject?: string;
  }): Promise<readonly StreamEntry[]> {
    return valueOrThrow(
      (await this.#source.stream.read({ limit: pageSize, ...options })) as Outcome<readonly StreamEntry[]>,
    );
  }
}

function checked(note: AuditNote): AuditNote {
  const parsed = auditNote.safeParse(note);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const text = `Expected a note for the audit, got a wrong ${issue?.path.join(".")}: ${issue?.message}`;
  throw new CoxswainError("MESSAGE_INVALID", text);
}

export function auditStream(
  system: string,
  { recordsMax, bytesMax }: Pick<AuditOptions, "recordsMax" | "bytesMax"> = auditDefaults,
): { readonly name: string; readonly options: StreamOptions } {
  const options = { subjects: [auditPattern(system)], messagesMax: recordsMax, bytesMax };
  return { name: `cx_${system}_audit`, options };
}
