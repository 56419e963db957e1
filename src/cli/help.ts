import type { Command } from "./command.ts";
import { optionsOf } from "./parse.ts";

const codes = `Exit codes
  0    it worked
  1    it failed, or something is missing
  2    the command line was not understood
  3    no server could be reached
  130  interrupted by Ctrl-C
  coxswain run ends with its script's own code.`;

export function generalHelp(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  const list = commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return `coxswain runs systems of actors over NATS, and looks into those that run.

Usage: coxswain <command> [options]

Commands
${list.join("\n")}

coxswain <command> --help explains a command; coxswain --version says which version this is.

Which server: --servers, else NATS_URL, else the embedded server that runs on this machine.
Which system: --system, else COXSWAIN_SYSTEM, else the only one on that server.

${codes}

Try it, in two terminals:
  coxswain run examples/hello.ts
  coxswain tap
`;
}

export function commandHelp(command: Command): string {
  const options = Object.entries(optionsOf(command)).map(([name, { value, says }]) => ({
    left: `  --${name}${value === undefined ? "" : ` ${value}`}`,
    says,
  }));
  const width = Math.max(...options.map(({ left }) => left.length));
  const list = options.map(({ left, says }) => `${left.padEnd(width)}  ${says}`);
  return `Usage: coxswain ${command.usage}

${command.says}

Options
${list.join("\n")}

Example
${command.example.replace(/^/gm, "  ")}
`;
}
