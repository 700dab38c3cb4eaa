import fc from "fast-check";

/**
 * fast-check with one seed for every run, so that what passes on one machine passes on the next.
 * `TEST_SEED=N` asks for others: a run of the suite with a new seed looks where no run has looked before.
 */
fc.configureGlobal({ seed: Number(process.env.TEST_SEED ?? 20_260) });

export { fc };
