import { rmSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { cacheFolders } from "./server-cache.ts";

/** An embedded server that runs on this machine, as its owner announced it. */
export interface RunningServer {
  readonly url: string;
  readonly version: string;
  /** The server's process. */
  readonly pid: number;
  /** The process that started it, and with which it ends. */
  readonly ownerPid: number;
  /** What that process runs: "examples/hello.ts". */
  readonly program: string;
  readonly startedAtMs: number;
  readonly storeDir: string;
  readonly sync: "interval" | "always";
}

/**
 * Leaves a note of an embedded server in the cache, so that a command line in another terminal finds it.
 * A note that cannot be written is no failure: the server runs all the same.
 *
 * @returns a function that takes the note back.
 */
export async function announceServer(
  server: Pick<RunningServer, "url" | "version" | "pid" | "storeDir" | "sync">,
  cacheDir?: string,
): Promise<() => void> {
  const note: RunningServer = {
    ...server,
    ownerPid: process.pid,
    program: relative(process.cwd(), process.argv[1] ?? "") || "node",
    startedAtMs: Date.now(),
  };
  const folder = join(cacheDir ?? cacheFolders()[0], "running");
  const file = join(folder, `${server.pid}.json`);
  try {
    await mkdir(folder, { recursive: true });
    // Renamed into place, so that nobody reads half of it.
    await writeFile(`${file}.new`, JSON.stringify(note), { mode: 0o600 });
    await rename(`${file}.new`, file);
  } catch {
    return () => {};
  }
  return () => rmSync(file, { force: true });
}

/** The embedded servers that run here, newest first: those of the package around `from`, and of this user elsewhere. */
export async function runningServers(from: string = process.cwd()): Promise<readonly RunningServer[]> {
  const found = await Promise.all(cacheFolders(from).map((folder) => readNotes(join(folder, "running"))));
  return found.flat().sort((a, b) => b.startedAtMs - a.startedAtMs);
}

/** Reads the notes of a folder, and clears away those whose processes are gone. */
async function readNotes(folder: string): Promise<RunningServer[]> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(".json"));
  const notes = await Promise.all(
    names.map(async (name) => {
      const file = join(folder, name);
      const note = await readNote(file);
      if (note === undefined || (isAlive(note.pid) && isAlive(note.ownerPid))) return note;
      await rm(file, { force: true });
      return undefined;
    }),
  );
  return notes.filter((note) => note !== undefined);
}

async function readNote(file: string): Promise<RunningServer | undefined> {
  try {
    const note = JSON.parse(await readFile(file, "utf8")) as RunningServer;
    return typeof note.url === "string" && Number.isInteger(note.pid) && Number.isInteger(note.ownerPid)
      ? note
      : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Another user's process is alive, too.
    return (error as { code?: unknown }).code === "EPERM";
  }
}
