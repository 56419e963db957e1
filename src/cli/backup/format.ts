import { CommandFailure } from "../command.ts";

// An export is a file of lines, each a JSON object: the header, the entries, the end.

const format = 1;

/** What each entry is of. In this order, so that a system has types only when all else is there. */
export const kinds = ["message", "record", "history", "letter", "placement"] as const;
export type Kind = (typeof kinds)[number];
export type Counts = Readonly<Record<Kind, number>>;

export interface Header {
  readonly coxswain: "export";
  readonly format: number;
  readonly system: string;
  readonly atMs: number;
  readonly server: string;
  /** Nodes that lived while it was made. */
  readonly nodes: readonly string[];
  /** Entries that may wait in an inbox. */
  readonly waitingMax: number;
  /** Of types that keep histories, how many entries for each agent. */
  readonly histories: Readonly<Record<string, number>>;
}

/** Something of a bucket (its key) or of a stream (its subject). */
export interface Entry {
  readonly kind: Kind;
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface End {
  readonly counts: Counts;
  /** Whether something was written meanwhile: then records and inboxes are of different moments. */
  readonly moved: boolean;
  /** Of all lines before it. */
  readonly sha256: string;
}

export function noCounts(): Record<Kind, number> {
  return { message: 0, record: 0, history: 0, letter: 0, placement: 0 };
}

export function headerLine(header: Omit<Header, "coxswain" | "format">): string {
  return JSON.stringify({ coxswain: "export", format, ...header } satisfies Header);
}

export function entryLine({ kind, name, bytes }: Entry): string {
  return JSON.stringify([kind, name, Buffer.from(bytes).toString("base64")]);
}

export function endLine(end: End): string {
  return JSON.stringify({ end });
}

/** @throws CommandFailure for what is no export, or one of a later format */
export function parseHeader(line: string): Header {
  const header = parse(line, 1) as Partial<Header> | null;
  if (header?.coxswain !== "export") throw new CommandFailure("This file is no export of coxswain");
  if (header.format !== format) {
    throw new CommandFailure(
      `Expected an export of format ${format}, got ${String(header.format)}: a newer coxswain made it`,
    );
  }
  const { system, waitingMax, histories } = header;
  if (typeof system !== "string" || !Number.isSafeInteger(waitingMax) || typeof histories !== "object")
    throw damaged(1, "its header");
  return header as Header;
}

/** @throws CommandFailure */
export function parseLine(line: string, number: number): Entry | End {
  const value = parse(line, number);
  if (Array.isArray(value)) {
    const [kind, name, base64] = value as unknown[];
    if (!kinds.includes(kind as Kind) || typeof name !== "string" || typeof base64 !== "string")
      throw damaged(number, "no entry is like that");
    return { kind: kind as Kind, name, bytes: new Uint8Array(Buffer.from(base64, "base64")) };
  }
  const { end } = (value ?? {}) as { readonly end?: Partial<End> };
  if (typeof end?.sha256 !== "string" || typeof end.counts !== "object")
    throw damaged(number, "no line is like that");
  return end as End;
}

function parse(line: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw number === 1
      ? new CommandFailure("This file is no export of coxswain")
      : damaged(number, "it is no JSON");
  }
}

export function damaged(line: number, why: string): CommandFailure {
  return new CommandFailure(`The file is damaged at line ${line}: ${why}. Nothing of it was taken`);
}

export function countsText({ record, message, history, letter, placement }: Counts): string {
  return `${record} agents, ${message} entries of inboxes, ${history} of histories, ${letter} dead letters, ${placement} entries of placement`;
}
