import type { ActorDefinition } from "../actor.ts";
import type { Definitions } from "./check/released.ts";
import { CommandFailure } from "./command.ts";
import { loadModule } from "./load-module.ts";
import { plainText } from "./output.ts";

/**
 * The actor definitions of a module, by the names of their types: its export `actors`, or its default one.
 *
 * @throws UsageError where there is no such file; CommandFailure for a module that has no definitions
 */
export async function loadDefinitions(file: string): Promise<Definitions> {
  const name = plainText(file);
  const module = await loadModule(file);
  const found = module.actors ?? module.default;
  const entries = typeof found === "object" && found !== null ? Object.entries(found) : [];
  const stranger = entries.find(([, value]) => !isDefinition(value));
  if (entries.length === 0 || stranger !== undefined) {
    const got = stranger === undefined ? "none" : `"${plainText(stranger[0])}", which is none`;
    throw new CommandFailure(
      `Expected "${name}" to export actor definitions by name, as "actors" or as its default export; got ${got}`,
    );
  }
  return found as Definitions;
}

function isDefinition(value: unknown): value is ActorDefinition {
  const { protocol, behaviour } = (value ?? {}) as Partial<ActorDefinition>;
  return typeof protocol?.tag === "string" && typeof behaviour?.kind === "string";
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
