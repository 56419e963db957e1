import { accessSync, constants, existsSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

/**
 * Where server binaries are kept, first choice first: the nearest package's `node_modules/.cache`,
 * then the user's cache folder. A binary lies in `<folder>/nats-server-<version>/nats-server`.
 */
export function cacheFolders(from: string = process.cwd()): readonly [string, ...string[]] {
  const users = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "coxswain");
  const modules = nearestModules(from);
  return modules === undefined ? [users] : [join(modules, ".cache", "coxswain"), users];
}

/** The `node_modules` of the nearest package that has one we may write to. */
function nearestModules(from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const modules = join(folder, "node_modules");
    if (existsSync(join(folder, "package.json")) && isWritable(modules)) return modules;
    if (folder === dirname(folder)) return undefined;
  }
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
