import type { Client } from "acme-client";

/** Answers of challenges, by token, as long as the authority may ask for them. */
export interface ChallengeAnswers {
  put(token: string, answer: string): void;
  remove(token: string): void;
}

export interface Order {
  readonly client: Client;
  readonly host: string;
  readonly email: string | null;
  readonly answers: ChallengeAnswers;
}

/**
 * Gets a certificate for one host: a new key, and the authority's word after it has asked the host for the answer of an http-01
 * challenge (RFC 8555 §8.3). Rejects with what the authority or the network says.
 */
export async function orderCertificate({
  client,
  host,
  email,
  answers,
}: Order): Promise<{ key: string; chain: string }> {
  const acme = await import("acme-client");
  const [key, csr] = await acme.crypto.createCsr(
    { commonName: host, altNames: [host] },
    await acme.crypto.createPrivateEcdsaKey(),
  );
  const chain = await client.auto({
    csr,
    termsOfServiceAgreed: true,
    ...(email === null ? {} : { email }),
    challengePriority: ["http-01"],
    // The client's own look from here would fail behind many a router that the authority gets through.
    skipChallengeVerification: true,
    challengeCreateFn: async (_authorization, { token }, answer) => answers.put(token, answer),
    challengeRemoveFn: async (_authorization, { token }) => answers.remove(token),
  });
  return { key: key.toString(), chain };
}
