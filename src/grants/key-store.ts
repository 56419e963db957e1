import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { decodeValue, encodeValue } from "../../protocols/index.ts";
import { isLostRace, valueOrThrow } from "../transport/outcomes.ts";
import type { Bucket, Closable, Store } from "../transport/transport.ts";
import { publicKeyOf, type SigningKey, signingKeyOf } from "./token.ts";

// Two buckets, so that permissions can give every node the public keys, and the private one to those that host `grants`.
export const publicBucket = (system: string): string => `cx_${system}_keys`;
export const privateBucket = (system: string): string => `cx_${system}_signing`;
const signingEntry = "grants";

/** The key a system signs its grants with: the one given, else the one kept in its store, which is made where there is none. */
export async function openSigningKey(
  store: Store,
  system: string,
  given: string | undefined,
): Promise<SigningKey> {
  const key = signingKeyOf(given ?? (await keptKey(valueOrThrow(await store.bucket(privateBucket(system))))));
  const keys = valueOrThrow(await store.bucket(publicBucket(system)));
  const made = await keys.create(`grants.${key.id}`, encodeValue(key.publicDer));
  if (!isLostRace(made)) valueOrThrow(made);
  return key;
}

async function keptKey(bucket: Bucket): Promise<string> {
  for (;;) {
    const kept = valueOrThrow(await bucket.get(signingEntry));
    if (kept?.value !== undefined) return decodeValue(kept.value) as string;
    // Another node may make one at the same time: the first counts.
    const pem = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }) as string;
    const made = await bucket.create(signingEntry, encodeValue(pem));
    if (made.kind === "ok") return pem;
    if (!isLostRace(made)) throw made.error;
  }
}

/** Tells of each public key the store has, and of each that is not there any more, until closed. Resolves when those present were told. */
export async function followPublicKeys(
  store: Store,
  system: string,
  changed: (id: string, key: KeyObject | undefined) => void,
): Promise<Closable> {
  const bucket = valueOrThrow(await store.bucket(publicBucket(system)));
  const watching = await bucket.watch(({ key, value }) => {
    const id = key.slice("grants.".length);
    changed(id, value === undefined ? undefined : publicKeyOf(id, derOf(value)));
  });
  return valueOrThrow(watching);
}

function derOf(value: Uint8Array): Uint8Array {
  try {
    const der = decodeValue(value);
    return der instanceof Uint8Array ? der : new Uint8Array();
  } catch {
    return new Uint8Array();
  }
}
