import { shownBytes, shownMs } from "./logs/finding.ts";
import { oneLine, perSecond, shownCount, visible } from "./text.ts";
import { type CrewState, linesOf, type ReaderState, type ViewState } from "./view-state.ts";

export interface FrameOptions {
  readonly columns: number;
  /** Lines it may take; busy readers beyond are counted only. */
  readonly rows: number;
  readonly hasColor: boolean;
  readonly elapsedMs: number;
  /** Where a NATS client can hear the same events. */
  readonly server: string;
  readonly system: string;
}

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;
type Paint = (text: string, how: keyof typeof codes) => string;

const painted: Paint = (text, how) => `\x1b[${codes[how]}m${text}\x1b[0m`;
const plain: Paint = (text) => text;

/** One picture of a run: lines no wider than the terminal and no more than it has rows. */
export function frame(state: ViewState, options: FrameOptions): string[] {
  const { columns, rows, hasColor, elapsedMs, server, system } = options;
  const paint = hasColor ? painted : plain;
  const width = Math.max(20, columns - 1);
  const rate = `${shownCount(state.lines)} lines · ${shownCount(perSecond(state.lines, elapsedMs))} lines/s · ${shownMs(Math.round(elapsedMs / 100) * 100)}`;
  const lines = [paint(cut(`Incident desk  ${rate}`, width), "bold")];
  lines.push(paint(cut(listenHint(server, system), width), "dim"), "");
  for (const crew of state.crews) {
    lines.push(crewLine(crew, width, paint));
    const busy = [...crew.readers].filter(([, reader]) => reader.file !== undefined);
    for (const [address, reader] of busy) lines.push(readerLine(address, reader, width, paint));
    if (crew.reason !== undefined) lines.push(paint(cut(`  ${oneLine(crew.reason, width)}`, width), "red"));
  }
  if (lines.length <= rows) return lines;
  const room = Math.max(1, rows - 1);
  return [...lines.slice(0, room), paint(cut(`… ${lines.length - room} more`, width), "dim")];
}

export function listenHint(server: string, system: string): string {
  return server === "memory"
    ? "in one process, without a server"
    : `${server}  listen with: nats -s ${server} sub 'cx.${system}.ev.>'`;
}

const statuses: Readonly<Record<CrewState["status"], [string, keyof typeof codes]>> = {
  waiting: ["waiting", "dim"],
  working: ["working", "cyan"],
  done: ["done", "green"],
  failed: ["failed", "red"],
  idle: ["nothing to do", "dim"],
};

function crewLine(crew: CrewState, width: number, paint: Paint): string {
  const [word, how] = statuses[crew.status];
  const failed = crew.filesFailed > 0 ? `, ${crew.filesFailed} not read` : "";
  const files = crew.filesAll === 0 ? "" : `${crew.filesRead}/${crew.filesAll} files${failed}`;
  const lines = crew.filesAll === 0 ? "" : `${shownCount(linesOf(crew))} lines`;
  const text = cut(
    `${crew.crew.padEnd(10)} ${word.padEnd(13)} ${files.padEnd(13)} ${lines}`,
    width,
  ).trimEnd();
  return text.replace(word, paint(word, how)).replace(crew.crew, paint(crew.crew, "bold"));
}

function readerLine(address: string, reader: ReaderState, width: number, paint: Paint): string {
  const share = reader.ofBytes === 0 ? 0 : Math.min(1, reader.bytes / reader.ofBytes);
  const barWidth = Math.max(6, Math.min(24, Math.floor(width / 4)));
  const filled = Math.round(share * barWidth);
  const bar = `${"━".repeat(filled)}${"─".repeat(barWidth - filled)}`;
  const who = `  ${address.slice(address.lastIndexOf(".") + 1).padEnd(9)}`;
  const percent = `${String(Math.floor(share * 100)).padStart(3)} %`;
  const rest = `${percent} of ${shownBytes(reader.ofBytes).padEnd(10)} ${nameEnd(reader.file ?? "", width)}`;
  const room = width - who.length - barWidth - 2;
  if (room < 8) return cut(`${who} ${percent}`, width);
  return `${who} ${paint(bar, "cyan")} ${cut(rest, room)}`;
}

/** The end of a path, which is its file: `…/postgresql/cloudsql.log.gz`. */
function nameEnd(name: string, width: number): string {
  const shown = visible(name).replace(/\s/g, " ");
  const most = Math.max(12, Math.floor(width / 2) - 12);
  return shown.length <= most ? shown : `…${shown.slice(1 - most)}`;
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}
