import { existsSync } from "node:fs";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type CommandResult, runCommand } from "./run-command.ts";

const debianSuites = new Set(
  "bullseye bookworm trixie forky duke sid oldoldstable oldstable stable testing unstable".split(" "),
);
const keyrings = [
  "/usr/share/keyrings/debian-archive-keyring.gpg",
  "/usr/share/keyrings/debian-archive-keyring.pgp",
];
const mirrorsMax = 3;
const commandTimeoutMs = 180_000;

/** What came of fetching a package: the file, or why there is none. */
export type Fetched = { readonly file: string } | { readonly failure: string };

/** Whether this machine has apt at all. */
export async function hasApt(): Promise<boolean> {
  const found = await Promise.all([apt(["--version"]), run("dpkg", ["--version"])]);
  return found.every((result) => result.ok);
}

/**
 * The Debian mirrors this machine is set up with, at most three. Asked without release files, since on a fresh
 * machine `apt-get update` may never have run.
 */
export async function debianMirrors(): Promise<string[]> {
  const format = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)";
  const listed = await apt(["indextargets", "--no-release-info", "--format", format]);
  const mirrors = listed.stdout.split("\n").flatMap((line) => {
    const [uri, suite, component] = line.trim().split("|");
    return uri && suite && debianSuites.has(suite) && component === "main" ? [uri] : [];
  });
  return [...new Set(mirrors)].slice(0, mirrorsMax);
}

/**
 * Downloads a package of a Debian suite into `folder`, through an apt configuration of its own in there: own
 * sources and lists, while the machine's proxies and the like still hold. Needs no root, installs nothing.
 */
export async function fetchFromSuite(
  name: string,
  suite: string,
  mirror: string,
  folder: string,
): Promise<Fetched> {
  const architecture = (await run("dpkg", ["--print-architecture"])).stdout.trim();
  // Without a keyring file of this name apt falls back to /etc/apt/trusted.gpg.d, as before Debian 12.
  const keyring = keyrings.find((path) => existsSync(path));
  const options = [`arch=${architecture}`, "target=Packages", ...(keyring ? [`signed-by=${keyring}`] : [])];
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "sources.list"), `deb [${options.join(" ")}] ${mirror} ${suite} main\n`);
  const configuration = await privateConfiguration(folder, [
    `Dir::Etc::SourceList ${quoted(join(folder, "sources.list"))};`,
    'Dir::Etc::SourceParts "/dev/null";',
  ]);
  return await updateAndDownload(name, configuration, folder);
}

/** Downloads a package from the machine's own sources: with its lists, else with lists fetched for this. */
export async function fetchFromOwnSources(name: string, folder: string): Promise<Fetched> {
  await mkdir(folder, { recursive: true });
  const known = await download(name, [], folder);
  if ("file" in known) return known;
  return await updateAndDownload(name, await privateConfiguration(folder, []), folder);
}

/** Unpacks a package without installing it. */
export async function unpackPackage(file: string, into: string): Promise<Fetched> {
  const unpacked = await run("dpkg", ["-x", file, into]);
  return unpacked.ok ? { file: into } : { failure: unpacked.report };
}

async function privateConfiguration(folder: string, lines: readonly string[]): Promise<string> {
  await mkdir(join(folder, "lists/partial"), { recursive: true });
  await mkdir(join(folder, "cache/archives/partial"), { recursive: true });
  const file = join(folder, "apt.conf");
  const settings = [
    ...lines,
    `Dir::State::Lists ${quoted(join(folder, "lists"))};`,
    `Dir::Cache ${quoted(join(folder, "cache"))};`,
    'Dir::Cache::Archives "archives/";',
    // A pin of the machine's against other suites is about what gets installed; nothing is.
    'Dir::Etc::Preferences "/dev/null";',
    'Dir::Etc::PreferencesParts "/dev/null";',
    'Acquire::Languages "none";',
    'Acquire::Retries "2";',
    'Acquire::http::Timeout "20";',
    'Acquire::https::Timeout "20";',
    // As root apt would drop to a user that may not enter this folder.
    'APT::Sandbox::User "root";',
    // Hooks refresh the machine's own caches, which did not change.
    "#clear APT::Update::Pre-Invoke;",
    "#clear APT::Update::Post-Invoke;",
    "#clear APT::Update::Post-Invoke-Success;",
  ];
  await writeFile(file, `${settings.join("\n")}\n`);
  return file;
}

async function updateAndDownload(name: string, configuration: string, folder: string): Promise<Fetched> {
  const options = ["-c", configuration];
  const updated = await apt([...options, "update"], folder);
  const fetched = await download(name, options, folder);
  return "file" in fetched || updated.ok ? fetched : { failure: `${updated.report}\n${fetched.failure}` };
}

async function download(name: string, options: readonly string[], folder: string): Promise<Fetched> {
  const result = await apt([...options, "download", name], folder);
  const file = (await readdir(folder)).find(
    (entry) => entry.startsWith(`${name}_`) && entry.endsWith(".deb"),
  );
  return result.ok && file ? { file: join(folder, file) } : { failure: result.report };
}

function apt(args: readonly string[], cwd?: string): Promise<CommandResult> {
  return run("apt-get", args, cwd);
}

function run(command: string, args: readonly string[], cwd?: string): Promise<CommandResult> {
  const env = { ...process.env, LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" };
  return runCommand(command, args, {
    timeoutMs: commandTimeoutMs,
    env,
    ...(cwd === undefined ? {} : { cwd }),
  });
}

/** apt's configuration has no escapes: a quote cannot be written, so such a folder is refused by apt itself. */
function quoted(path: string): string {
  return `"${path}"`;
}
