import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { ActorDefinition } from "../actor.ts";
import { CommandFailure } from "./command.ts";
import { plainText } from "./output.ts";
import { refusalOf } from "./run.ts";

/**
 * The actor definitions of a module, by the names of their types: its export `actors`, or its default one.
 *
 * @throws CommandFailure
 */
export async function loadDefinitions(file: string): Promise<Readonly<Record<string, ActorDefinition>>> {
  const refusal = refusalOf(file, process.features.typescript, process.version);
  if (refusal !== undefined) throw new CommandFailure(refusal);
  const loaded: { readonly actors?: unknown; readonly default?: unknown } = await import(
    pathToFileURL(resolve(file)).href
  ).catch((error: unknown) => {
    throw new CommandFailure(`"${plainText(file)}" cannot be loaded: ${plainText(String(error))}`);
  });
  const found = loaded.actors ?? loaded.default;
  if (typeof found === "object" && found !== null && Object.values(found).every(isDefinition)) {
    return found as Readonly<Record<string, ActorDefinition>>;
  }
  throw new CommandFailure(
    `Expected "${plainText(file)}" to export actor definitions by their types, as "actors" or as its default`,
  );
}

function isDefinition(value: unknown): boolean {
  return typeof value === "object" && value !== null && "behaviour" in value && "protocol" in value;
}

/** The durable definition of a type. @throws CommandFailure */
export async function loadDefinition(file: string, type: string): Promise<ActorDefinition> {
  const all = await loadDefinitions(file);
  const found = Object.hasOwn(all, type) ? all[type] : undefined;
  if (found?.durability !== undefined) return found;
  const known = Object.keys(all).filter((name) => all[name]?.durability !== undefined);
  throw new CommandFailure(
    `Expected a durable actor "${type}" in "${plainText(file)}", got ${known.join(", ") || "none"}`,
  );
}
