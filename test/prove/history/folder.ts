import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ClientLine, History } from "./lines.ts";

/** The client's log as it is written, a line an event. */
export const clientLog = "client.jsonl";

const others = ["effects", "states", "commits", "faults"] as const;

/** Keeps all but the client's log, which is there already. */
export async function writeHistory(folder: string, history: History): Promise<void> {
  for (const name of others) {
    const lines = history[name].map((line) => `${JSON.stringify(line)}\n`);
    await writeFile(join(folder, `${name}.jsonl`), lines.join(""));
  }
}

/** What the client has written so far. */
export async function readClientLog(folder: string): Promise<ClientLine[]> {
  return (await linesOf(join(folder, clientLog))) as ClientLine[];
}

async function linesOf(path: string): Promise<unknown[]> {
  const text = await readFile(path, "utf8");
  // The last line may be being written.
  return text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .flatMap((line) => (line === "" ? [] : [JSON.parse(line)]));
}
