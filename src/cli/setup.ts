import { bringServer, findServer } from "../server/index.ts";
import { type Command, exitCodes, UsageError } from "./command.ts";
import { print, say } from "./output.ts";

const versions = ["2.10.27", "2.9.10"] as const;

export const setup: Command = {
  name: "setup",
  summary: "fetch a nats-server, if there is none here",
  usage: "setup [options]",
  says: `Looks for a nats-server (NATS_SERVER_BIN, PATH, the cache), and fetches Debian's package into the cache
where there is none: unpacked, nothing installed, no root needed. Prints where it is.`,
  example: "coxswain setup",
  options: {
    version: { type: "string", value: "VERSION", says: `Exactly this one: ${versions.join(" or ")}` },
  },
  positionalsMax: 0,
  run: async (given) => {
    const wanted = versionOf(given.text("version"));
    const found = await findServer(wanted === undefined ? {} : { version: wanted });
    const binary =
      found ??
      (await bringServer({
        ...(wanted === undefined ? {} : { prefer: wanted }),
        onProgress: (step) => say(`coxswain: ${step}`),
      }));
    say(`coxswain: nats-server ${binary.version} (${binary.from})`);
    print(binary.path);
    return wanted === undefined || binary.version === wanted ? exitCodes.ok : exitCodes.failed;
  },
};

function versionOf(text: string | undefined): (typeof versions)[number] | undefined {
  const version = versions.find((known) => known === text);
  if (text === undefined || version !== undefined) return version;
  throw new UsageError(`Expected --version ${versions.join(" or ")}, got "${text}"`);
}
