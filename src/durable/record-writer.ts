import type { durability } from "../../machines/index.ts";
import type { CoxswainError } from "../../protocols/index.ts";
import { isLostRace } from "../transport/outcomes.ts";
import { pause, type RecordHost } from "./activation.ts";
import type { AgentMessage, AgentState, AgentWrite } from "./agent-record.ts";
import { decodeRecord } from "./record-codec.ts";

/** Whose record it is. */
export interface RecordOwner {
  /** Nothing is to be told any more. */
  readonly isGone: boolean;
  /** The record as bytes; undefined where it cannot be written, which the owner then sees to itself. */
  encode(write: AgentWrite): Uint8Array | undefined;
  answered(answer: durability.Answer): void;
  readBack(stored: durability.Stored<AgentState, AgentMessage> | undefined): void;
  /** The runtime threw. */
  broke(error: unknown): void;
}

/** Writes one agent's record, and reads it where only that can tell what became of a write (R3). */
export class RecordWriter {
  readonly #host: RecordHost;
  readonly #key: string;
  readonly #owner: RecordOwner;
  #written: { readonly write: AgentWrite; readonly bytes: Uint8Array } | undefined;
  /** Without an answer. */
  #tries = 0;

  constructor(host: RecordHost, key: string, owner: RecordOwner) {
    this.#host = host;
    this.#key = key;
    this.#owner = owner;
  }

  write(write: AgentWrite): void {
    const bytes = this.#bytesOf(write);
    if (bytes !== undefined) this.#walled(this.#write(bytes, write.expect));
  }

  read(): void {
    this.#walled(this.#read());
  }

  committed(): void {
    this.#written = undefined;
    this.#tries = 0;
  }

  /** The same bytes for the same write, however often it is tried. */
  #bytesOf(write: AgentWrite): Uint8Array | undefined {
    if (this.#written?.write === write) return this.#written.bytes;
    const bytes = this.#owner.encode(write);
    this.#written = bytes && { write, bytes };
    return bytes;
  }

  async #write(bytes: Uint8Array, expect: number): Promise<void> {
    const outcome = await this.#host.records.update(this.#key, bytes, expect);
    if (this.#owner.isGone) return;
    if (outcome.kind === "ok") return this.#owner.answered({ kind: "ok", revision: outcome.value });
    if (isLostRace(outcome)) return this.#owner.answered({ kind: "conflict" });
    await this.#pause(outcome.error);
    if (!this.#owner.isGone) this.#owner.answered({ kind: "unknown" });
  }

  async #read(): Promise<void> {
    for (;;) {
      const found = await this.#host.records.get(this.#key);
      if (this.#owner.isGone) return;
      if (found.kind === "ok") {
        const { value, revision = 0 } = found.value ?? {};
        return this.#owner.readBack(value && { record: decodeRecord(value).record, revision });
      }
      await this.#pause(found.error);
      if (this.#owner.isGone) return;
    }
  }

  #pause(error: CoxswainError): Promise<void> {
    this.#host.stuck(this.#key, error, this.#tries);
    return pause(this.#host.env, this.#tries++);
  }

  #walled(doing: Promise<void>): void {
    doing.catch((error: unknown) => this.#owner.broke(error));
  }
}
