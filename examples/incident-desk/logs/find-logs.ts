import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

export interface FoundLogs {
  paths: string[];
  /** Whether there were more than `filesMax`, or folders deeper than `depthMax`. */
  isCut: boolean;
}

/** Files that lie beside logs and are none. */
const noLog =
  /(?:^|\/)(?:LICENSE|NOTICE|COPYING|README|CITATION|SOURCES)[^/]*$|\.(?:md|ts|js|html|png|pdf)$|(?:^|\/)\./i;

/** The logs at a path: the file itself, or all files in a folder and below, by name; links are not followed. */
export async function findLogs(
  path: string,
  { filesMax = 10_000, depthMax = 8 }: { filesMax?: number; depthMax?: number } = {},
): Promise<FoundLogs> {
  if (!(await stat(path)).isDirectory()) return { paths: [path], isCut: false };
  const found: FoundLogs = { paths: [], isCut: false };
  await collect(path, depthMax, filesMax, found);
  return found;
}

async function collect(folder: string, depthLeft: number, filesMax: number, found: FoundLogs): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (noLog.test(entry.name)) continue;
    if (entry.isDirectory()) {
      if (depthLeft === 0) found.isCut = true;
      else await collect(path, depthLeft - 1, filesMax, found);
    } else if (entry.isFile()) {
      if (found.paths.length >= filesMax) {
        found.isCut = true;
        return;
      }
      found.paths.push(path);
    }
  }
}
