import { fromPromise, type PromiseActorLogic } from "xstate";
import { contextOf } from "./call-context.ts";
import type { Unzoned } from "./grants/claims.ts";

/**
 * Actor logic: signs claims, each as a token, in their order. An Ed25519 signature of the same claims is the same, so that
 * a call that is made again after a crash gives the same tokens.
 *
 * @param privateKey PKCS 8 in PEM; default the system's own key
 */
export function sealing(
  privateKey?: string,
): PromiseActorLogic<readonly string[], { claims: readonly Unzoned[] }> {
  return fromPromise(async ({ input, self, system }) => {
    const signer = contextOf(self, system)?.cell.node?.grants;
    if (signer === undefined) throw new Error("Signing needs a running system; provide `seal` in tests");
    return signer.seal(input.claims, privateKey);
  });
}
