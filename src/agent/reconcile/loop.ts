/** When to look: one pass at a time, at most one more waiting, however many ask. */
export interface PassResult {
  /** Look again after so many ms, since something is on its way; null: nothing is. */
  readonly againInMs: number | null;
}

export interface Loop<Result extends PassResult> {
  /** Look soon. Returns at once. */
  request(): void;
  /** Whether another pass is asked for while one runs. */
  isRequested(): boolean;
  /** Look, and wait for a pass that began after this call. */
  run(): Promise<Result>;
  close(): Promise<void>;
}

export function createLoop<Result extends PassResult>(options: {
  pass(): Promise<Result>;
  /** Without any message, look this often, ± a fifth, so that containers spread. */
  intervalMs: number;
  /** A pass turns its own failures into its result; this is for what it did not foresee. */
  onError(error: unknown): void;
}): Loop<Result> {
  let running = false;
  let wanted = false;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let waiters: { resolve(result: Result): void; reject(error: unknown): void }[] = [];
  let finished: Promise<void> = Promise.resolve();

  function schedule(ms: number): void {
    clearTimeout(timer);
    if (!closed) timer = setTimeout(request, ms);
  }

  function request(): void {
    wanted = true;
    if (running || closed) return;
    running = true;
    finished = work();
  }

  async function work(): Promise<void> {
    let again: number | null = null;
    while (wanted && !closed) {
      wanted = false;
      const served = waiters;
      waiters = [];
      try {
        const result = await options.pass();
        again = result.againInMs;
        for (const { resolve } of served) resolve(result);
      } catch (error) {
        again = 1_000;
        options.onError(error);
        for (const { reject } of served) reject(error);
      }
    }
    running = false;
    schedule(Math.min(again ?? Number.POSITIVE_INFINITY, options.intervalMs * (0.8 + 0.4 * Math.random())));
  }

  return {
    request,
    isRequested: () => wanted,
    run: () => new Promise<Result>((resolve, reject) => {
      if (closed) return reject(new Error('the agent is ending'));
      waiters.push({ resolve, reject });
      request();
    }),
    async close() {
      closed = true;
      clearTimeout(timer);
      await finished;
      for (const { reject } of waiters) reject(new Error('the agent is ending'));
    },
  };
}
