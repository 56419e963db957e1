import { createSystem } from "coxswain";
import { startCrew } from "coxswain/actors";
import type { CrewOrder, CrewWord } from "./crew-process.ts";
import { read } from "./read-task.ts";
import { reasonOf } from "./text.ts";

/** A crew in a process of its own: a node of the desk's system, which ends when the desk says so, or is gone. */

const say = (word: CrewWord): void => {
  if (process.connected) process.send?.(word);
};

async function serve({ system: name, crew, workers, withinMs, servers }: CrewOrder): Promise<void> {
  const system = await createSystem({
    name,
    node: crew,
    servers,
    onReport: ({ level, message }) => {
      if (level !== "info") say({ kind: "report", message: `${crew}: ${message}` });
    },
  });
  const end = (): void => void system.drain({ withinMs: 1_000 }).then(() => process.exit());
  // The desk has ended, in order or not: the channel between us closes either way.
  process.once("disconnect", end);
  process.once("SIGTERM", end);
  if (!process.connected) return end();
  await startCrew(system, crew, { size: workers, perform: read, withinMs });
  say({ kind: "ready" });
}

// Ctrl-C in a terminal reaches every process of it; the desk decides what ends when.
process.on("SIGINT", () => {});
process.once("message", (order: CrewOrder) => {
  serve(order).catch((error: unknown) => {
    say({ kind: "failed", reason: reasonOf(error) });
    process.exitCode = 1;
    process.disconnect();
  });
});
