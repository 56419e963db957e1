import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** A log that lies in the example. */
export const exampleLog = (path: string): string => here(`../../../examples/incident-desk/data/logs/${path}`);

export const testFile = (path: string): string => here(path);

/** The Loghub samples are for research only: they are read where they lie, and are not part of this repository. */
export const loghubFolder = here("../../../../shared/data/logs-loghub/");
export const hasLoghub = existsSync(loghubFolder);
export const loghubMissing = `the Loghub samples are not at ${loghubFolder}`;

export interface TempFolder extends AsyncDisposable {
  /** Writes a file and says where it is. */
  write(name: string, content: string | Uint8Array): Promise<string>;
  path(name: string): string;
}

export async function tempFolder(): Promise<TempFolder> {
  const folder = await mkdtemp(join(tmpdir(), "incident-desk-"));
  return {
    path: (name) => join(folder, name),
    write: async (name, content) => {
      const path = join(folder, name);
      await writeFile(path, content);
      return path;
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
