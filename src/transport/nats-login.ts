import { readFile } from "node:fs/promises";
import { type Authenticator, credsAuthenticator, nkeyAuthenticator, nkeys } from "nats";
import { quote } from "../../protocols/index.ts";
import { optionError } from "./options.ts";

/** What is shown to the server for one connection. */
export interface Login {
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
  readonly authenticator?: Authenticator;
}

export interface LoginOptions {
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
  readonly nkey?: string;
  readonly credentialsFile?: string;
}

/**
 * The one way to log in that the options name, else what the URL holds.
 *
 * @throws OPTION_INVALID. Secrets are never quoted.
 */
export function loginOf(options: LoginOptions, first: URL): () => Promise<Login> {
  const { user, pass, token, nkey, credentialsFile } = options;
  for (const [name, value] of Object.entries({ user, pass, token, nkey, credentialsFile })) {
    if (value !== undefined && (typeof value !== "string" || value === "")) {
      throw optionError(`Expected ${name} to be a non-empty text, got a value of type ${typeof value}`);
    }
  }
  const ways = Object.entries({ user, token, nkey, credentialsFile }).filter(
    ([, value]) => value !== undefined,
  );
  if (ways.length > 1) {
    throw optionError(`Expected one way to log in, got ${ways.map(([name]) => name).join(" and ")}`);
  }
  if (pass !== undefined && user === undefined) throw optionError("Expected user with pass, got pass alone");
  if (credentialsFile !== undefined) return () => credentialsLogin(credentialsFile);
  if (nkey !== undefined) return nkeyLogin(nkey);
  if (token !== undefined) return async () => ({ token });
  if (user !== undefined) return async () => ({ user, ...(pass === undefined ? {} : { pass }) });
  return async () => urlLogin(first);
}

function urlLogin({ username, password }: URL): Login {
  if (username === "") return {};
  if (password === "") return { token: decodeURIComponent(username) };
  return { user: decodeURIComponent(username), pass: decodeURIComponent(password) };
}

function nkeyLogin(seed: string): () => Promise<Login> {
  const bytes = new TextEncoder().encode(seed.trim());
  try {
    nkeys.fromSeed(bytes);
  } catch (cause) {
    throw optionError(`Expected nkey to be a seed like "SU…" of 58 characters, got ${seed.length}`, cause);
  }
  return async () => ({ authenticator: nkeyAuthenticator(bytes) });
}

async function credentialsLogin(file: string): Promise<Login> {
  let text: Uint8Array;
  try {
    text = await readFile(file);
    // Tried on a nonce of our own: a broken file would otherwise fail in the middle of the handshake.
    credsAuthenticator(text)("nonce");
  } catch (cause) {
    throw optionError(`Expected credentialsFile to be a readable .creds file, got ${quote(file)}`, cause);
  }
  return { authenticator: credsAuthenticator(text) };
}
