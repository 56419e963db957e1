import { parseArgs } from "node:util";
import { type Command, type Given, type OptionSpecs, UsageError } from "./command.ts";
import { didYouMean } from "./did-you-mean.ts";

const everywhere: OptionSpecs = { help: { type: "boolean", says: "Show this" } };

/** The options of a command, and those that every command has. */
export function optionsOf(command: Pick<Command, "options">): OptionSpecs {
  return { ...command.options, ...everywhere };
}

/** Reads what was typed behind the command's name. @throws UsageError */
export function parseGiven(command: Command, args: readonly string[]): Given & { readonly help: boolean } {
  const split = args.indexOf("--");
  const [own, rest] = split < 0 ? [args, []] : [args.slice(0, split), args.slice(split + 1)];
  const specs = optionsOf(command);
  const options = Object.fromEntries(
    Object.entries(specs).map(([name, { type }]) => [
      name,
      name === "help" ? { type, short: "h" } : { type },
    ]),
  );
  const { values, positionals, tokens } = parseArgs({
    args: [...own],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  for (const token of tokens) if (token.kind === "option") checkOption(command, specs, token);
  const given = {
    positionals,
    rest,
    help: values.help === true,
    text: (name: string) => textOf(values[name]),
    flag: (name: string) => values[name] === true,
    count: (name: string, fallback: number, range: { min: number; max: number }) =>
      countOf(name, textOf(values[name]), fallback, range),
  };
  if (!given.help) checkPositionals(command, positionals);
  return given;
}

function checkOption(
  command: Command,
  specs: OptionSpecs,
  { name, rawName, value }: { name: string; rawName: string; value?: string | undefined },
): void {
  const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
  if (spec === undefined) {
    const hint = didYouMean(name, Object.keys(specs));
    const meant = hint === undefined ? "" : ` Did you mean --${hint}?`;
    throw new UsageError(`coxswain ${command.name} has no option ${rawName}.${meant}`);
  }
  if (spec.type === "string" && (value === undefined || value === "" || value.startsWith("--"))) {
    throw new UsageError(`Expected ${spec.value ?? "a value"} behind --${name}, got nothing`);
  }
  if (spec.type === "boolean" && value !== undefined) {
    throw new UsageError(`Expected --${name} without a value, got ${JSON.stringify(value)}`);
  }
}

function checkPositionals(command: Command, positionals: readonly string[]): void {
  if (positionals.length <= command.positionalsMax) return;
  const extra = JSON.stringify(positionals[command.positionalsMax]);
  throw new UsageError(`Expected "coxswain ${command.usage}", got ${extra} as well`);
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function countOf(
  name: string,
  text: string | undefined,
  fallback: number,
  { min, max }: { min: number; max: number },
): number {
  if (text === undefined) return fallback;
  const count = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (count >= min && count <= max) return count;
  throw new UsageError(`Expected --${name} to be a whole number from ${min} to ${max}, got "${text}"`);
}
