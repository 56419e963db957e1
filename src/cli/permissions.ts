import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import {
  type Credential,
  inboxPrefixOf,
  permissionsConfig,
  provision,
  type SystemPlan,
  subjectsOf,
  systemPermissions,
  type UserPermissions,
  userName,
} from "../permissions/index.ts";
import { connectNats } from "../transport/nats.ts";
import { connectionOptions, serverFor, serverOptions } from "./choose.ts";
import { type Command, CommandFailure, exitCodes, type Given, UsageError } from "./command.ts";
import { loadModule } from "./load-module.ts";
import { plainText, print, say, toJson } from "./output.ts";

/** Of the operator, where its connection is not named otherwise. */
const passwordFrom = "COXSWAIN_OPERATOR_PASSWORD";

export const permissions: Command = {
  name: "permissions",
  summary: "what each node may do on the server, and no more",
  usage: "permissions <module> [options]",
  says: `Loads a module that exports a plan of the system (as "plan", or as its default export): which node hosts what,
and who sends to whom. Prints the users of a nats-server with their permissions, to be included in its configuration:
what is not listed is forbidden. Passwords are variables of the server's environment, COXSWAIN_PASSWORD_…, or
what the file of --users has, which nobody else may read: { "shop.desk": { "password": … } } or { "nkey": "U…" }.

Nodes may not make what the system keeps: --provision does, as the user "operator" of the plan, whose password is
taken from ${passwordFrom}. What is there already stays.`,
  example:
    "coxswain permissions plan.ts > permissions.conf\ncoxswain permissions plan.ts --provision --servers nats://prod:4222",
  options: {
    users: { type: "string", value: "FILE", says: "What each user shows: JSON, of mode 600" },
    format: { type: "string", value: "conf|json", says: "For the server (default), or the lists alone" },
    provision: { type: "boolean", says: "Make the buckets and streams of the system" },
    ...serverOptions,
  },
  positionalsMax: 1,
  run: async (given) => {
    const [module] = given.positionals;
    if (module === undefined) throw new UsageError('Expected a module: "coxswain permissions <module>"');
    const format = given.text("format") ?? "conf";
    if (format !== "conf" && format !== "json")
      throw new UsageError(`Expected --format conf or json, got "${plainText(format)}"`);
    const plan = await loadPlan(module);
    if (given.flag("provision")) return await provisionFrom(given, plan);
    const users = given.text("users");
    const credentials = users === undefined ? {} : await readCredentials(users);
    if (format === "json") print(toJson(systemPermissions(plan).map(listed), 2));
    else print(permissionsConfig(plan, { credentials }).trimEnd());
    return exitCodes.ok;
  },
};

function listed({ name, kind, zone, publish, subscribe, answers }: UserPermissions): object {
  return { name, kind, zone, publish: subjectsOf(publish), subscribe: subjectsOf(subscribe), answers };
}

async function provisionFrom(given: Given, plan: SystemPlan): Promise<number> {
  const { servers } = await serverFor(given);
  const pass = process.env[passwordFrom];
  const login = pass === undefined ? {} : { user: userName(plan.system, "operator"), pass };
  const transport = await connectNats({
    ...connectionOptions(given, servers),
    ...login,
    inboxPrefix: inboxPrefixOf(plan.system, "operator"),
    reconnectAttemptsMax: 3,
  });
  try {
    for (const name of await provision(transport.store, plan)) say(`${name} is there`);
  } finally {
    await transport.close();
  }
  return exitCodes.ok;
}

async function loadPlan(file: string): Promise<SystemPlan> {
  const name = plainText(file);
  const module = await loadModule(file);
  const found = (module.plan ?? module.default) as Partial<SystemPlan> | undefined;
  if (typeof found?.system === "string" && typeof found.nodes === "object") return found as SystemPlan;
  throw new CommandFailure(
    `Expected "${name}" to export a plan with "system" and "nodes", as "plan" or as its default export`,
  );
}

/** Secrets are never quoted. */
async function readCredentials(file: string): Promise<Readonly<Record<string, Credential>>> {
  const name = plainText(file);
  if (!existsSync(file)) throw new UsageError(`There is no file "${name}"`);
  const { mode } = await stat(file);
  if (process.platform !== "win32" && (mode & 0o077) !== 0)
    throw new CommandFailure(`Expected "${name}" to be readable by you alone: chmod 600 ${name}`);
  try {
    const read: unknown = JSON.parse(await readFile(file, "utf8"));
    if (typeof read === "object" && read !== null && !Array.isArray(read)) return read as never;
  } catch {}
  throw new CommandFailure(`Expected "${name}" to be a JSON object of users`);
}
