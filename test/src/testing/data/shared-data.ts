import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../..", import.meta.url));

/** Where data lies that is not part of this repository: beside it, or where `COXSWAIN_DATA` says. */
const dataFolder = resolve(root, process.env.COXSWAIN_DATA ?? "../shared/data");

export interface SharedData {
  readonly folder: string;
  readonly present: boolean;
  /** For the name of a test that is skipped without it. */
  readonly note: string;
}

export function sharedData(name: string): SharedData {
  const folder = join(dataFolder, name);
  const present = existsSync(folder);
  const missing = `skipped: nothing at ${folder}; COXSWAIN_DATA may say where it is`;
  if (!present) process.stdout.write(`${name} ${missing}\n`);
  return { folder, present, note: present ? "" : ` (${missing})` };
}

/** Figures for people, one line a row. */
export function tableOf(rows: readonly Readonly<Record<string, unknown>>[]): string {
  const heads = Object.keys(rows[0] ?? {});
  const lines = [heads, ...rows.map((row) => heads.map((head) => String(row[head])))];
  const widths = heads.map((_, n) => Math.max(...lines.map((line) => (line[n] as string).length)));
  return `${lines.map((line) => line.map((cell, n) => cell.padEnd(widths[n] as number)).join("  ")).join("\n")}\n`;
}
