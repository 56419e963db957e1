import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

export interface Options {
  readonly paths: readonly string[];
  readonly out: string;
  readonly isJson: boolean;
  readonly workers: number;
  readonly mode: "parallel" | "sequence";
  readonly atMost: number;
  readonly areCrewsApart: boolean;
  readonly servers: string | undefined;
  readonly name: string;
  readonly hasView: boolean;
  readonly isAsked: boolean;
  readonly withinMs: number;
}

/** What was typed cannot be done; the message says what was expected. */
export class UsageError extends Error {}

export const exampleLogs = fileURLToPath(new URL("data", import.meta.url));

export const help = `Incident desk: three crews of actors read logs and write a report.

  npm start                            the logs that come with the example
  npm start -- <file or folder> ...    any others: gzip too, folders with all below them

The service crew reads Cloud Functions and kernel logs and everything it does not know, the database crew
PostgreSQL and MySQL slow logs, the messaging crew nats-server logs. What a file is, is seen from its beginning.

  --out DIR        where report.html and report.json go (default ./incident-report)
  --json           print the report as JSON to standard output too, and everything else to standard error
  --workers N      readers in each crew, 1 to 64 (default 2)
  --sequence       one crew after the other; stop at the first file that cannot be read
                   (default: in parallel; a file that cannot be read is listed, the others go on)
  --at-most N      so many crews at work at the same time, 1 to 3 (default 3)
  --nodes          each crew in a process of its own, joined over NATS: uses more cores
  --servers URL    a NATS server that runs already (default NATS_URL, else one is started and ends with the run)
  --name NAME      the system's name on that server (default incident-desk)
  --within MIN     minutes a run may take (default 60)
  --approve        asks you before what is critical is handed over (default: nobody is asked, and it is not)
  --no-view        no progress, only the summary
  --help           this text

See it work from another terminal, with any NATS client and the URL it prints:

  nats -s <URL> sub 'cx.incident-desk.ev.>'

Try: npm start -- /var/log/postgresql --workers 4 --nodes

Ends with 0 when the report is written, 1 when the run failed, 2 for a mistake on the command line, and 130 when
it was interrupted: Ctrl-C once stops in order, twice at once. One run takes at most 1,000 files.
`;

/** @throws UsageError */
export function optionsOf(args: readonly string[]): Options | "help" {
  const { values, positionals } = parsed(args);
  if (values.help === true) return "help";
  if (values.sequence === true && values["at-most"] !== undefined)
    throw new UsageError("--at-most has no meaning with --sequence, which is one crew at a time");
  const paths = positionals.length === 0 ? [exampleLogs] : positionals;
  for (const path of paths)
    if (!existsSync(path)) throw new UsageError(`Expected a file or folder, got ${JSON.stringify(path)}`);
  return {
    paths,
    out: values.out ?? "incident-report",
    isJson: values.json === true,
    workers: wholeNumber("--workers", values.workers ?? "2", 64),
    mode: values.sequence === true ? "sequence" : "parallel",
    atMost: wholeNumber("--at-most", values["at-most"] ?? "3", 3),
    areCrewsApart: values.nodes === true,
    servers: values.servers,
    name: values.name ?? "incident-desk",
    hasView: values["no-view"] !== true,
    isAsked: values.approve === true,
    withinMs: wholeNumber("--within", values.within ?? "60", 10_000) * 60_000,
  };
}

function parsed(args: readonly string[]) {
  const flag = { type: "boolean" } as const;
  const text = { type: "string" } as const;
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        out: text,
        json: flag,
        workers: text,
        sequence: flag,
        "at-most": text,
        nodes: flag,
        servers: text,
        name: text,
        within: text,
        approve: flag,
        "no-view": flag,
        help: { ...flag, short: "h" },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function wholeNumber(option: string, text: string, max: number): number {
  const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 1 && value <= max) return value;
  throw new UsageError(
    `Expected ${option} to be a whole number from 1 to ${max}, got ${JSON.stringify(text)}`,
  );
}
