import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import {
  CoxswainError,
  claimsOf,
  claimsText,
  type GrantClaims,
  grantTokenMax,
  quote,
} from "../../protocols/index.ts";

// A token is four texts with a dot between them: c1, the key's id, the claims in base64, an Ed25519 signature of all before it.
const version = "c1";
const form = /^(c1\.([A-Za-z0-9_-]{11})\.([A-Za-z0-9_-]+))\.([A-Za-z0-9_-]{86})$/;

/** What signs: its public half is known to all nodes by its id. */
export interface SigningKey {
  readonly id: string;
  readonly privateKey: KeyObject;
  /** In DER, as it is published. */
  readonly publicDer: Uint8Array;
}

/** @param pem a PKCS 8 private key of Ed25519 @throws OPTION_INVALID */
export function signingKeyOf(pem: string): SigningKey {
  const privateKey = privateKeyOf(pem);
  if (privateKey?.asymmetricKeyType !== "ed25519") {
    throw new CoxswainError(
      "OPTION_INVALID",
      "Expected an Ed25519 private key in PEM (PKCS 8), got another text",
    );
  }
  const publicDer = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  return { id: keyIdOf(publicDer), privateKey, publicDer };
}

function privateKeyOf(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

/** Of the key itself, so that nobody can publish another one under its id unnoticed. */
export function keyIdOf(publicDer: Uint8Array): string {
  return createHash("sha256").update(publicDer).digest("base64url").slice(0, 11);
}

/** Undefined for bytes that are no Ed25519 key, or not the one of that id. */
export function publicKeyOf(id: string, publicDer: Uint8Array): KeyObject | undefined {
  if (keyIdOf(publicDer) !== id) return undefined;
  try {
    const key = createPublicKey({ key: Buffer.from(publicDer), format: "der", type: "spki" });
    return key.asymmetricKeyType === "ed25519" ? key : undefined;
  } catch {
    return undefined;
  }
}

/** @throws OPTION_INVALID for claims with more to say than a token holds */
export function sealToken(claims: GrantClaims, { id, privateKey }: SigningKey): string {
  const signed = `${version}.${id}.${Buffer.from(claimsText(claims)).toString("base64url")}`;
  const token = `${signed}.${sign(null, Buffer.from(signed), privateKey).toString("base64url")}`;
  if (token.length <= grantTokenMax) return token;
  const text = `Expected a grant whose token has at most ${grantTokenMax} characters, ${quote(claims.id)} has ${token.length}`;
  throw new CoxswainError("OPTION_INVALID", text);
}

/** What a token claims, if a key that is known has signed just that; else what is wrong with it, in a few words. */
export function openToken(token: string, keyOf: (id: string) => KeyObject | undefined): GrantClaims | string {
  const [, signed = "", id = "", claims = "", signature = ""] = form.exec(token) ?? [];
  if (signed === "") return "it is no token of a grant";
  const key = keyOf(id);
  if (key === undefined) return `it is signed with a key that is not known here, ${id}`;
  if (!verify(null, Buffer.from(signed), key, Buffer.from(signature, "base64url")))
    return "its signature is not that of what it says";
  return claimsOf(Buffer.from(claims, "base64url").toString()) ?? "what it says is no grant's terms";
}
