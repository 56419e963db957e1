import { eventPattern } from "../../protocols/index.ts";
import type { SystemClient } from "../client.ts";
import { openSystem, systemOptions } from "./choose.ts";
import { type Command, exitCodes, UsageError } from "./command.ts";
import { live } from "./live.ts";
import { paintFor, print } from "./output.ts";
import { oversee } from "./oversight.ts";
import { surveyOf, surveyOptions } from "./ps.ts";
import { type Drawing, plainScreen, terminalScreen } from "./screen.ts";
import { type SurveyOptions, survey } from "./survey.ts";
import { treeText } from "./tree-text.ts";

export const tree: Command = {
  name: "tree",
  summary: "show the actors as a tree, with what supervisors say of their children",
  usage: "tree [address] [options]",
  says: `Shows the actors of a system below their nodes, by address: "crew.bow" stands below "crew". With an
address only that actor and those below it. A supervisor shows its strategy, the restarts it bears, and
all its children, oldest first: whether each is running, being restarted or stopped, how often it was
restarted so far, and on which node it lives if not on its supervisor's. With --watch the tree is drawn
again whenever something happened, until Ctrl-C.`,
  example: "coxswain tree crew --watch",
  options: {
    ...systemOptions,
    ...surveyOptions,
    watch: { type: "boolean", says: "Go on, and draw the tree again when it has changed" },
    every: { type: "string", value: "MS", says: "With --watch: look at least so often; default 2,000 ms" },
  },
  positionalsMax: 1,
  run: async (given) => {
    const options = surveyOf(given);
    const everyMs = given.count("every", 2_000, { min: 200, max: 3_600_000 });
    const watched = given.flag("watch");
    if (given.text("every") !== undefined && !watched) throw new UsageError("--every is for --watch");
    await using client = await openSystem(given);
    const look = (): Promise<Drawing> => lookAt(client, options);
    if (!watched) {
      print((await look())(Date.now()));
      return exitCodes.ok;
    }
    const { stdout } = process;
    const screen = stdout.isTTY ? terminalScreen(stdout) : plainScreen();
    return await live(client, { screen, everyMs, look, subjects: subjectsOf(client.system, options.under) });
  },
};

async function lookAt(client: SystemClient, options: SurveyOptions): Promise<Drawing> {
  const nodes = await survey(client, options);
  const overseen = await oversee(client, nodes, options);
  const title = `${client.system} at ${client.transport.url}`;
  const paint = paintFor(process.stdout);
  return (nowMs) => treeText(title, { nodes, overseen }, nowMs, paint);
}

/** Where the facts are published that may change the tree. */
function subjectsOf(system: string, under: string): readonly string[] {
  const all = eventPattern(system, "*", "*");
  if (under === "") return [all];
  const below = (pattern: string): string => `${all.slice(0, -1)}${pattern}`;
  return [below(`${under}.>`), below("*.nodeUp"), below("*.nodeDown")];
}
