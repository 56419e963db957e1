#!/usr/bin/env node
import { createRequire } from "node:module";
import { isCoxswainError } from "../../protocols/index.ts";
import { approvals } from "./approvals.ts";
import { check } from "./check.ts";
import { type Command, CommandFailure, exitCodes, UsageError } from "./command.ts";
import { didYouMean } from "./did-you-mean.ts";
import { doctor } from "./doctor.ts";
import { exportSystem } from "./export.ts";
import { commandHelp, generalHelp } from "./help.ts";
import { history } from "./history.ts";
import { importSystem } from "./import.ts";
import { inspect } from "./inspect.ts";
import { letters } from "./letters.ts";
import { flushed, plainText, print, say } from "./output.ts";
import { parseGiven } from "./parse.ts";
import { permissions } from "./permissions.ts";
import { ps } from "./ps.ts";
import { rules } from "./rules.ts";
import { run } from "./run.ts";
import { server } from "./server.ts";
import { setup } from "./setup.ts";
import { tap } from "./tap.ts";
import { tree } from "./tree.ts";
import { why } from "./why.ts";

const commands: readonly Command[] = [
  ...[run, ps, tree, tap, inspect, history, letters, approvals, why, rules],
  ...[check, permissions, exportSystem, importSystem, doctor, server, setup],
];

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined) {
    say(generalHelp(commands).trimEnd());
    return exitCodes.usage;
  }
  if (name === "--version" || name === "-v") {
    const { version } = createRequire(import.meta.url)("coxswain/package.json") as { version: string };
    print(version);
    return exitCodes.ok;
  }
  if (name === "--help" || name === "-h" || name === "help") {
    const [topic] = args;
    print((topic === undefined ? generalHelp(commands) : commandHelp(commandOf(topic))).trimEnd());
    return exitCodes.ok;
  }
  const command = commandOf(name);
  const given = parseGiven(command, args);
  if (!given.help) return await command.run(given);
  print(commandHelp(command).trimEnd());
  return exitCodes.ok;
}

function commandOf(name: string): Command {
  const known = commands.find((command) => command.name === name);
  if (known !== undefined) return known;
  const what = name.startsWith("-") ? "option" : "command";
  const hint = didYouMean(
    name,
    commands.map((command) => command.name),
  );
  throw new UsageError(
    `coxswain has no ${what} "${plainText(name)}".${hint === undefined ? "" : ` Did you mean "${hint}"?`}`,
  );
}

/** Says what went wrong. @returns the exit code */
function explain(thrown: unknown): number {
  if (thrown instanceof UsageError) {
    say(`${thrown.message}\nSee: coxswain --help`);
    return exitCodes.usage;
  }
  if (thrown instanceof CommandFailure) {
    say(`coxswain: ${thrown.message}`);
    return exitCodes.failed;
  }
  if (!isCoxswainError(thrown)) {
    say(`coxswain: ${thrown instanceof Error ? thrown.stack : String(thrown)}`);
    return exitCodes.failed;
  }
  const { tried } = thrown.details;
  const failures = Array.isArray(tried) && tried.length > 0 ? `\nTried:\n${tried.join("\n")}` : "";
  say(`coxswain: ${thrown.message} (${thrown.code})${failures}`);
  if (thrown.code === "OPTION_INVALID") return exitCodes.usage;
  return thrown.code === "SERVER_NOT_FOUND" ? exitCodes.noServer : exitCodes.failed;
}

// `coxswain tap | head` closes our output: that is an end, no failure.
process.stdout.on("error", () => process.exit(process.exitCode ?? exitCodes.ok));
const code = await main(process.argv.slice(2)).catch(explain);
await flushed();
process.exit(code);
