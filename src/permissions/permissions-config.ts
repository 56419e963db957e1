import { CoxswainError, quote } from "../../protocols/index.ts";
import type { Permission, UserPermissions } from "./permission.ts";
import type { SystemPlan } from "./plan.ts";
import { systemPermissions } from "./system-permissions.ts";

/** What a user shows to the server: a password (or its bcrypt hash), or the public key of an nkey, "U…". */
export type Credential = { readonly password: string } | { readonly nkey: string };

export interface ConfigOptions {
  /** By the user's name, such as "shop.desk". A user without one has the variable of {@link passwordVariable} as password. */
  readonly credentials?: Readonly<Record<string, Credential>>;
}

/** May be answered so often and so long by one who may otherwise not send to whoever asks. */
const answersOnce = `allow_responses: { max: 1, expires: "10s" }`;

/** Users of the two accounts beside the system's own: the server's own, and whatever else uses the server. */
const sysUser = "sys";
const otherUser = "other";

/**
 * The accounts of a nats-server, as a part of its configuration: APP with the users of the system, SYS for the server's own, OTHER for
 * whatever else uses it. There is no user for those who show nothing. To be included; a variable that is not set keeps the
 * server from starting.
 *
 * @throws OPTION_INVALID
 */
export function permissionsConfig(plan: SystemPlan, { credentials = {} }: ConfigOptions = {}): string {
  const users = systemPermissions(plan);
  const names = [...users.map(({ name }) => userName(plan.system, name)), sysUser, otherUser];
  checkCredentials(names, credentials);
  const shown = (user: string): string => showing(user, credentials[user]);
  return `# The users of system ${plan.system}, made by "coxswain permissions". What is not listed is forbidden.
accounts: {
  APP: {
    jetstream: enabled
    users: [
${users.map((user) => userText(user, shown(userName(plan.system, user.name)))).join("\n")}
    ]
  }
  SYS: {
    users: [{ ${shown(sysUser)} }]
  }
  OTHER: {
    jetstream: enabled
    users: [{ ${shown(otherUser)} }]
  }
}
system_account: SYS
`;
}

/** Names of one system never meet those of another. */
export function userName(system: string, name: string): string {
  return `${system}.${name}`;
}

/** The environment variable of the server's process that holds a user's password. */
export function passwordVariable(user: string): string {
  return `COXSWAIN_PASSWORD_${user.replace(/[^A-Za-z0-9]/g, "_").toUpperCase()}`;
}

function userText({ kind, name, zone, publish, subscribe, answers }: UserPermissions, shown: string): string {
  const more = answers ? `\n          ${answersOnce}` : "";
  return `      { # ${kind} ${name}, zone ${zone}
        ${shown}
        permissions: {
          publish: ${listText(publish)}
          subscribe: ${listText(subscribe)}${more}
        }
      }`;
}

// An empty list would allow everything.
function listText(permissions: readonly Permission[]): string {
  if (permissions.length === 0) return `{ deny: [">"] }`;
  const lines = permissions.flatMap(({ why, subjects }) => [
    `            # ${why}`,
    ...subjects.map((subject) => `            ${JSON.stringify(subject)}`),
  ]);
  return `{ allow: [\n${lines.join("\n")}\n          ] }`;
}

function showing(user: string, credential: Credential | undefined): string {
  if (credential === undefined) return `user: ${JSON.stringify(user)}, password: $${passwordVariable(user)}`;
  if ("nkey" in credential) return `nkey: ${JSON.stringify(credential.nkey)}`;
  return `user: ${JSON.stringify(user)}, password: ${JSON.stringify(credential.password)}`;
}

function checkCredentials(names: readonly string[], credentials: Readonly<Record<string, Credential>>): void {
  const stranger = Object.keys(credentials).find((name) => !names.includes(name));
  if (stranger !== undefined)
    throw invalid(`Expected credentials of ${names.join(", ")}, got those of ${quote(stranger)}`);
  const variables = new Map<string, string>();
  for (const name of names) {
    const credential = credentials[name];
    if (credential !== undefined) checkCredential(name, credential);
    const other = credential === undefined ? variables.get(passwordVariable(name)) : undefined;
    if (other !== undefined)
      throw invalid(
        `Expected other names than ${quote(other)} and ${quote(name)}: they would share a password`,
      );
    if (credential === undefined) variables.set(passwordVariable(name), name);
  }
}

/** Secrets are never quoted. */
function checkCredential(name: string, credential: Credential): void {
  const [way, text] = Object.entries(credential)[0] ?? [];
  const isOne = Object.keys(credential).length === 1 && typeof text === "string";
  if (isOne && way === "password" && text.length > 0) return;
  if (isOne && way === "nkey" && /^U[A-Z2-7]{55}$/.test(text)) return;
  throw invalid(`Expected of ${name} either a password, or an nkey's public key like "U…" of 56 characters`);
}

function invalid(message: string): CoxswainError {
  return new CoxswainError("OPTION_INVALID", message);
}
