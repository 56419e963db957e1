import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { CommandFailure, UsageError } from "./command.ts";
import { plainText } from "./output.ts";
import { refusalOf } from "./run.ts";

/**
 * What a module of the user's exports.
 *
 * @throws UsageError where there is no such file; CommandFailure where it cannot be loaded
 */
export async function loadModule(file: string): Promise<Readonly<Record<string, unknown>>> {
  const path = resolve(file);
  const name = plainText(file);
  if (!existsSync(path)) throw new UsageError(`There is no file "${name}"`);
  const refusal = refusalOf(file, process.features.typescript, process.version);
  if (refusal !== undefined) throw new CommandFailure(refusal);
  return import(pathToFileURL(path).href).catch((error: unknown) => {
    throw new CommandFailure(
      `"${name}" cannot be loaded: ${error instanceof Error ? error.stack : String(error)}`,
    );
  });
}
