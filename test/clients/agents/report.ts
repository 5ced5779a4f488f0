/** Agents: programs as a developer would write them. Each prints, as one JSON document, what its client told it. */

/** What the client answered to what is allowed, and the error that it threw for what is not. */
export async function report(allowed: () => Promise<unknown>, denied: () => Promise<unknown>): Promise<void> {
  const answer = await allowed();
  const refusal = await denied().then(
    () => null,
    (error: Error) => `${error.name}: ${error.message}`,
  );
  console.log(JSON.stringify({ answer, refusal }));
}
