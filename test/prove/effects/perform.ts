/** What an agent asks of the effect server. */
export interface EffectRequest {
  readonly key: string;
  readonly actor: string;
  readonly from: string;
  readonly n: number;
  readonly attempt: number;
}

/** Asks the effect server to do it. Resolves with the answer, which is the same for the same key. */
export async function perform(request: EffectRequest, signal: AbortSignal): Promise<number> {
  const response = await fetch(`${process.env.EFFECTS_URL}/effects`, {
    method: "POST",
    body: JSON.stringify(request),
    signal,
  });
  if (!response.ok) {
    const { status, headers } = response;
    throw Object.assign(new Error(`The effect server answered ${status}`), { status, headers });
  }
  return ((await response.json()) as { answer: number }).answer;
}
